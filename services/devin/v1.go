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

// listV1 pages the organization's list until every wanted session was seen.
func (c *Client) listV1(ctx context.Context, s *search) error {
	seen := map[string]bool{}
	offset := 0
	for range listPages(len(s.ids)) {
		r := request{
			what:  "the list of sessions",
			path:  "/v1/sessions",
			query: url.Values{"limit": {strconv.Itoa(limitV1)}, "offset": {strconv.Itoa(offset)}},
			limit: maxList,
			shape: "names no sessions",
		}
		p, err := get(ctx, c, r, func(in io.Reader) (*page, error) { return c.readPage(in, s, "sessions") })
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
			s.note(&s.partial, c.broken(r, repeats, nil))
			return nil
		}
	}
	return nil
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

func (c *Client) messagesV1(ctx context.Context, id, path string) ([]telemetry.Message, error) {
	r := c.about(path)
	r.what, r.shape = "a session's messages", "has no list of messages"
	t, err := get(ctx, c, r, func(in io.Reader) (*transcript, error) {
		t := c.newTranscript()
		o, err := readObject(in, t.add, "session_id")
		if other := telemetry.SessionKey(o.text("session_id")); err == nil && other != "" && other != id {
			err = unread("it is about another session")
		}
		return t, err
	})
	if err != nil {
		return nil, err
	}
	return t.last(c, r)
}
