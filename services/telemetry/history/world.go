package history

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// World is an organization that lives: its run files, pull requests and
// sessions at a moment that only moves forward. NewWorld plays the past up to
// Options.End; from there on Advance, Reply and Scan continue. The same calls
// with the same times give the same world. It is safe for concurrent use.
type World struct {
	mu    sync.Mutex
	m     *sim
	now   time.Time
	files []File
	place map[string]int // in files, by name
}

// NewWorld returns the demo's organization at Options.End: some dozen
// repositories of different character with three months behind them. Repos,
// ScansPerRepo, FindingsPerScan and SessionsPerScan of the options are not
// looked at; a Trend of 0 stands for one of a third: things get better.
func NewWorld(o Options) *World {
	if o.Trend == 0 {
		o.Trend = 1.0 / 3
	}
	m := newSim(o, true)
	w := &World{m: m, place: map[string]int{}}
	langs := languages()
	for _, p := range profiles() {
		m.addRepo(p, langs[p.language])
	}
	m.cast()
	m.goOn(m.o.End)
	w.Advance(m.o.End)
	return w
}

// Now returns the world's time, UTC.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance lets time pass up to t and returns the run files that appeared or
// were written anew meanwhile. A t that is not after Now changes nothing.
func (w *World) Advance(t time.Time) []File {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.advance(t.UTC())
}

func (w *World) advance(t time.Time) []File {
	if !t.After(w.now) {
		return nil
	}
	for w.m.next(t) {
	}
	w.now = t
	var fresh []File
	for f, ok := w.m.due(t); ok; f, ok = w.m.due(t) {
		if k, known := w.place[f.Name]; known {
			w.files[k] = f
		} else {
			w.place[f.Name] = len(w.files)
			w.files = append(w.files, f)
		}
		fresh = append(fresh, f)
	}
	return fresh
}

// Files returns the run files that the directory holds now, in the order in
// which they first appeared.
func (w *World) Files() []File {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]File(nil), w.files...)
}

// Session is a Devin session as Devin would tell it now. Times are UTC.
type Session struct {
	ID       string // bare: 32 hex digits
	Repo     string // "owner/name" of the target repository
	Title    string
	Created  time.Time
	Updated  time.Time
	State    State
	V1       string // status_enum of the v1 API
	V3       string // status of the v3 API
	V3Detail string // its status_detail, "" for none
	Gone     bool   // Devin has forgotten it: the v3 API answers 404, and lists it no more
	Pull     *Pull  // nil without one
	Messages []Message

	Tags     []string
	Playbook string         // "" for none
	ACUs     float64        // 0 where Devin does not say
	Output   map[string]any // its structured output, nil without one
}

// Message is one message of a session.
type Message struct {
	At   time.Time
	From string // "devin" or "user"
	Text string
}

// Pull is a pull request as GitHub would tell it now. Times are UTC, zero
// where it did not happen.
type Pull struct {
	Repo    string // "owner/name" of the repository that holds it: the target's fork
	Number  int
	Title   string
	Body    string
	User    string
	Branch  string
	State   string // "open" or "closed"
	Created time.Time
	Updated time.Time
	Closed  time.Time
	Merged  time.Time
	Session string // the session key of the session that opened it, "" for people's
}

// URL returns the address of the pull request.
func (p Pull) URL() string { return (&pull{repo: p.Repo, number: p.Number}).url() }

// Sessions returns all sessions that were made so far, in that order.
func (w *World) Sessions() []Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Session
	for _, s := range w.m.sessions {
		if !s.created.After(w.now) {
			out = append(out, w.session(s))
		}
	}
	return out
}

// Session returns the session with a session key, and whether there is one.
func (w *World) Session(id string) (Session, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.find(id); s != nil {
		return w.session(s), true
	}
	return Session{}, false
}

func (w *World) find(id string) *session {
	for _, s := range w.m.sessions {
		if s.id == id && !s.created.After(w.now) {
			return s
		}
	}
	return nil
}

func (w *World) session(s *session) Session {
	k := s.at(w.now)
	out := Session{ID: s.id, Repo: s.repo.name, Title: s.title, Created: s.created, Updated: s.steps[k].at, State: s.steps[k].state}
	out.V1, out.V3, out.V3Detail = words(&s.steps[k])
	out.Gone = out.State == StateExpired
	said := s.said(k, w.m.frac(s.created))
	out.Tags, out.Playbook, out.ACUs, out.Output = said.tags, said.playbook, said.acus, said.output
	if s.sent != nil {
		out.Tags = slices.Clone(s.sent)
	}
	if p := s.steps[k].pr; p != nil {
		seen := p.seen(w.now)
		out.Pull = &seen
	}
	for n := range s.steps[:k+1] {
		if st := &s.steps[n]; st.message != "" {
			out.Messages = append(out.Messages, Message{At: st.at, From: st.from, Text: st.message})
		}
	}
	return out
}

// words returns a step's state in the words of both APIs. v1 has no word for
// a session that was only queued or that failed, v3 none for an expired one.
func words(st *step) (v1, v3, detail string) {
	switch st.state {
	case StateQueued:
		return "working", "new", ""
	case StateWorking:
		return "working", "running", "working"
	case StateWaiting, StatePRReady:
		return "blocked", "running", "waiting_for_user"
	case StateSuspended:
		return "suspend_requested", "suspended", st.detail
	case StateExpired:
		return "expired", "exit", ""
	case StateFailed:
		return "stopped", "error", ""
	default:
		return "finished", "running", "finished"
	}
}

// Pulls returns all pull requests that were opened so far, of all
// repositories, in no promised order.
func (w *World) Pulls() []Pull {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Pull
	for _, p := range w.m.pulls {
		if !p.created.After(w.now) {
			out = append(out, p.seen(w.now))
		}
	}
	return out
}

// seen is the pull request as of a time.
func (p *pull) seen(now time.Time) Pull {
	q := *p
	q.forget(now)
	out := Pull{Repo: q.repo, Number: q.number, Title: q.title, Body: q.body, User: q.user, Branch: q.branch, State: "open",
		Created: q.created, Updated: later(q.created, q.verified), Closed: q.closed, Merged: q.merged, Session: q.session}
	if !q.closed.IsZero() {
		out.State, out.Updated = "closed", later(out.Updated, q.closed)
	}
	return out
}

// Reply gives a session a message from its user at a time, and lets it continue:
// it works again within seconds, whatever it did before. It reports whether
// there is such a session.
func (w *World) Reply(id, text string, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(at.UTC())
	s := w.find(id)
	if s == nil {
		return false
	}
	w.m.hear(s, w.now, text)
	return true
}

// Repos returns the names of the target repositories, "owner/name".
func (w *World) Repos() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, r := range w.m.repos {
		out = append(out, r.name)
	}
	return out
}

// Scan starts the action on a target repository at a time, as its workflow
// does when it is dispatched: half a minute later its run file appears, with
// at most so many sessions, which take seconds to minutes. It reports whether
// there is such a repository. A dry run names its batches and starts nothing.
func (w *World) Scan(repo string, sessions int, dryRun bool, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(at.UTC())
	for _, r := range w.m.repos {
		if strings.EqualFold(r.name, repo) {
			w.m.asked(r, w.now, sessions, dryRun)
			return true
		}
	}
	return false
}
