package devin

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// byIDLimit is how many sessions one call asks for one by one (upstreams.md).
const byIDLimit = 20

// listPages is how many pages of a list of the whole organization are read at
// most (upstreams.md).
func listPages(wanted int) int { return 10 + wanted/100 }

// Sessions asks for the states of the wanted sessions: bare or devin- ids,
// those first that should be asked first. Every wanted id is in exactly one
// part of the answer, in the order of wanted; times are UTC.
//
// On v1 it pages the organization's list, on v3 it asks for chunks of ids; on
// both, at most 20 of those that were not listed are asked for by id. On a
// failure the answer holds what was learnt until then, with the rest in
// Skipped, beside the error. A row that cannot be read is logged and its
// session skipped. A list that cannot be read to its end is a failure if it
// leaves a session without an answer.
func (c *Client) Sessions(ctx context.Context, wanted []string) (telemetry.SessionAnswer, error) {
	s := newSearch(wanted)
	if len(s.left(s.ids)) == 0 {
		return s.answer(), nil
	}
	list, one := c.listV1, c.sessionV1
	if c.api == apiV3 {
		list, one = c.listV3, c.sessionV3
	}
	err := list(ctx, s)
	if err == nil {
		err = c.byID(ctx, s, one)
	}
	answer := s.answer()
	if err == nil && len(answer.Skipped)+len(answer.Unknown) > 0 {
		err = s.partial
	}
	return answer, err
}

// search is the state of one call of Sessions. Its methods may be called
// concurrently.
type search struct {
	ids   []string // bare, each once, as wanted
	mu    sync.Mutex
	open  map[string]bool // of each wanted id: nothing is known of it yet
	found map[string]telemetry.UpstreamSession
	gone  map[string]bool

	partial error // why a list was not read to its end, nil if each was
}

// leave notes why a list is not read to its end.
func (s *search) leave(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = err
}

func newSearch(wanted []string) *search {
	s := &search{open: map[string]bool{}, found: map[string]telemetry.UpstreamSession{}, gone: map[string]bool{}}
	for _, id := range wanted {
		id = telemetry.BareID(id)
		if _, again := s.open[id]; id == "" || again {
			continue
		}
		s.ids = append(s.ids, id)
		s.open[id] = isID(id)
		s.gone[id] = !isID(id)
	}
	return s
}

// isID tells whether a bare id can stand in a path as one harmless segment.
func isID(id string) bool {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}

// see takes a session if it is wanted, and tells whether that is news. A list
// that moves while it is paged can show one twice; the newer of the two holds.
func (s *search) see(session telemetry.UpstreamSession) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, wanted := s.open[session.ID]; !wanted {
		return false
	}
	old, twice := s.found[session.ID]
	if !twice || !old.UpdatedAt.After(session.UpdatedAt) {
		s.found[session.ID] = session
	}
	s.open[session.ID] = false
	return !twice
}

// close ends the search for an id: Devin does not know it, or says what
// cannot be read, and then it is left for a later turn.
func (s *search) close(id string, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[id] {
		s.open[id], s.gone[id] = false, gone
	}
}

// left returns those of ids about which nothing is known yet.
func (s *search) left(ids []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []string
	for _, id := range ids {
		if s.open[id] {
			left = append(left, id)
		}
	}
	return left
}

func (s *search) answer() (a telemetry.SessionAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.ids {
		if session, found := s.found[id]; found {
			a.Sessions = append(a.Sessions, session)
		} else if s.gone[id] {
			a.Unknown = append(a.Unknown, id)
		} else {
			a.Skipped = append(a.Skipped, id)
		}
	}
	return a
}

// byID asks for what is left one by one. A session that fails alone does not
// keep the others from being asked; the first such failure is returned.
func (c *Client) byID(ctx context.Context, s *search, ask func(context.Context, string) (json.RawMessage, error)) error {
	ids := s.left(s.ids)
	ids = ids[:min(len(ids), byIDLimit)]
	failures := make([]error, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrent)
	for i, id := range ids {
		g.Go(func() error {
			raw, err := ask(ctx, id)
			switch {
			case err == nil:
				c.takeOne(s, id, raw)
			case telemetry.CodeOf(err) == telemetry.CodeUpstreamNotFound:
				s.close(id, true)
			case endsTurn(err):
				return err
			default:
				failures[i] = err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// endsTurn tells whether asking for the next session would fail alike, or
// would take its time for nothing.
func endsTurn(err error) bool {
	switch telemetry.CodeOf(err) {
	case telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamTimeout, telemetry.CodeInternal:
		return true
	}
	return false
}

// takeOne takes the answer to a question about one session.
func (c *Client) takeOne(s *search, id string, raw json.RawMessage) {
	session, err := c.read(raw)
	if err == nil && session.ID != id {
		err = errors.New("it is about another session")
	}
	if err != nil {
		c.log.Warn("Devin's answer about a session cannot be read; the session is skipped", "session", id, "error", err)
		s.close(id, false)
		return
	}
	s.see(session)
}

// take takes the rows of a page. It returns the ids that it read, wanted or
// not, and how many wanted ones were new.
func (c *Client) take(s *search, rows []json.RawMessage) (ids []string, news int) {
	for _, raw := range rows {
		session, err := c.read(raw)
		switch {
		case err != nil:
			c.log.Warn("a row of Devin's list of sessions cannot be read and is skipped", "session", session.ID, "error", err)
			s.close(session.ID, false)
		case s.see(session):
			news++
		}
		ids = append(ids, session.ID)
	}
	return ids, news
}

// read reads one session in the API's vocabulary.
func (c *Client) read(raw json.RawMessage) (telemetry.UpstreamSession, error) {
	o := readObject(raw)
	session := telemetry.UpstreamSession{
		ID:        telemetry.BareID(o.text("session_id")),
		API:       c.api,
		Status:    o.text("status"),
		Title:     o.text("title"),
		URL:       o.text("url"),
		CreatedAt: o.at("created_at"),
		UpdatedAt: o.at("updated_at"),
	}
	if c.api == apiV3 {
		readV3(o, &session)
	} else {
		readV1(o, &session)
	}
	switch {
	case o == nil:
		return session, errors.New("it is no object")
	case session.ID == "":
		return session, errors.New("it has no session_id")
	case session.Status == "":
		return session, errors.New("it has no status")
	}
	return session, nil
}
