package devin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"

	"telemetry-dashboard/services/telemetry"
)

const (
	// keptSessions is of how many sessions messages are kept, and keptBytes
	// how long those of one may be to be kept.
	keptSessions = 128
	keptBytes    = 512 << 10
	// lastMessages is how many of a session's messages are its last ones.
	lastMessages = 100
	// messagePages bounds how far a log of v3 is read, and maxLog one of v1:
	// 10,000 and 50,000 messages.
	messagePages = 50
	maxLog       = 50000
	// maxMessage is how many bytes of a message are kept.
	maxMessage = 64 << 10
)

// makeCaches makes what keeps messages. In golang-lru a ttl of 0 would keep
// them for ever.
func (c *Client) makeCaches(ttl time.Duration) (err error) {
	if ttl <= 0 {
		return nil
	}
	c.fresh = expirable.NewLRU[string, []telemetry.Message](keptSessions, nil, ttl)
	c.last, err = lru.New[string, []telemetry.Message](keptSessions)
	return err
}

// Messages returns the last hundred messages of a session, oldest first; id is
// bare or has devin-. An answer is kept for Options.CacheTTL, or until a
// message is sent to the session, and callers who ask at the same moment share
// one question. On a failure the messages are those of the last good answer,
// if one was kept, beside the error. Where only some messages cannot be read,
// or not all, the others are returned beside the error.
func (c *Client) Messages(ctx context.Context, id string) ([]telemetry.Message, error) {
	id, err := askable(id)
	if err != nil {
		return nil, err
	}
	if c.fresh != nil {
		if msgs, ok := c.fresh.Get(id); ok {
			return slices.Clone(msgs), nil
		}
	}
	// What was asked before a message was sent is not joined after it.
	what := fmt.Sprintf("asking Devin for the messages of session %s (%d sent)", id, c.sent.Load())
	h, err := share(ctx, c, what, func(ctx context.Context) (heard, error) { return c.askMessages(ctx, id) })
	if err = cmp.Or(err, h.trouble); err != nil && len(h.msgs) == 0 && c.last != nil {
		h.msgs, _ = c.last.Get(id)
	}
	return slices.Clone(h.msgs), err
}

// FreshMessages is Messages for who must know what is there now: it asks
// Devin, whatever is kept or under way, and on a failure returns no earlier
// messages.
func (c *Client) FreshMessages(ctx context.Context, id string) (msgs []telemetry.Message, err error) {
	if id, err = askable(id); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, oneTimeouts*c.timeout)
	defer cancel()
	err = telemetry.Guard("asking Devin for the messages of session "+id, func() error {
		h, err := c.askMessages(ctx, id)
		msgs = slices.Clone(h.msgs)
		return cmp.Or(err, h.trouble)
	})
	return msgs, err
}

// askable returns the bare form of an id that can stand in a path.
func askable(id string) (string, error) {
	if id = telemetry.SessionKey(id); isID(id) {
		return id, nil
	}
	return "", telemetry.Errorf(telemetry.CodeInvalid, "This is not the id of a Devin session.")
}

