package history

import (
	"container/heap"
	"time"
)

// sim plays the organization: its code, the scans, the sessions. What happens
// is an event; events run in time order, and each may cause later ones.
type sim struct {
	o         Options
	actionURL string // JSON text without its closing quote
	dice      dice
	repos     []*repository
	events    eventHeap
	serial    uint64 // events so far: equal times run in the order they were caused
	files     fileHeap
	runs      int    // the action repository's counter
	made      uint64 // sessions so far

	keep     bool // what is not in the records is kept too
	sessions []*session
	pulls    []*pull
	logs     []Log
	history  map[string]dispatched // what the orchestrator notes, by fingerprint
	cycle    time.Time             // when it last did
}

type event struct {
	at     time.Time
	serial uint64
	run    func(at time.Time)
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].serial < h[j].serial
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}

type fileHeap []File

func (h fileHeap) Len() int { return len(h) }
func (h fileHeap) Less(i, j int) bool {
	if c := h[i].At.Compare(h[j].At); c != 0 {
		return c < 0
	}
	return h[i].Name < h[j].Name
}
func (h fileHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *fileHeap) Push(x any)   { *h = append(*h, x.(File)) }
func (h *fileHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = File{}
	*h = old[:len(old)-1]
	return last
}

// later plans an event.
func (m *sim) later(at time.Time, run func(at time.Time)) {
	m.serial++
	heap.Push(&m.events, event{at: at, serial: m.serial, run: run})
}

// next runs the first event, unless there is none up to the limit. A zero
// limit is none.
func (m *sim) next(limit time.Time) bool {
	if len(m.events) == 0 || (!limit.IsZero() && m.events[0].at.After(limit)) {
		return false
	}
	e := heap.Pop(&m.events).(event)
	e.run(e.at)
	return true
}

// due returns the next file that appears up to the limit. An event puts out
// nothing that appears before its own time, so up to the next event's time
// the order is final.
func (m *sim) due(limit time.Time) (File, bool) {
	if len(m.files) == 0 || m.files[0].At.After(limit) {
		return File{}, false
	}
	return heap.Pop(&m.files).(File), true
}

func newSim(o Options, keep bool) *sim {
	o = o.withDefaults()
	u := quote("https://github.com/" + o.ActionRepo)
	m := &sim{o: o, actionURL: u[:len(u)-1], dice: newDice(o.Seed, 0), keep: keep, runs: 11}
	return m
}

// addRepo adds a repository whose profile is complete.
func (m *sim) addRepo(p profile, lang *language) *repository {
	o := &m.o
	n := len(m.repos)
	r := &repository{index: n, name: p.name, fork: p.fork, profile: p, lang: lang, base: float64(p.base), algorithm: 1}
	r.dice = newDice(o.Seed, uint64(n)+1)
	if r.fork == "" {
		r.fork = r.name
	}
	r.url, r.forkURL = quote("https://github.com/"+r.name), quote("https://github.com/"+r.fork)
	for _, kind := range lang.rules {
		r.weights += kind.weight
	}
	span := o.End.Sub(o.Start)
	if r.dice.chance(o.Disturb.Algorithm) {
		r.algorithmAt = o.Start.Add(time.Duration((0.25 + 0.6*r.dice.Float64()) * float64(span)))
	}
	r.short = r.dice.chance(o.Disturb.ShortHashes)
	r.pathFingerprints, r.noFingerprints = r.dice.chance(o.Disturb.PathFingerprints), r.dice.chance(o.Disturb.NoFingerprints)
	r.interval = span / time.Duration(p.scans)
	r.pulls = r.dice.IntN(60)
	m.repos = append(m.repos, r)
	m.plan(r, 0)
	return r
}

// plan sets the repository's n-th regular scan, each in its own interval.
func (m *sim) plan(r *repository, n int) {
	if n >= r.profile.scans {
		return
	}
	start := m.o.Start.Add(time.Duration(n) * r.interval)
	at := start.Add(time.Duration((0.1 + 0.7*r.dice.Float64()) * float64(r.interval))).Truncate(time.Microsecond)
	if r.profile.quiet > 0 && at.After(m.o.End.Add(-r.profile.quiet)) {
		return
	}
	m.later(at, func(at time.Time) {
		m.scan(r, at, request{})
		m.plan(r, n+1)
	})
}

func (h *fileHeap) push(f File) { heap.Push(h, f) }
