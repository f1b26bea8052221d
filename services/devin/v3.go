package devin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	firstV3   = 200  // v3's largest page
	maxCursor = 1000 // bytes

	// idBytes is what one id of 32 hex digits takes in the address,
	// "&session_ids=devin-" included, and idsV3 how many keep it under 7,000
	// bytes: common servers and proxies take 8 KB.
	idBytes = 51
	idsV3   = (7000 - 500) / idBytes

	deniedRead = "The key in DEVIN_API_KEY may not read this organization's sessions (403). " +
		"Give its service user the permission ViewOrgSessions, or check DEVIN_ORG_ID."
	deniedSend = "The key in DEVIN_API_KEY may not send messages (403). " +
		"Give its service user the permission ManageOrgSessions, or use a key that has it."
)

// listV3 asks for chunks of ids. The first chunk says how the server takes
// session_ids: with or without devin-, not at all (then its pages hold the
// whole organization), or refused (then the organization is paged).
func (c *Client) listV3(ctx context.Context, s *search) error {
	org, err := c.organization(ctx)
	if err != nil {
		return err
	}
	ids := s.left(s.ids)
	first := ids[:min(len(ids), idsV3)]
	whole, err := c.firstChunkV3(ctx, s, org, first)
	if err != nil || whole {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrent)
	for chunk := range slices.Chunk(ids[len(first):], idsV3) {
		g.Go(func() error {
			return telemetry.Guard("asking Devin for a list of sessions", func() error {
				_, err := c.chunkV3(ctx, s, org, chunk, c.unprefixedFilter.Load())
				return err
			})
		})
	}
	return g.Wait()
}

// firstChunkV3 asks for the first chunk. It returns true when the list of the
// whole organization was read instead.
func (c *Client) firstChunkV3(ctx context.Context, s *search, org string, ids []string) (whole bool, err error) {
	known := c.unprefixedFilter.Load()
	for _, unprefixed := range []bool{known, !known} {
		got, err := c.chunkV3(ctx, s, org, ids, unprefixed)
		switch {
		case refusesFilter(err):
			_, err = c.chunkV3(ctx, s, org, nil, unprefixed)
			return true, err
		case err != nil || got.others:
			return got.others, err
		case got.named:
			c.unprefixedFilter.Store(unprefixed)
			return false, nil
		case got.unread: // its rows would be no better in the other form
			return false, nil
		}
	}
	return false, nil
}

// refusesFilter reports whether the server takes no address this long, or no
// such parameter.
func refusesFilter(err error) bool {
	refused, ok := errors.AsType[httpError](err)
	return ok && slices.Contains([]int{http.StatusBadRequest, http.StatusRequestURITooLong,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusUnprocessableEntity}, refused.status)
}

// gotV3 says what the pages of one question held.
type gotV3 struct {
	named  bool // sessions that were asked for
	others bool // sessions that were not
	unread bool // rows that cannot be read
}

// chunkV3 reads the pages of the sessions with the ids, or of the whole
// organization if there are none, until all that they can tell is known.
func (c *Client) chunkV3(ctx context.Context, s *search, org string, ids []string, unprefixed bool) (got gotV3, err error) {
	query := url.Values{"first": {strconv.Itoa(firstV3)}}
	for _, id := range ids {
		if !unprefixed {
			id = "devin-" + id
		}
		query.Add("session_ids", id)
	}
	r := request{what: "the list of sessions", path: pathV3(org), query: query, limit: maxList, shape: "names no items", denied: deniedRead}
	var p *page
	read := func(in io.Reader) (_ *page, err error) {
		p, err = c.readPage(in, s, "items")
		return p, err
	}
	// A server may give fewer rows a page than were asked for, one at the least.
	err = c.pagesV3(ctx, r, listPages(len(s.ids))+len(ids), read, func() (more bool) {
		changed := c.take(s, r, p)
		got.unread = got.unread || p.unread > 0
		for _, id := range p.ids {
			if slices.Contains(ids, id) {
				got.named = true
			} else {
				got.others = true
			}
		}
		if got.others { // these are pages of the whole organization
			return len(s.left(s.ids)) > 0
		}
		return changed > 0 && len(s.left(ids)) > 0
	})
	if endless, ok := errors.AsType[endlessList](err); ok {
		s.leave(c.broken(r, endless.how, endless))
		err = nil
	}
	return got, err
}

func pathV3(org string) string { return "/v3/organizations/" + url.PathEscape(org) + "/sessions" }

const repeats = "repeats its pages without an end"