func (c *Client) askMessages(ctx context.Context, id string) (heard, error) {
	before := c.sent.Load()
	ask := c.messagesV1
	if c.api == apiV3 {
		ask = c.messagesV3
	}
	h, err := ask(ctx, id)
	if err != nil {
		return heard{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// After a message was sent it may be missing in what was asked before.
	if c.fresh != nil && h.trouble == nil && h.bytes() <= keptBytes && c.sent.Load() == before {
		c.fresh.Add(id, h.msgs)
		c.last.Add(id, h.msgs)
	}
	return h, nil
}

// heard is an answer about a session's messages.
type heard struct {
	msgs    []telemetry.Message // the last ones, oldest first
	trouble error               // why these are not all of the last ones
}

// bytes returns how long the texts are.
func (h heard) bytes() (n int) {
	for _, m := range h.msgs {
		n += len(m.Text)
	}
	return n
}

// transcript collects the last messages of a log as it is read.
type transcript struct {
	now    time.Time
	msgs   []telemetry.Message
	ids    map[string]bool // event ids
	rows   int
	unread int // rows that cannot be read
}

func (c *Client) newTranscript() *transcript {
	return &transcript{now: c.now(), ids: map[string]bool{}}
}

// add takes a row of either API: they name the sender and the time
// differently. A message in which there is nothing to read is left out.
func (t *transcript) add(raw json.RawMessage) error {
	t.rows++
	o, err := readRow(raw, "event_id", "message", "type", "source", "timestamp", "created_at")
	text, ok := o.read("message")
	if err != nil || !ok {
		t.unread++
		return nil //nolint:nilerr // it is counted, and the other messages are shown
	}
	msg := telemetry.Message{
		ID:   telemetry.Shorten(o.text("event_id"), maxWord),
		From: "devin",
		Text: telemetry.Shorten(text, maxMessage),
		At:   telemetry.At(o.at("timestamp", t.now)),
	}
	if msg.At.IsZero() {
		msg.At = telemetry.At(o.at("created_at", t.now))
	}
	// Types of v1 are initial_user_message, user_message and devin_message.
	if strings.Contains(o.text("type"), "user") || o.text("source") == "user" {
		msg.From = "user"
	}
	if msg.ID != "" {
		if t.ids[msg.ID] {
			return nil
		}
		t.ids[msg.ID] = true
	}
	if msg.Text != "" {
		t.msgs = append(t.msgs, msg)
	}
	if len(t.msgs) >= 10*lastMessages { // so that a long log is not held
		t.msgs = lastOf(oldestFirst(t.msgs))
	}
	return nil
}

// join appends the page that follows, and reports whether it brought news.
func (t *transcript) join(page *transcript) (changed bool) {
	for _, msg := range page.msgs {
		if !t.ids[msg.ID] {
			t.msgs = append(t.msgs, msg)
			changed = changed || msg.ID == ""
		}
	}
	known := len(t.ids)
	for id := range page.ids {
		t.ids[id] = true
	}
	t.msgs = lastOf(t.msgs)
	t.rows += page.rows
	t.unread += page.unread
	return changed || len(t.ids) > known
}

// heard returns the last messages; r asked for them.
func (t *transcript) heard(c *Client, r request) heard {
	h := heard{msgs: lastOf(oldestFirst(t.msgs))}
	if t.unread > 0 {
		h.trouble = c.broken(r, fmt.Sprintf("has %d messages of %d that cannot be read", t.unread, t.rows), nil)
	}
	return h
}

// oldestFirst sorts messages by time, where each has one.
func oldestFirst(msgs []telemetry.Message) []telemetry.Message {
	if !slices.ContainsFunc(msgs, func(m telemetry.Message) bool { return m.At.IsZero() }) {
		slices.SortStableFunc(msgs, func(a, b telemetry.Message) int { return a.At.Compare(b.At.Time) })
	}
	return msgs
}

func lastOf(msgs []telemetry.Message) []telemetry.Message {
	return slices.Clone(msgs[max(0, len(msgs)-lastMessages):])
}

// Send sends a message to a session, which wakes one that sleeps; id is a session key
// or has devin-. It is never sent twice. CodeOutcomeUnknown means that it may
// have arrived: only Devin's documented answer counts as success. After every
// other error it was not sent; the codes of refusals are CodeUpstreamDenied
// for a key without the permission (v3: ManageOrgSessions),
// CodeUpstreamNotFound, and CodeUpstreamRejected for a session that takes no
// more messages.
func (c *Client) Send(ctx context.Context, id, text string) error {
	id, err := askable(id)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "The message is empty. Write what Devin should know or do.")
	}
	send := c.sendV1
	if c.api == apiV3 {
		send = c.sendV3
	}
	defer c.forget(id) // after a failure too: the message may have arrived
	return send(ctx, id, text)
}

// forget drops what is kept of a session.
func (c *Client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Add(1)
	if c.fresh != nil {
		c.fresh.Remove(id)
	}
}
