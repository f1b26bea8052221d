//go:build unfinished

package devin

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

const (
	// byIDLimit is how many sessions one call asks for one by one (upstreams.md).
	byIDLimit = 20
	// fewLeft is how many missing sessions are asked for one by one rather
	// than by more pages of a list that may not hold them.
	fewLeft = 3
)

// Sessions asks for the states of the wanted sessions: bare or devin- ids,
// those first that should be asked first. Every wanted id is in exactly one
// part of the answer, in the order of wanted; times are UTC.
//
// On v1 it pages the organization's list and asks for at most 20 of the rest
// by id; on v3 it asks for chunks of ids. On a failure the answer holds what
// was learnt until then, with the rest in Skipped, beside the error. A row
// that cannot be read is logged and its session skipped.
func (c *Client) Sessions(ctx context.Context, wanted []string) (telemetry.SessionAnswer, error) {
	s := newSearch(wanted)
	var err error
	switch {
	case len(s.left()) == 0:
	case c.api == apiV3:
		err = c.searchV3(ctx, s)
	default:
		err = c.searchV1(ctx, s)
	}
	return s.answer(), err
}

// search is the state of one call of Sessions. Its methods may be called
// concurrently.
type search struct {
	ids    []string // bare, each once, as wanted
	mu     sync.Mutex
	wanted map[string]bool
	found  map[string]telemetry.UpstreamSession
	gone   map[string]bool
}

func newSearch(wanted []string) *search {
	s := &search{wanted: map[string]bool{}, found: map[string]telemetry.UpstreamSession{}, gone: map[string]bool{}}
	for _, id := range wanted {
		id = telemetry.BareID(id)
		if id == "" || s.wanted[id] {
			continue
		}
		s.wanted[id] = true
		s.ids = append(s.ids, id)
		if !isID(id) {
			s.gone[id] = true
		}
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

// see takes a session if it is wanted. A list that moves while it is paged
// can show one twice; the newer of the two holds.
func (s *search) see(session telemetry.UpstreamSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.wanted[session.ID] {
		return
	}
	if old, twice := s.found[session.ID]; twice && old.UpdatedAt.After(session.UpdatedAt) {
		return
	}
	s.found[session.ID] = session
}

// settle marks those of the ids that were not found as unknown to Devin.
func (s *search) settle(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if _, found := s.found[id]; !found {
			s.gone[id] = true
		}
	}
}

// left returns the wanted ids about which nothing is known yet.
func (s *search) left() []string { return s.leftOf(s.ids) }

func (s *search) leftOf(ids []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []string
	for _, id := range ids {
		if _, found := s.found[id]; !found && !s.gone[id] {
			left = append(left, id)
		}
	}
	return left
}

func (s *search) answer() telemetry.SessionAnswer {
	a := telemetry.SessionAnswer{Skipped: s.left()}
	for _, id := range s.ids {
		if session, found := s.found[id]; found {
			a.Sessions = append(a.Sessions, session)
		} else if s.gone[id] {
			a.Unknown = append(a.Unknown, id)
		}
	}
	return a
}

// listPages is how many pages of a list of the whole organization are read at
// most (upstreams.md).
func listPages(wanted int) int { return 10 + wanted/100 }

// byID asks for what is left one by one. A session that fails alone does not
// keep the others from being asked; the first such failure is returned.
func (c *Client) byID(ctx context.Context, s *search, ask func(context.Context, string) (json.RawMessage, error)) error {
	ids := s.left()
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
				s.settle(id)
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
	case telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamTimeout, telemetry.CodeInternal, telemetry.CodeMissingSetting:
		return true
	}
	return false
}

// takeOne takes the answer to a question about one session.
func (c *Client) takeOne(s *search, id string, raw json.RawMessage) {
	session, err := c.read(raw)
	if err == nil && session.ID != id {
		err = fmt.Errorf("it is about session %s", session.ID)
	}
	if err != nil {
		c.log.Warn("Devin's answer about a session cannot be read; the session is skipped", "session", id, "error", err)
		return
	}
	s.see(session)
}

// take takes the rows of a page, and returns the ids that it read. A row that
// cannot be read is logged; whole tells whether there was none.
func (c *Client) take(s *search, rows []json.RawMessage) (ids []string, whole bool) {
	whole = true
	for i, raw := range rows {
		session, err := c.read(raw)
		if err != nil {
			whole = false
			c.log.Warn("a row of Devin's list of sessions cannot be read and is skipped", "row", i, "session", session.ID, "error", err)
			continue
		}
		s.see(session)
		ids = append(ids, session.ID)
	}
	return ids, whole
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
		return session, fmt.Errorf("it is no object")
	case session.ID == "":
		return session, fmt.Errorf("it has no session_id")
	case session.Status == "":
		return session, fmt.Errorf("it has no status")
	}
	return session, nil
}