// endlessList is the failure of a list that was not read to its end.
type endlessList struct{ how string }

func (e endlessList) Error() string { return "the list " + e.how }

// pagesV3 follows the cursors of a list, for at most limit pages. read reads a
// page; take takes the last one that was read and reports whether it wants more.
// A list that leads back or continues beyond limit is an endlessList.
func (c *Client) pagesV3(ctx context.Context, r request, limit int, read func(io.Reader) (*page, error), take func() (more bool)) error {
	asked := map[string]bool{"": true}
	for range limit {
		var p *page
		err := c.get(ctx, r, func(in io.Reader) (err error) {
			p, err = read(in)
			return err
		})
		switch {
		case err != nil:
			return err
		case !take() || !p.more:
			return nil
		case len(p.cursor) > maxCursor:
			return c.broken(r, "has a cursor that is too long", nil)
		case asked[p.cursor]:
			return endlessList{repeats}
		}
		asked[p.cursor] = true
		r.query.Set("after", p.cursor)
	}
	return endlessList{fmt.Sprintf("has more than %d pages; the rest was not read", limit)}
}

// sessionV3 asks for one session.
func (c *Client) sessionV3(ctx context.Context, id string) (telemetry.UpstreamSession, error) {
	org, err := c.organization(ctx)
	if err != nil {
		return telemetry.UpstreamSession{}, err
	}
	return withEitherID(c, id, func(form string) (telemetry.UpstreamSession, error) {
		return c.oneSession(ctx, id, request{
			what:    "a session",
			path:    pathV3(org) + "/" + form,
			limit:   maxSession,
			shape:   "is not a session",
			missing: missingSession,
			denied:  deniedRead,
		})
	})
}

func readV3(o object, session *telemetry.UpstreamSession) {
	session.Detail = telemetry.Shorten(o.text("status_detail"), maxWord)
	var prs pulls
	// What is beyond maxPulls, or no list, costs only itself.
	_ = upstream.Rows(bytes.NewReader(o["pull_requests"]), maxPulls, func(raw json.RawMessage) error {
		if pr, err := readRow(raw, "pr_url", "pr_state"); err == nil {
			prs.add(pr.text("pr_url"), pr.text("pr_state"))
		}
		return nil
	})
	session.PRs = prs
}

// messagesV3 reads a session's messages, which come oldest first, and keeps
// the last of them.
func (c *Client) messagesV3(ctx context.Context, id string) (heard, error) {
	org, err := c.organization(ctx)
	if err != nil {
		return heard{}, err
	}
	return withEitherID(c, id, func(form string) (heard, error) {
		r := request{
			what:    "a session's messages",
			path:    pathV3(org) + "/" + form + "/messages",
			query:   url.Values{"first": {strconv.Itoa(firstV3)}},
			limit:   maxList,
			shape:   "names no items",
			missing: missingSession,
			denied:  deniedRead,
		}
		all, last, p := c.newTranscript(), c.newTranscript(), &page{}
		read := func(in io.Reader) (*page, error) {
			last, p = c.newTranscript(), &page{}
			return p, upstream.Object(in, "items", maxRows, last.add, p.next)
		}
		changed := true
		err := c.pagesV3(ctx, r, messagePages, read, func() bool {
			changed = all.join(last)
			return changed
		})
		if err == nil && !changed && p.more {
			err = endlessList{repeats}
		}
		h := all.heard(c, r)
		if endless, ok := errors.AsType[endlessList](err); ok {
			h.trouble, err = c.broken(r, endless.how, endless), nil
		}
		return h, err
	})
}

func (c *Client) sendV3(ctx context.Context, id, text string) error {
	org, err := c.organization(ctx)
	if err != nil {
		return err
	}
	_, err = withEitherID(c, id, func(form string) (struct{}, error) {
		return struct{}{}, c.post(ctx, request{
			what:    "the message",
			path:    pathV3(org) + "/" + form + "/messages",
			limit:   maxSmall,
			message: text,
			shape:   "is not a receipt",
			missing: missingSession,
			denied:  deniedSend,
		}, func(in io.Reader) error { return receiptV3(in, id) })
	})
	return err
}

// receiptV3 reads the answer to a message to the session with the session key:
// the published one is that session, and not to be depended on.
func receiptV3(in io.Reader, id string) error {
	receipt, err := readReceipt(in, "session_id")
	if other := telemetry.SessionKey(receipt.text("session_id")); err == nil && other != "" && other != id {
		return unread("it is about another session")
	}
	return err
}
