package devin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

const (
	// Of so many sessions messages are kept, and of one so many bytes.
	keptSessions = 128
	keptBytes    = 512 << 10
	lastMessages = 100
	// messagePages and maxLog bound the logs of v3 and v1: 10,000 and 50,000 messages.
	messagePages = 50
	maxLog       = 50000
	maxMessage   = 64 << 10 // bytes that are kept of one
)

// kept are the last good messages of a session, which hold until then.
type kept struct {
	msgs  []telemetry.Message
	until time.Time
}

// Messages returns the last hundred messages of a session, oldest first; id is
// bare or has devin-. An answer is kept for Options.CacheTTL, or until a message
// is sent to the session. Beside an error stand the messages that could be read,
// else those of the last good answer, if one was kept.
func (c *Client) Messages(ctx context.Context, id string) ([]telemetry.Message, error) {
	id, err := askable(id)
	if err != nil {
		return nil, err
	}
	if k, ok := c.kept.Get(id); ok && c.now().Before(k.until) {
		return slices.Clone(k.msgs), nil
	}
	// What was asked before a message was sent is not joined after it.
	what := fmt.Sprintf("asking Devin for the messages of session %s (%d sent)", id, c.sent.Load())
	msgs, err := share(ctx, c, what, func(ctx context.Context) ([]telemetry.Message, error) { return c.askMessages(ctx, id) })
	if err != nil && len(msgs) == 0 {
		k, _ := c.kept.Get(id)
		msgs = k.msgs
	}
	return slices.Clone(msgs), err
}

// FreshMessages is Messages for who must know what is there now: it asks Devin,
// and on a failure returns no earlier messages.
func (c *Client) FreshMessages(ctx context.Context, id string) (msgs []telemetry.Message, err error) {
	if id, err = askable(id); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, oneTimeouts*c.timeout)
	defer cancel()
	err = telemetry.Guard("asking Devin for the messages of session "+id, func() (err error) {
		msgs, err = c.askMessages(ctx, id)
		return err
	})
	return slices.Clone(msgs), err
}

// askable returns the bare form of an id that can stand in a path.
func askable(id string) (string, error) {
	if id = telemetry.SessionKey(id); isID(id) {
		return id, nil
	}
	return "", telemetry.Errorf(telemetry.CodeInvalid, "This is not the id of a Devin session.")
}

// askMessages asks for the last messages; beside an error they are not all.
func (c *Client) askMessages(ctx context.Context, id string) ([]telemetry.Message, error) {
	before := c.sent.Load()
	msgs, err := withEitherID(ctx, c, id, func(path string) ([]telemetry.Message, error) {
		if c.api == apiV3 {
			return c.messagesV3(ctx, path)
		}
		return c.messagesV1(ctx, id, path)
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	// After a message was sent it may be missing in what was asked before.
	if err == nil && c.ttl > 0 && c.sent.Load() == before {
		c.keep(id, kept{msgs, c.now().Add(c.ttl)})
	}
	return msgs, err
}

func (c *Client) keep(id string, k kept) {
	size := 0
	for _, m := range k.msgs {
		size += len(m.Text)
	}
	c.kept.Put(id, k, size)
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

// add takes a row of either API. A message without a text is left out.
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

// last returns the last messages, and that some cannot be read.
func (t *transcript) last(c *Client, r request) (msgs []telemetry.Message, err error) {
	if t.unread > 0 {
		err = c.broken(r, fmt.Sprintf("has %d messages of %d that cannot be read", t.unread, t.rows), nil)
	}
	return lastOf(oldestFirst(t.msgs)), err
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

// Send sends a message to a session, which wakes one that sleeps; id is as with
// Messages. It is never sent twice. CodeOutcomeUnknown means that it may have
// arrived: only Devin's documented answer counts as success. After every other
// error it was not sent.
func (c *Client) Send(ctx context.Context, id, text string) error {
	id, err := askable(id)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "The message is empty. Write what Devin should know or do.")
	}
	defer c.forget(id) // after a failure too: the message may have arrived
	_, err = withEitherID(ctx, c, id, func(path string) (passing bool, err error) {
		r := c.about(path + "/message")
		r.denied = "The key in DEVIN_API_KEY may not send messages to this session (403). Use a key of its user or organization."
		if c.api == apiV3 {
			r.path = path + "/messages"
			r.denied = "The key in DEVIN_API_KEY may not send messages (403). " +
				"Give its service user the permission ManageOrgSessions, or use a key that has it."
		}
		r.what, r.limit, r.shape = "the message", maxSmall, "is not a receipt"
		r.order = &order{
			body:     map[string]string{"message": text},
			unsure:   "It is not known whether the message was sent: look at the session before you send it again.",
			rejected: "The session may be over or archived. Look at it in Devin, or start a new session.",
		}
		return c.exchange(ctx, r, func(in io.Reader) error { return c.readReceipt(in, id) })
	})
	return err
}

// readReceipt reads the answer to a message: null, of v1 a detail, of v3 the
// session, whose other fields are not to be depended on.
func (c *Client) readReceipt(in io.Reader, id string) error {
	raw, err := io.ReadAll(in)
	if err != nil || string(bytes.TrimSpace(raw)) == "null" {
		return err
	}
	o, err := readRow(raw, "detail", "session_id")
	_, detail := o.read("detail")
	switch other := telemetry.SessionKey(o.text("session_id")); {
	case err != nil:
		return err
	case c.api == apiV1 && !detail:
		return unread("it has no detail")
	case c.api == apiV3 && other != "" && other != id:
		return unread("it is about another session")
	}
	return nil
}

// forget has a session's messages asked for again.
func (c *Client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Add(1)
	if k, ok := c.kept.Get(id); ok {
		c.keep(id, kept{msgs: k.msgs})
	}
}
