// Package devintest plays the wire of Devin's API, v1 and v3, from sessions
// that its owner puts and changes while it is asked: for the demo, and for
// tests, which can make it fail in the ways that a server can.
//
// It imports no testing package. It knows the client only by what comes over
// HTTP.
package devintest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Options say whom the player answers.
type Options struct {
	// Key is the only key that is taken, on v3 if it begins with cog_, else on
	// v1; others get 401. "" takes any key, each on its own version.
	Key   string
	OrgID string           // the organization of v3; "" is org-demo; others get 403
	Now   func() time.Time // nil is time.Now
}

// Session is a session as the player tells it. Status and Detail are v3's
// words; on v1 they are told as v1 would, unless StatusEnum has a word.
type Session struct {
	ID               string // with or without devin-
	Status           string
	Detail           string // status_detail, "" for null
	StatusEnum       string
	Title            string
	URL              string // "" is the session's page at app.devin.ai
	Tags             []string
	Playbook         string    // "" for null
	ACUs             float64   // v3 alone tells it; 0 is what it says where it does not know
	CreatedAt        time.Time // zero: when it was first put
	UpdatedAt        time.Time // zero: when it was put
	PRs              []telemetry.UpstreamPR
	StructuredOutput any                 // what json.Marshal takes; not to be changed once it is put
	Archived         bool                // it takes no more messages
	Messages         []telemetry.Message // oldest first; nil keeps those that it has; an ID or a time may be left out
}

// Player is an http.Handler that answers as Devin does. All its methods are
// safe for concurrent use.
type Player struct {
	key string
	org string
	now func() time.Time
	mux *http.ServeMux

	mu        sync.Mutex
	sessions  map[string]*Session // by session key
	ordered   map[string]string   // prompts of the sessions that were started over the wire, by session key
	onMessage func(id, text string)
	onCreate  func(Session)
	counts    map[Kind]int
	faults    map[Kind]Fault
}

// New returns a player without sessions.
func New(o Options) *Player {
	p := &Player{
		key:      o.Key,
		org:      cmp.Or(o.OrgID, "org-demo"),
		now:      o.Now,
		mux:      http.NewServeMux(),
		sessions: map[string]*Session{},
		ordered:  map[string]string{},
		counts:   map[Kind]int{},
		faults:   map[Kind]Fault{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.routes()
	return p
}

// ServeHTTP answers one request.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Put adds a session, or replaces the one with its id.
func (p *Player) Put(s Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := telemetry.SessionKey(s.ID)
	old := p.sessions[id]
	s = copied(s)
	s.ID = id
	if old != nil && s.Messages == nil {
		s.Messages = old.Messages
	}
	for i := range s.Messages {
		p.complete(&s.Messages[i], i)
	}
	if s.CreatedAt.IsZero() {
		s.CreatedAt = p.now()
		if old != nil {
			s.CreatedAt = old.CreatedAt
		}
	}
	if s.UpdatedAt.IsZero() {
		s.UpdatedAt = p.now()
	}
	p.sessions[id] = &s
}

// Update changes a session in one step and sets its UpdatedAt to now, unless
// change does. It reports whether there is one with the id. change must not call
// the player.
func (p *Player) Update(id string, change func(*Session)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[telemetry.SessionKey(id)]
	if s == nil {
		return false
	}
	was := s.UpdatedAt
	change(s)
	if s.UpdatedAt.Equal(was) {
		s.UpdatedAt = p.now()
	}
	return true
}

// Say appends a message of "devin" or "user" to a session, and reports whether
// there is one with the id.
func (p *Player) Say(id, from, text string) bool {
	return p.Update(id, func(s *Session) { p.say(s, from, text) })
}

// Remove makes the player forget a session.
func (p *Player) Remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, telemetry.SessionKey(id))
}

// Session returns a session, its ID a session key, and whether there is one.
func (p *Player) Session(id string) (Session, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[telemetry.SessionKey(id)]
	if s == nil {
		return Session{}, false
	}
	return copied(*s), true
}

// OnMessage sets what is called with the session key and the text of each message
// that comes over the wire, after the session accepted it and before the answer.
// It may call the player.
func (p *Player) OnMessage(call func(id, text string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onMessage = call
}

// OnCreate sets what is called with each session that is started over the wire,
// before the answer. It may call the player.
func (p *Player) OnCreate(call func(Session)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onCreate = call
}

// say appends a message to a session.
func (p *Player) say(s *Session, from, text string) {
	m := telemetry.Message{From: from, Text: text}
	p.complete(&m, len(s.Messages))
	s.Messages = append(s.Messages, m)
}

// complete gives a message the id and the time that it lacks. The id is of its
// place in the session, so that it stays when the session is put again.
func (p *Player) complete(m *telemetry.Message, place int) {
	if m.ID == "" {
		m.ID = "event-" + strconv.Itoa(place+1)
	}
	if m.At.IsZero() {
		m.At = telemetry.At(p.now())
	}
}

// newest returns the sessions that fit, the newest first.
func (p *Player) newest(fits func(*Session) bool) []*Session {
	var list []*Session
	for _, s := range p.sessions {
		if fits(s) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return list
}

// receive gives a session a message of its user, which wakes it.
func (p *Player) receive(s *Session, text string) {
	p.say(s, "user", text)
	s.Status, s.Detail = "running", "working"
	if s.StatusEnum != "" {
		s.StatusEnum = "working"
	}
	s.UpdatedAt = p.now()
}

func copied(s Session) Session {
	s.Tags, s.PRs, s.Messages = slices.Clone(s.Tags), slices.Clone(s.PRs), slices.Clone(s.Messages)
	return s
}
