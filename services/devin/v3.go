package devin

import (
	"bytes"
	"cmp"
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

	// idBytes is what one id takes in the address, "&session_ids=devin-" included, and
	// idsV3 how many keep it under 7,000 bytes: common servers and proxies take 8 KB.
	idBytes = 51
	idsV3   = (7000 - 500) / idBytes

	deniedRead = "The key in DEVIN_API_KEY may not read this organization's sessions (403). " +
		"Give its service user the permission ViewOrgSessions, or check DEVIN_ORG_ID."
)

// listV3 asks for chunks of ids. The first chunk says how the server takes
// session_ids: with or without devin-, not at all (then its pages hold the
// whole organization), or refused (then the organization is paged).
func (c *Client) listV3(ctx context.Context, s *search) error {
	path, err := c.sessionsPath(ctx)
	if err != nil {
		return err
	}
	ids := s.left(s.ids)
	first := ids[:min(len(ids), idsV3)]
	whole, err := c.firstChunkV3(ctx, s, path, first)
	if err != nil || whole {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrent)
	for chunk := range slices.Chunk(ids[len(first):], idsV3) {
		g.Go(func() error {
			return telemetry.Guard("asking Devin for a list of sessions", func() error {
				_, err := c.chunkV3(ctx, s, path, chunk, c.unprefixedFilter.Load())
				return err
			})
		})
	}
	return g.Wait()
}

// firstChunkV3 reports whether the whole organization was read instead.
func (c *Client) firstChunkV3(ctx context.Context, s *search, path string, ids []string) (whole bool, err error) {
	known := c.unprefixedFilter.Load()
	for _, unprefixed := range []bool{known, !known} {
		got, err := c.chunkV3(ctx, s, path, ids, unprefixed)
		switch {
		case refusesFilter(err):
			_, err = c.chunkV3(ctx, s, path, nil, unprefixed)
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

// refusesFilter reports whether the server takes no such address or parameter.
func refusesFilter(err error) bool {
	refused, ok := errors.AsType[httpError](err)
	return ok && slices.Contains([]int{http.StatusBadRequest, http.StatusRequestURITooLong,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusUnprocessableEntity}, refused.status)
}

type gotV3 struct {
	named  bool // sessions that were asked for
	others bool // sessions that were not
	unread bool // rows that cannot be read
}

// chunkV3 reads the pages of the sessions with the ids, or of the whole
// organization if there are none, until all that they can tell is known.
func (c *Client) chunkV3(ctx context.Context, s *search, path string, ids []string, unprefixed bool) (got gotV3, err error) {
	query := url.Values{"first": {strconv.Itoa(firstV3)}}
	for _, id := range ids {
		if !unprefixed {
			id = "devin-" + id
		}
		query.Add("session_ids", id)
	}
	r := request{what: "the list of sessions", path: path, query: query, limit: maxList, shape: "names no items", denied: deniedRead}
	read := func(in io.Reader) (*page, error) { return c.readPage(in, s, "items") }
	// A server may give fewer rows a page than were asked for, one at the least.
	partial, err := c.pagesV3(ctx, r, listPages(len(s.ids))+len(ids), read, func(p *page) (more bool) {
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
	s.note(&s.partial, partial)
	return got, err
}

const repeats = "repeats its pages without an end"

// pagesV3 follows the cursors of a list, for at most limit pages, as long as take
// wants more. partial is why a list was not read to its end.
func (c *Client) pagesV3(ctx context.Context, r request, limit int, read func(io.Reader) (*page, error),
	take func(*page) (more bool)) (partial, err error) {
	asked := map[string]bool{"": true}
	for range limit {
		p, err := get(ctx, c, r, read)
		switch {
		case err != nil:
			return nil, err
		case !take(p) || !p.more:
			return nil, nil
		case len(p.cursor) > maxCursor:
			return nil, c.broken(r, "has a cursor that is too long", nil)
		case asked[p.cursor]:
			return c.broken(r, repeats, nil), nil
		}
		asked[p.cursor] = true
		r.query.Set("after", p.cursor)
	}
	return c.broken(r, fmt.Sprintf("has more than %d pages; the rest was not read", limit), nil), nil
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

// messagesV3 reads a session's messages, which come oldest first.
func (c *Client) messagesV3(ctx context.Context, path string) ([]telemetry.Message, error) {
	r := c.about(path + "/messages")
	r.what, r.shape, r.limit = "a session's messages", "names no items", maxList
	r.query = url.Values{"first": {strconv.Itoa(firstV3)}}
	var last *transcript
	var stuck error
	read := func(in io.Reader) (*page, error) {
		p := &page{}
		last = c.newTranscript()
		return p, upstream.Object(in, "items", maxRows, last.add, p.next)
	}
	all := c.newTranscript()
	partial, err := c.pagesV3(ctx, r, messagePages, read, func(p *page) bool {
		changed := all.join(last)
		if !changed && p.more {
			stuck = c.broken(r, repeats, nil)
		}
		return changed
	})
	if err != nil {
		return nil, err
	}
	msgs, err := all.last(c, r)
	return msgs, cmp.Or(partial, stuck, err)
}
