//go:build unfinished

package devin

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// limitV1 is the page of v1's list: its default.
const limitV1 = 100

// searchV1 pages the list. A single session, and the last few, are asked for
// by id: that is certain, while the list may not hold them.
func (c *Client) searchV1(ctx context.Context, s *search) error {
	if len(s.ids) > 1 {
		if err := c.listV1(ctx, s); err != nil {
			return err
		}
	}
	return c.byID(ctx, s, c.sessionV1)
}

func (c *Client) listV1(ctx context.Context, s *search) error {
	seen := map[string]bool{}
	offset := 0
	for range listPages(len(s.ids)) {
		rows, err := c.pageV1(ctx, offset)
		if err != nil {
			return err
		}
		offset += len(rows)
		ids, _ := c.take(s, rows)
		before := len(seen)
		for _, id := range ids {
			seen[id] = true
		}
		// A page without news comes from a server that does not know offset.
		if len(rows) < limitV1 || len(seen) == before || len(s.left()) <= fewLeft {
			return nil
		}
	}
	return nil
}

func (c *Client) pageV1(ctx context.Context, offset int) ([]json.RawMessage, error) {
	var page struct {
		Sessions *[]json.RawMessage `json:"sessions"`
	}
	r := request{
		what:  "the list of sessions",
		path:  "/v1/sessions",
		query: url.Values{"limit": {strconv.Itoa(limitV1)}, "offset": {strconv.Itoa(offset)}},
	}
	if err := c.get(ctx, r, &page); err != nil {
		return nil, err
	}
	if page.Sessions == nil {
		return nil, c.broken(r, "names no sessions", nil)
	}
	return *page.Sessions, nil
}

// sessionV1 asks for one session, with its whole message log.
func (c *Client) sessionV1(ctx context.Context, id string) (json.RawMessage, error) {
	return withEitherID(id, func(id string) (json.RawMessage, error) {
		var raw json.RawMessage
		r := request{what: "a session", path: "/v1/sessions/" + id, missing: missingSession}
		return raw, c.get(ctx, r, &raw)
	})
}

// withEitherID asks with the devin- form of an id, which v1's paths take, and
// after a 404 with the bare one.
func withEitherID[T any](id string, ask func(id string) (T, error)) (T, error) {
	answer, err := ask("devin-" + id)
	if telemetry.CodeOf(err) == telemetry.CodeUpstreamNotFound {
		return ask(id)
	}
	return answer, err
}

func readV1(o object, session *telemetry.UpstreamSession) {
	if word := o.text("status_enum"); word != "" {
		session.Status = word
	}
	var prs pulls
	prs.add(readObject(o["pull_request"]).text("url"), "")
	prs.add(readObject(o["structured_output"]).text("pull_request_url"), "")
	prs.add(readObject(o["result"]).text("pull_request_url"), "")
	session.PRs = prs
}

// messagesV1 reads the log of a session, which v1 gives with the session.
func (c *Client) messagesV1(ctx context.Context, id string) ([]telemetry.Message, error) {
	raw, err := c.sessionV1(ctx, id)
	if err != nil {
		return nil, err
	}
	var msgs []telemetry.Message
	for _, raw := range readObject(raw).list("messages") {
		o := readObject(raw)
		msg := telemetry.Message{ID: o.text("event_id"), From: "devin", Text: o.text("message"), At: o.at("timestamp")}
		// initial_user_message, user_message; devin_message and others are Devin's.
		if strings.Contains(o.text("type"), "user") {
			msg.From = "user"
		}
		msgs = append(msgs, msg)
	}
	return msgs, nil
}

func (c *Client) sendV1(ctx context.Context, id, text string) error {
	_, err := withEitherID(id, func(id string) (struct{}, error) {
		return struct{}{}, c.post(ctx, request{
			what:    "sending a message",
			path:    "/v1/sessions/" + id + "/message",
			message: message{text},
			missing: missingSession,
			denied:  "The key in DEVIN_API_KEY may not send messages to this session (403); use a key of its user or organization.",
		})
	})
	return err
}
