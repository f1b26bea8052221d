package devin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

const (
	firstV3 = 200 // v3's largest page

	// idBytes is what one id of 32 hex digits takes in the address,
	// "&session_ids=devin-" included, and idsV3 how many keep it under 7,000
	// bytes: common servers and proxies take 8 KB.
	idBytes = 51
	idsV3   = (7000 - 500) / idBytes

	deniedRead = "The key in DEVIN_API_KEY may not read this organization's sessions (403). Give its service user the permission ViewOrgSessions, or check DEVIN_ORG_ID."
	deniedSend = "The key in DEVIN_API_KEY may not send messages (403). Give its service user the permission ManageOrgSessions, or use a key that has it."
)

// listV3 asks for chunks of ids. The first chunk tells how the server takes
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
			_, err := c.chunkV3(ctx, s, org, chunk, c.bareFilter.Load())
			return err
		})
	}
	return g.Wait()
}

// firstChunkV3 asks for the first chunk. It returns true when the list of the
// whole organization was read instead.
func (c *Client) firstChunkV3(ctx context.Context, s *search, org string, ids []string) (whole bool, err error) {
	known := c.bareFilter.Load()
	for _, bare := range []bool{known, !known} {
		got, err := c.chunkV3(ctx, s, org, ids, bare)
		switch {
		case refusesFilter(err):
			_, err = c.chunkV3(ctx, s, org, nil, bare)
			return true, err
		case err != nil || got.others:
			return got.others, err
		case got.named:
			c.bareFilter.Store(bare)
			return false, nil
		}
	}
	return false, nil
}

// refusesFilter tells whether the server takes no address this long, or no
// such parameter.
func refusesFilter(err error) bool {
	refused, ok := errors.AsType[httpError](err)
	return ok && slices.Contains([]int{http.StatusBadRequest, http.StatusRequestURITooLong,
		http.StatusRequestHeaderFieldsTooLarge, http.StatusUnprocessableEntity}, refused.status)
}

// gotV3 tells what the pages of one question held.
type gotV3 struct {
	named  bool // sessions that were asked for
	others bool // sessions that were not
}

// chunkV3 reads the pages of the sessions with the ids, or of the whole
// organization if there are none, until all that they can tell is known.
func (c *Client) chunkV3(ctx context.Context, s *search, org string, ids []string, bare bool) (got gotV3, err error) {
	query := url.Values{"first": {strconv.Itoa(firstV3)}}
	for _, id := range ids {
		if !bare {
			id = "devin-" + id
		}
		query.Add("session_ids", id)
	}
	r := request{what: "the list of sessions", path: pathV3(org), query: query, denied: deniedRead}
	// A server may give fewer rows a page than were asked for, one at the least.
	err = c.pagesV3(ctx, r, listPages(len(s.ids))+len(ids), func(rows []json.RawMessage) (more bool) {
		listed, news := c.take(s, rows)
		for _, id := range listed {
			if slices.Contains(ids, id) {
				got.named = true
			} else if id != "" {
				got.others = true
			}
		}
		if got.others { // these are pages of the whole organization
			return len(s.left(s.ids)) > 0
		}
		return news > 0 && len(s.left(ids)) > 0
	})
	if _, endless := errors.AsType[*endlessList](err); endless {
		s.leave(c.broken(r, "repeats its pages without an end", err))
		err = nil
	}
	return got, err
}

func pathV3(org string) string { return "/v3/organizations/" + url.PathEscape(org) + "/sessions" }

// endlessList is the failure of a list whose next page is one that was read.
type endlessList struct{ cursor string }

func (e *endlessList) Error() string { return fmt.Sprintf("the next cursor is %q again", e.cursor) }

// pagesV3 follows the cursors of a list, for at most limit pages, and hands
// each page's items to take until that wants no more. A list that leads back
// is an endlessList.
func (c *Client) pagesV3(ctx context.Context, r request, limit int, take func([]json.RawMessage) (more bool)) error {
	asked := map[string]bool{"": true}
	for range limit {
		raw, err := c.get(ctx, r)
		if err != nil {
			return err
		}
		page := readObject(raw)
		if !page.lists("items") {
			return c.broken(r, "names no items", nil)
		}
		if !take(page.list("items")) || !page.flag("has_next_page") {
			return nil
		}
		cursor := page.text("end_cursor")
		if asked[cursor] {
			return &endlessList{cursor}
		}
		asked[cursor] = true
		r.query.Set("after", cursor)
	}
	c.log.Warn("a list of Devin's has more pages than are read; the rest of it is left", "path", r.path, "pages", limit)
	return nil
}

// sessionV3 asks for one session.
func (c *Client) sessionV3(ctx context.Context, id string) (json.RawMessage, error) {
	org, err := c.organization(ctx)
	if err != nil {
		return nil, err
	}
	return withEitherID(c, id, func(id string) (json.RawMessage, error) {
		return c.get(ctx, request{what: "a session", path: pathV3(org) + "/" + id, missing: missingSession, denied: deniedRead})
	})
}

func readV3(o object, session *telemetry.UpstreamSession) {
	session.Detail = o.text("status_detail")
	var prs pulls
	for _, raw := range o.list("pull_requests") {
		pr := readObject(raw)
		prs.add(pr.text("pr_url"), pr.text("pr_state"))
	}
	session.PRs = prs
}

// messagesV3 reads a session's messages, which come oldest first, and keeps
// the last of them.
func (c *Client) messagesV3(ctx context.Context, id string) ([]telemetry.Message, error) {
	org, err := c.organization(ctx)
	if err != nil {
		return nil, err
	}
	return withEitherID(c, id, func(id string) (msgs []telemetry.Message, err error) {
		r := request{
			what:    "a session's messages",
			path:    pathV3(org) + "/" + id + "/messages",
			query:   url.Values{"first": {strconv.Itoa(firstV3)}},
			missing: missingSession,
			denied:  deniedRead,
		}
		err = c.pagesV3(ctx, r, messagePages, func(items []json.RawMessage) bool {
			for _, raw := range items {
				o := readObject(raw)
				msgs = appendMessage(msgs, o, o.text("source") == "user", "created_at")
			}
			msgs = lastOf(msgs)
			return len(items) > 0
		})
		if _, endless := errors.AsType[*endlessList](err); endless {
			c.log.Warn("Devin's list of messages leads back; what was read is shown", "path", r.path, "error", err)
			err = nil
		}
		return msgs, err
	})
}

func (c *Client) sendV3(ctx context.Context, id, text string) error {
	org, err := c.organization(ctx)
	if err != nil {
		return err
	}
	_, err = withEitherID(c, id, func(id string) (struct{}, error) {
		return struct{}{}, c.post(ctx, request{
			what:    "sending a message",
			path:    pathV3(org) + "/" + id + "/messages",
			message: text,
			missing: missingSession,
			denied:  deniedSend,
		})
	})
	return err
}
