//go:build unfinished

package devin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

const (
	firstV3        = 200 // v3's largest page
	firstMessages  = 100 // v3's default page
	messagePages   = 20
	missingSession = "Devin knows no such session with this key (404); it may be another organization's, or deleted."

	// idBytes is what one id of 32 hex digits takes in the address,
	// "&session_ids=devin-" included, and idsV3 how many keep it under 7,000
	// bytes: common servers and proxies take 8 KB.
	idBytes = 51
	idsV3   = (7000 - 500) / idBytes
)

// searchV3 asks for chunks of ids. The first chunk tells how the server takes
// session_ids: with or without the prefix, not at all (then its pages hold the
// whole organization), or refused (then the organization is paged).
func (c *Client) searchV3(ctx context.Context, s *search) error {
	org, err := c.organization(ctx)
	if err != nil {
		return err
	}
	chunks := slices.Collect(slices.Chunk(s.left(), idsV3))
	unfiltered, err := c.firstChunkV3(ctx, s, org, chunks[0])
	if err != nil {
		return err
	}
	if !unfiltered {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(concurrent)
		for _, chunk := range chunks[1:] {
			g.Go(func() error {
				_, err := c.chunkV3(ctx, s, org, chunk, c.bareIDs.Load())
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return c.byID(ctx, s, func(ctx context.Context, id string) (json.RawMessage, error) {
		var raw json.RawMessage
		r := request{what: "a session", path: pathV3(org) + "/devin-" + id, missing: missingSession}
		return raw, c.get(ctx, r, &raw)
	})
}

// firstChunkV3 asks for the first chunk. It returns true when the whole
// organization was read instead.
func (c *Client) firstChunkV3(ctx context.Context, s *search, org string, ids []string) (unfiltered bool, err error) {
	for _, bare := range []bool{c.bareIDs.Load(), !c.bareIDs.Load()} {
		got, err := c.askV3(ctx, s, org, filterIDs(ids, bare))
		switch {
		case refusesFilter(err):
			return true, c.plainV3(ctx, s, org)
		case err != nil:
			return false, err
		case got.others:
			if got.whole {
				s.settle(s.ids...)
			}
			return true, nil
		case got.rows > 0:
			c.bareIDs.Store(bare)
			if got.whole {
				s.settle(ids...)
			}
			return false, nil
		}
	}
	s.settle(ids...)
	return false, nil
}

func (c *Client) chunkV3(ctx context.Context, s *search, org string, ids []string, bare bool) (gotV3, error) {
	got, err := c.askV3(ctx, s, org, filterIDs(ids, bare))
	if err == nil && got.whole {
		s.settle(ids...)
	}
	return got, err
}

// plainV3 pages the organization's sessions without a filter.
func (c *Client) plainV3(ctx context.Context, s *search, org string) error {
	got, err := c.askV3(ctx, s, org, nil)
	if err == nil && got.whole {
		s.settle(s.ids...)
	}
	return err
}

func filterIDs(ids []string, bare bool) []string {
	if bare {
		return ids
	}
	prefixed := make([]string, len(ids))
	for i, id := range ids {
		prefixed[i] = "devin-" + id
	}
	return prefixed
}

// refusesFilter tells whether the server takes no address this long, or no
// such parameter.
func refusesFilter(err error) bool {
	switch statusOf(err) {
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// gotV3 is what the pages of one question held.
type gotV3 struct {
	rows   int
	others bool // sessions that the filter did not name
	whole  bool // every page was read, and every row of it
}

// askV3 reads the pages of one question until all that it can tell is known.
func (c *Client) askV3(ctx context.Context, s *search, org string, filter []string) (gotV3, error) {
	got := gotV3{whole: true}
	named := map[string]bool{}
	for _, id := range filter {
		named[telemetry.BareID(id)] = true
	}
	query := url.Values{"first": {strconv.Itoa(firstV3)}}
	if len(filter) > 0 {
		query["session_ids"] = filter
	}
	pages := pagesV3{c: c, r: request{what: "the list of sessions", path: pathV3(org), query: query, denied: deniedRead}}
	for range listPages(len(s.ids)) {
		rows, err := pages.next(ctx)
		if err != nil {
			return got, err
		}
		got.rows += len(rows)
		ids, whole := c.take(s, rows)
		got.whole = got.whole && whole
		got.others = got.others || slices.ContainsFunc(ids, func(id string) bool { return len(filter) > 0 && !named[id] })
		if pages.done {
			got.whole = got.whole && !pages.looped
			return got, nil
		}
		if len(s.left()) == 0 {
			return got, nil
		}
	}
	got.whole = false
	return got, nil
}

const deniedRead = "The key in DEVIN_API_KEY may not read this organization's sessions (403); give its service user the permission ViewOrgSessions, or check DEVIN_ORG_ID."

func pathV3(org string) string { return "/v3/organizations/" + url.PathEscape(org) + "/sessions" }

// pagesV3 follows the cursors of a list.
type pagesV3 struct {
	c      *Client
	r      request
	seen   []string
	done   bool
	looped bool // it ended because a cursor came again, or none came
}

func (p *pagesV3) next(ctx context.Context) ([]json.RawMessage, error) {
	var page struct {
		Items *[]json.RawMessage `json:"items"`
		object
	}
	var raw json.RawMessage
	if err := p.c.get(ctx, p.r, &raw); err != nil {
		return nil, err
	}
	page.object = readObject(raw)
	if json.Unmarshal(raw, &page.Items) != nil && page.object == nil {
		return nil, p.c.broken(p.r, "is no object", nil)
	}
	items, ok := page.object["items"]
	if !ok || string(items) == "null" {
		return nil, p.c.broken(p.r, "names no items", nil)
	}
	cursor := page.text("end_cursor")
	p.done = !page.flag("has_next_page")
	if !p.done && (cursor == "" || slices.Contains(p.seen, cursor)) {
		p.done, p.looped = true, true
		p.c.log.Warn("a list of Devin's has a next page but no new cursor; the rest of it is left", "path", p.r.path)
	}
	p.seen = append(p.seen, cursor)
	p.r.query.Set("after", cursor)
	return page.list("items"), nil
}
