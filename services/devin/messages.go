package devin

import (
	"context"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"

	"telemetry-dashboard/services/telemetry"
)

const (
	// keptSessions is of how many sessions messages are kept.
	keptSessions = 256
	// lastMessages is how many of a session's messages are its last ones.
	lastMessages = 100
	// messagePages bounds how far a log of v3 is read: 4,000 messages.
	messagePages = 20
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
// if one was kept, beside the error.
func (c *Client) Messages(ctx context.Context, id string) ([]telemetry.Message, error) {
	id = telemetry.BareID(id)
	if !isID(id) {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "This is no id of a Devin session.")
	}
	if c.fresh != nil {
		if msgs, ok := c.fresh.Get(id); ok {
			return slices.Clone(msgs), nil
		}
	}
	msgs, err := flight(ctx, c, messagesOf(id), func(ctx context.Context) ([]telemetry.Message, error) {
		return c.askMessages(ctx, id)
	})
	if err != nil && c.last != nil {
		msgs, _ = c.last.Get(id)
	}
	return slices.Clone(msgs), err
}

// messagesOf is the key of a flight.
func messagesOf(id string) string { return "messages " + id }

func (c *Client) askMessages(ctx context.Context, id string) ([]telemetry.Message, error) {
	c.mu.Lock()
	before := c.sent
	c.mu.Unlock()
	ask := c.messagesV1
	if c.api == apiV3 {
		ask = c.messagesV3
	}
	msgs, err := ask(ctx, id)
	if err != nil {
		return nil, err
	}
	msgs = lastOf(oldestFirst(msgs))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh != nil && c.sent == before { // else a message may be missing
		c.fresh.Add(id, msgs)
		c.last.Add(id, msgs)
	}
	return msgs, nil
}

// appendMessage appends a message, unless there is nothing to read in it.
func appendMessage(msgs []telemetry.Message, o object, fromUser bool, at string) []telemetry.Message {
	msg := telemetry.Message{ID: o.text("event_id"), From: "devin", Text: o.text("message"), At: o.at(at)}
	if fromUser {
		msg.From = "user"
	}
	if msg.Text == "" {
		return msgs
	}
	return append(msgs, msg)
}

// oldestFirst sorts messages by time, where each has one.
func oldestFirst(msgs []telemetry.Message) []telemetry.Message {
	if !slices.ContainsFunc(msgs, func(m telemetry.Message) bool { return m.At.IsZero() }) {
		slices.SortStableFunc(msgs, func(a, b telemetry.Message) int { return a.At.Compare(b.At) })
	}
	return msgs
}

func lastOf(msgs []telemetry.Message) []telemetry.Message {
	return slices.Clone(msgs[max(0, len(msgs)-lastMessages):])
}

// Send sends a message to a session, which wakes one that sleeps; id is bare
// or has devin-. It is never sent twice: where an error leaves open whether it
// arrived, its sentence says so. The codes are CodeUpstreamDenied for a key
// without the permission (v3: ManageOrgSessions), CodeUpstreamNotFound, and
// CodeUpstreamRejected for a session that takes no more messages.
func (c *Client) Send(ctx context.Context, id, text string) error {
	id = telemetry.BareID(id)
	if !isID(id) {
		return telemetry.Errorf(telemetry.CodeInvalid, "This is no id of a Devin session.")
	}
	if strings.TrimSpace(text) == "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "The message is empty. Write what Devin should know or do.")
	}
	send := c.sendV1
	if c.api == apiV3 {
		send = c.sendV3
	}
	err := send(ctx, id, text)
	c.forget(id) // after a failure too: the message may have arrived
	return err
}

// forget drops what is kept of a session, and what is being asked about it.
func (c *Client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	c.flights.Forget(messagesOf(id))
	if c.fresh != nil {
		c.fresh.Remove(id)
	}
}
