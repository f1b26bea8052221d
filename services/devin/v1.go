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

// listV1 pages the list of the whole organization until every wanted session
// was seen.
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
		switch {
		case rows == nil:
			s.leave(c.broken(listRequestV1(offset), "is null instead of a list", nil))
			return nil
		case len(rows) < limitV1 || len(s.left(s.ids)) == 0:
			return nil
		case len(seen) == before: // the server does not know offset
			s.leave(c.broken(listRequestV1(offset), "repeats its pages without an end", nil))
			return nil
		}
	}
	return nil
}

func listRequestV1(offset int) request {
	return request{
		what:  "the list of sessions",
		path:  "/v1/sessions",
		query: url.Values{"limit": {strconv.Itoa(limitV1)}, "offset": {strconv.Itoa(offset)}},
	}
}

// pageV1 returns the rows of a page, nil where it has null for them.
func (c *Client) pageV1(ctx context.Context, offset int) ([]json.RawMessage, error) {
	r := listRequestV1(offset)
	raw, err := c.get(ctx, r)
	if err != nil {
		return nil, err
	}
	page := readObject(raw)
	if !page.lists("sessions") {
		return nil, c.broken(r, "names no sessions", nil)
	}
	return page.list("sessions"), nil
}

// sessionV1 asks for one session, with its whole message log.
func (c *Client) sessionV1(ctx context.Context, id string) (json.RawMessage, error) {
	return withEitherID(c, id, func(id string) (json.RawMessage, error) {
		return c.get(ctx, request{what: "a session", path: "/v1/sessions/" + id, missing: missingSession})
	})
}

const missingSession = "Devin knows no such session with this key (404). It may be another organization's, or deleted."

// withEitherID asks with the devin- form of an id, which paths take, and after
// a 404 with the bare one; next time the form that was known comes first.
func withEitherID[T any](c *Client, id string, ask func(id string) (T, error)) (T, error) {
	forms := []string{"devin-" + id, id}
	bare := c.barePaths.Load()
	if bare {
		forms[0], forms[1] = forms[1], forms[0]
	}
	answer, err := ask(forms[0])
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
		return answer, err
	}
	answer, err = ask(forms[1])
	if err == nil {
		c.barePaths.Store(!bare)
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
		// Types are initial_user_message, user_message and devin_message.
		fromUser := strings.Contains(o.text("type"), "user")
		msgs = appendMessage(msgs, o, fromUser, "timestamp")
	}
	return msgs, nil
}

func (c *Client) sendV1(ctx context.Context, id, text string) error {
	_, err := withEitherID(c, id, func(id string) (struct{}, error) {
		return struct{}{}, c.post(ctx, request{
			what:    "sending a message",
			path:    "/v1/sessions/" + id + "/message",
			message: text,
			missing: missingSession,
			denied:  "The key in DEVIN_API_KEY may not send messages to this session (403). Use a key of its user or organization.",
		})
	})
	return err
}
