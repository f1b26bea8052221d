package devin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// byIDLimit is how many sessions one call asks for one by one: Devin's limit of
// requests is not documented.
const byIDLimit = 20

// listPages bounds the pages of a list. What is beyond is asked for by id.
func listPages(wanted int) int { return 10 + wanted/100 }

// Sessions asks for the states of the wanted sessions: with or without devin-,
// those first that should be asked first. Every wanted id is in exactly one part
// of the answer, in the order of wanted. Known sessions are in it where a list
// shows them on the way; nothing is asked for them.
//
// On v1 it pages the organization's list, on v3 it asks for chunks of ids; on
// both, at most 20 of those that were not listed are asked for by id. On a
// failure the answer holds what was learnt until then, with the rest in Skipped.
// It is a failure too when rows that may be of wanted sessions cannot be read, or
// a list not to its end and that leaves a session without an answer.
func (c *Client) Sessions(ctx context.Context, wanted []string, known ...string) (answer telemetry.SessionAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, manyTimeouts*c.timeout)
	defer cancel()
	s := newSearch(wanted, known)
	err = telemetry.Guard("asking Devin for sessions", func() error { return c.ask(ctx, s) })
	answer = s.answer()
	if err = cmp.Or(err, s.unread); len(answer.Skipped)+len(answer.Unknown) > 0 {
		err = cmp.Or(err, s.partial)
	}
	return answer, err
}

func (c *Client) ask(ctx context.Context, s *search) error {
	if len(s.left(s.ids)) == 0 {
		return nil
	}
	list := c.listV1
	if c.api == apiV3 {
		list = c.listV3
	}
	if err := list(ctx, s); err != nil {
		return err
	}
	return c.byID(ctx, s)
}

// search is the state of one call of Sessions, for concurrent use.
type search struct {
	ids   []string // session keys, each once, as wanted
	known []string // likewise; taken where they are seen
	of    map[string]*sought
	mu    sync.Mutex // guards what is found

	partial error // why a list was not read to its end, nil if each was
	unread  error // why rows could not be read, nil if all were
}

type sought struct {
	open    bool // nothing yet
	gone    bool
	session *telemetry.UpstreamSession
}

// note keeps the first failure of a kind.
func (s *search) note(kind *error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*kind = cmp.Or(*kind, err)
}

func newSearch(wanted, known []string) *search {
	s := &search{of: map[string]*sought{}}
	for _, id := range wanted {
		if id = telemetry.SessionKey(id); id != "" && s.of[id] == nil {
			s.ids = append(s.ids, id)
			s.of[id] = &sought{open: isID(id), gone: !isID(id)}
		}
	}
	for _, id := range known {
		if id = telemetry.SessionKey(id); isID(id) && s.of[id] == nil {
			s.known = append(s.known, id)
			s.of[id] = &sought{}
		}
	}
	return s
}

// isID reports whether a session key can stand in a path as one harmless segment.
func isID(id string) bool {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}

// see takes a session if it is wanted, and reports whether that is news. Of one
// that a moving list shows twice, the newer holds.
func (s *search) see(session telemetry.UpstreamSession) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.of[session.ID]
	if known == nil {
		return false
	}
	known.open, changed = false, known.session == nil
	if changed || !known.session.UpdatedAt.After(session.UpdatedAt) {
		known.session = &session
	}
	return changed
}

// close ends the search for an id: Devin does not know it, or what it says cannot
// be read.
func (s *search) close(id string, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.of[id]; known.open {
		known.open, known.gone = false, gone
	}
}

func (s *search) left(ids []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !s.of[id].open })
}

func (s *search) answer() (a telemetry.SessionAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.ids {
		if known := s.of[id]; known.session != nil {
			a.Sessions = append(a.Sessions, *known.session)
		} else if known.gone {
			a.Unknown = append(a.Unknown, id)
		} else {
			a.Skipped = append(a.Skipped, id)
		}
	}
	for _, id := range s.known {
		if session := s.of[id].session; session != nil {
			a.Sessions = append(a.Sessions, *session)
		}
	}
	return a
}

// byID asks for what is left one by one, and returns the first failure.
func (c *Client) byID(ctx context.Context, s *search) error {
	ids := s.left(s.ids)
	ids = ids[:min(len(ids), byIDLimit)]
	failures := make([]error, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(concurrent)
	for i, id := range ids {
		g.Go(func() error {
			return telemetry.Guard("asking Devin for a session", func() error {
				session, err := c.session(ctx, id)
				switch {
				case err == nil:
					s.see(session)
				case telemetry.CodeOf(err) == telemetry.CodeUpstreamNotFound:
					s.close(id, true)
				case endsTurn(err):
					return err
				default:
					failures[i] = err
				}
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return cmp.Or(failures...)
}

// session asks for one session. In v1 it comes with its whole message log.
func (c *Client) session(ctx context.Context, id string) (telemetry.UpstreamSession, error) {
	return withEitherID(ctx, c, id, func(path string) (telemetry.UpstreamSession, error) {
		r := c.about(path)
		r.what, r.shape = "a session", "is not a session"
		return get(ctx, c, r, func(in io.Reader) (telemetry.UpstreamSession, error) {
			session, err := c.readSession(in)
			if err == nil && session.ID != id {
				err = unread("it is about another session")
			}
			return session, err
		})
	})
}

// withEitherID asks with the devin- form of an id, which paths take, and after
// a 404 with the bare one; next time the form that was known comes first.
func withEitherID[T any](ctx context.Context, c *Client, id string, ask func(path string) (T, error)) (answer T, err error) {
	path, err := c.sessionsPath(ctx)
	if err != nil {
		return answer, err
	}
	forms := []string{path + "/devin-" + id, path + "/" + id}
	unprefixed := c.unprefixedPaths.Load()
	if unprefixed {
		slices.Reverse(forms)
	}
	answer, err = ask(forms[0])
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
		return answer, err
	}
	answer, err = ask(forms[1])
	if err == nil {
		c.unprefixedPaths.Store(!unprefixed)
	}
	return answer, err
}

// endsTurn reports whether asking for the next one would fail alike, or slowly.
func endsTurn(err error) bool {
	return slices.Contains([]telemetry.Code{telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamTimeout,
		telemetry.CodeInternal}, telemetry.CodeOf(err))
}

// take takes a page and returns how many of its wanted sessions were new.
func (c *Client) take(s *search, r request, p *page) (changed int) {
	for _, session := range p.sessions {
		if s.see(session) {
			changed++
		}
	}
	for _, id := range p.lost {
		s.close(id, false)
	}
	if p.unread > 0 {
		c.log.Warn("rows of Devin's list of sessions cannot be read and are skipped", "rows", p.rows, "unread", p.unread, "first", p.why)
		s.note(&s.unread, c.broken(r, fmt.Sprintf("has %d rows of %d that cannot be read (the first: %s)", p.unread, p.rows, p.why), nil))
	}
	return changed
}
