// Package githubtest plays GitHub's REST API over HTTP, as far as
// services/github speaks it: repositories with files, blobs, trees, archives
// and contents, pull requests with checks and reviews, workflow dispatches,
// conditional requests, limits and failures. Its owner sets the state and may
// change it at any time, also while requests are answered. Tests and the demo
// start it; it imports no testing.
package githubtest

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what is played. The zero value is a GitHub that takes any token.
type Options struct {
	Token string           // the only token that is taken; "" takes any, and none
	Now   func() time.Time // nil is time.Now
}

// Player is an http.Handler that plays GitHub. It serves the paths of
// api.github.com, with or without the prefix /api/v3 of an Enterprise Server.
// It is safe for concurrent use.
type Player struct {
	token string
	now   func() time.Time
	mux   *http.ServeMux

	mu       sync.Mutex
	repos    map[string]*Repo // by name in lower case
	moved    map[string]*Repo // old names
	without  map[Feature]bool
	faults   []*Fault
	treePage int    // the most entries of an answer with a tree; 0 is GitHub, which has no pages
	archives string // base address of archives; "" is where they are asked for
	dispatch func(inputs map[string]string)
	rate     rate
	seen     []Request
	counted  int
}

// Feature is a part of GitHub that a minimal server may lack.
type Feature string

// The features that Without takes away.
const (
	Repositories Feature = "repositories" // GET /repos/{owner}/{name}
	Trees        Feature = "trees"        // git/trees
	Recursive    Feature = "recursive"    // ?recursive=1 is taken for a plain request
	Blobs        Feature = "blobs"        // git/blobs
	Archives     Feature = "archives"     // tarball
	ETags        Feature = "etags"        // conditional requests
	Links        Feature = "links"        // Link headers
	Limits       Feature = "limits"       // X-RateLimit headers
)

// Request is one request that was made.
type Request struct {
	Method, Path string // the path with its query, without /api/v3
	Status       int    // 0: none was given
	Token        string // what the Authorization header held, without "Bearer"
}

type rate struct {
	limit, remaining int
	reset            time.Time
	status           int
}

// maxSeen bounds the requests that are remembered: the demo runs for days.
const maxSeen = 20000

// New returns a player without any repository.
func New(o Options) *Player {
	p := &Player{
		token: o.Token, now: o.Now, mux: http.NewServeMux(),
		repos: map[string]*Repo{}, moved: map[string]*Repo{}, without: map[Feature]bool{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.rate = rate{limit: 5000, remaining: 5000, reset: p.now().Add(time.Hour), status: http.StatusForbidden}
	p.routes()
	return p
}

// Without takes features away, until the next call.
func (p *Player) Without(features ...Feature) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.without)
	for _, f := range features {
		p.without[f] = true
	}
}

// PageTrees lets trees be answered in pages of so many entries, as Gitea does.
func (p *Player) PageTrees(entries int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.treePage = entries
}

// SetRate sets the token's limit. Without any request remaining, each is
// answered with status, 403 or 429, until reset, which renews the limit.
func (p *Player) SetRate(limit, remaining int, reset time.Time, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate{limit: limit, remaining: remaining, reset: reset, status: status}
}

// ArchivesAt lets archives be fetched from another base address, which is to
// be served by the same player.
func (p *Player) ArchivesAt(base string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.archives = strings.TrimSuffix(base, "/")
}

// OnDispatch sets what is called for each workflow that is started, with its
// inputs, before the request is answered.
func (p *Player) OnDispatch(f func(inputs map[string]string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dispatch = f
}

// Requests returns what was asked since the start or the last Forget.
func (p *Player) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.seen...)
}

// Counted returns how many requests since the start or the last Forget
// counted against the limit: those to the API that were not answered 304.
func (p *Player) Counted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counted
}

// Forget starts counting anew.
func (p *Player) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.counted = nil, 0
}

// ServeHTTP answers one request.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.Clone(r.Context())
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/api/v3")
	rec := &recorder{ResponseWriter: w, note: func(status int) { p.note(r, status) }}
	defer rec.once(0) // an answer that never came
	fault := p.takeFault(r)
	switch {
	case fault != nil:
		fault.answer(rec, r)
	case strings.HasPrefix(r.URL.Path, archivePath):
		p.mux.ServeHTTP(rec, r)
	case !p.signedIn(r):
		problem(http.StatusUnauthorized, "Bad credentials").write(rec, r, p)
	default:
		if limited := p.spend(); limited != nil {
			limited.write(rec, r, p)
			break
		}
		p.follow(r)
		p.mux.ServeHTTP(rec, r)
	}
}

func bearer(r *http.Request) string {
	token := r.Header.Get("Authorization")
	for _, scheme := range []string{"Bearer ", "token "} {
		token = strings.TrimPrefix(token, scheme)
	}
	return token
}

func (p *Player) signedIn(r *http.Request) bool { return p.token == "" || bearer(r) == p.token }

// spend answers with the limit when it is used up. What an unchanged answer
// costs is given back by write.
func (p *Player) spend() *answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.now().Before(p.rate.reset) {
		p.rate.remaining, p.rate.reset = p.rate.limit, p.now().Add(time.Hour)
	}
	if p.rate.remaining > 0 {
		p.rate.remaining--
		return nil
	}
	return problem(p.rate.status, "API rate limit exceeded for user ID 1.")
}

func (p *Player) note(r *http.Request, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) >= maxSeen {
		p.seen = append([]Request(nil), p.seen[maxSeen/2:]...)
	}
	p.seen = append(p.seen, Request{Method: r.Method, Path: r.URL.RequestURI(), Status: status, Token: bearer(r)})
	if status != http.StatusNotModified && !strings.HasPrefix(r.URL.Path, archivePath) {
		p.counted++
	}
}

func (p *Player) lacks(f Feature) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.without[f]
}

// limits are the headers that tell the token's limit.
func (p *Player) limits(h http.Header, unchanged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.without[Limits] {
		return
	}
	if unchanged && p.rate.remaining < p.rate.limit {
		p.rate.remaining++
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(p.rate.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(p.rate.remaining))
	h.Set("X-RateLimit-Used", strconv.Itoa(p.rate.limit-p.rate.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(p.rate.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", "core")
}

// recorder notes the status of an answer before the client can read it.
type recorder struct {
	http.ResponseWriter
	note  func(status int)
	noted bool
}

func (r *recorder) once(status int) {
	if !r.noted {
		r.noted = true
		r.note(status)
	}
}

func (r *recorder) WriteHeader(status int) {
	r.once(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(body []byte) (int, error) {
	r.once(http.StatusOK)
	return r.ResponseWriter.Write(body)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
