package devin

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Changed returns those of the known sessions that were updated after a time, from
// one list of the organization's changes: one request, unless more than a page of
// sessions changed. told is false where that list does not say it of all of them:
// API v1 has none, some servers do not know the parameter, and one may be cut or
// have rows that cannot be read. What it said until then is in the answer.
func (c *Client) Changed(ctx context.Context, after time.Time, known []string) (answer telemetry.SessionAnswer, told bool, err error) {
	if c.api == apiV1 || c.noChanges.Load() {
		return answer, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, manyTimeouts*c.timeout)
	defer cancel()
	s := newSearch(nil, known)
	err = telemetry.Guard("asking Devin for changed sessions", func() (err error) {
		told, err = c.changesV3(ctx, s, after)
		return err
	})
	return s.answer(), told && err == nil, err
}

// changesV3 reads the pages of what was updated after a time, and reports whether
// they tell of all that was.
func (c *Client) changesV3(ctx context.Context, s *search, after time.Time) (told bool, err error) {
	path, err := c.sessionsPath(ctx)
	if err != nil {
		return false, err
	}
	query := url.Values{"first": {strconv.Itoa(firstV3)}, "updated_after": {strconv.FormatInt(max(0, after.Unix()), 10)}}
	r := request{what: "the list of sessions", path: path, query: query, limit: maxList, shape: "names no items", denied: deniedRead}
	told = true
	partial, err := c.pagesV3(ctx, r, listPages(len(s.known)), func(in io.Reader) (*page, error) { return c.readPage(in, s, "items") },
		func(p *page) (more bool) {
			c.take(s, r, p)
			told = told && p.unread == 0
			for _, session := range p.sessions {
				// A second earlier: the parameter has no fractions.
				if !session.UpdatedAt.IsZero() && session.UpdatedAt.Before(after.Add(-time.Second)) {
					c.noChanges.Store(true)
					told = false
				}
			}
			return told
		})
	if refusesFilter(err) {
		c.noChanges.Store(true)
		return false, nil
	}
	return told && partial == nil, err
}
