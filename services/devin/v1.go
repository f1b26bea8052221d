package devin

import (
	"context"
	"io"
	"net/url"
	"strconv"

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
		r := listRequestV1(offset)
		var p *page
		err := c.get(ctx, r, func(in io.Reader) (err error) {
			p, err = c.readPage(in, s, "sessions")
			return err
		})
		if err != nil {
			return err
		}
		offset += p.rows
		c.take(s, r, p)
		before := len(seen)
		for _, id := range p.ids {
			seen[id] = true
		}
		switch {
		case p.rows < limitV1 || len(s.left(s.ids)) == 0:
			return nil
		case len(seen) == before: // the server does not know offset
			s.leave(c.broken(r, repeats, nil))
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
		limit: maxList,
		shape: "names no sessions",
	}
}

// sessionV1 asks for one session, which comes with its whole message log.
func (c *Client) sessionV1(ctx context.Context, id string) (telemetry.UpstreamSession, error) {
	return withEitherID(c, id, func(form string) (telemetry.UpstreamSession, error) {
		return c.oneSession(ctx, id, sessionRequestV1(form))
	})
}

func sessionRequestV1(form string) request {
	return request{what: "a session", path: "/v1/sessions/" + form, limit: maxSession, shape: "is not a session", missing: missingSession}
}

// oneSession asks r for the session with the session key.
func (c *Client) oneSession(ctx context.Context, id string, r request) (session telemetry.UpstreamSession, err error) {
	err = c.get(ctx, r, func(in io.Reader) (err error) {
		session, err = c.readSession(in)
		if err == nil && session.ID != id {
			err = unread("it is about another session")
		}
		return err
	})
	return session, err
}

const missingSession = "Devin cannot find this session with this key (404). It may belong to another organization, or it was deleted."

// withEitherID asks with the devin- form of an id, which paths take, and after
// a 404 with the bare one; next time the form that was known comes first.
func withEitherID[T any](c *Client, id string, ask func(form string) (T, error)) (T, error) {
	forms := []string{"devin-" + id, id}
	unprefixed := c.unprefixedPaths.Load()
	if unprefixed {
		forms[0], forms[1] = forms[1], forms[0]
	}
	answer, err := ask(forms[0])
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
		return answer, err
	}
	answer, err = ask(forms[1])
	if err == nil {
		c.unprefixedPaths.Store(!unprefixed)
	}
	return answer, err
}

func readV1(o object, session *telemetry.UpstreamSession) {
	if word := o.text("status_enum"); word != "" {
		session.Status = word
	}
	var prs pulls
	prs.add(o.inner("pull_request", "url"), "")
	prs.add(o.inner("structured_output", "pull_request_url"), "")
	prs.add(o.inner("result", "pull_request_url"), "")
	session.PRs = prs
}

// messagesV1 reads the log of a session, which v1 gives with the session.
func (c *Client) messagesV1(ctx context.Context, id string) (heard, error) {
	return withEitherID(c, id, func(form string) (heard, error) {
		r := sessionRequestV1(form)
		r.what, r.shape = "a session's messages", "has no list of messages"
		var t *transcript
		err := c.get(ctx, r, func(in io.Reader) error {
			t = c.newTranscript()
			o, err := readObject(in, t.add, "session_id")
			if other := telemetry.SessionKey(o.text("session_id")); err == nil && other != "" && other != id {
				return unread("it is about another session")
			}
			return err
		})
		if err != nil {
			return heard{}, err
		}
		return t.heard(c, r), nil
	})
}

func (c *Client) sendV1(ctx context.Context, id, text string) error {
	_, err := withEitherID(c, id, func(form string) (struct{}, error) {
		return struct{}{}, c.post(ctx, request{
			what:    "the message",
			path:    "/v1/sessions/" + form + "/message",
			limit:   maxSmall,
			message: text,
			shape:   "is not a receipt",
			missing: missingSession,
			denied:  "The key in DEVIN_API_KEY may not send messages to this session (403). Use a key of its user or organization.",
		}, receiptV1)
	})
	return err
}

// receiptV1 reads the answer to a message: null or a detail.
func receiptV1(in io.Reader) error {
	receipt, err := readReceipt(in, "detail")
	if err != nil || receipt == nil {
		return err
	}
	if _, ok := receipt.read("detail"); !ok {
		return unread("it has no detail")
	}
	return nil
}
