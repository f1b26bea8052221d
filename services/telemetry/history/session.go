package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// State is what a session does, in words that are neither API's.
type State string

// The states. A session that waits with an open pull request is StatePRReady;
// a suspended one has its reason in the step's Detail, in the words of Devin's
// status_detail.
const (
	StateQueued    State = "queued"
	StateWorking   State = "working"
	StateWaiting   State = "waiting"
	StatePRReady   State = "pr_ready"
	StateFinished  State = "finished"
	StateSuspended State = "suspended"
	StateExpired   State = "expired"
	StateFailed    State = "failed"
)

// step is one moment of a session's script: from then on it is in the state,
// has the pull request, and has said the message.
type step struct {
	at      time.Time
	state   State
	detail  string
	pr      *pull
	from    string // "devin" or "user", with a message
	message string
}

// target is an issue as a session was given it.
type target struct {
	issue *issue
	ref   issueRef
	print string
	path  string
	gone  bool // the fix's re-scan does not find it
}

// fate is what becomes of a session.
type fate int

const (
	fateMerged fate = iota
	fateClosed
	fateOpen // its pull request waits
	fateNoPR
	fateFailed
	fateExpired
	fateSuspended
	fateNeverStarted
	fateWaiting
	fateWorking
	fateStuck // works, and tells nothing
)

// session is one Devin session. id is "" where none could be made.
type session struct {
	id       string
	number   uint64
	repo     *repository
	batch    int
	family   string
	title    string
	targets  []target
	original int // findings of the scan it is for
	created  time.Time
	fate     fate
	asks     bool // it puts a question before it goes on
	verify   bool // its pull request gets a re-scan
	pull     *pull
	steps    []step

	live struct { // only where the clock of a World drives it
		on   bool
		due  time.Time // the change that it waits for is wanted then
		hold time.Time // nothing changes before
		busy bool      // it follows an answer of the user's
	}
}

// pull is a pull request and what becomes of it; zero times: never.
type pull struct {
	repo     string // "owner/name"
	number   int
	title    string
	body     string
	user     string
	branch   string
	created  time.Time
	verified time.Time
	merged   time.Time
	closed   time.Time
}

func (p *pull) url() string {
	return "https://github.com/" + p.repo + "/pull/" + strconv.Itoa(p.number)
}

// claimed returns the targets that the re-scan found gone, or still there.
func (s *session) claimed(gone bool) []target {
	var out []target
	for _, t := range s.targets {
		if t.gone == gone {
			out = append(out, t)
		}
	}
	return out
}

// recordedStatus is the session's status as its record says it: newer records
// are written when the session is made and not again.
func (s *session) recordedStatus(newer bool) string {
	switch {
	case s.fate == fateNeverStarted:
		return "error: 429 Client Error: Too Many Requests for url: https://api.devin.ai/v1/sessions"
	case newer:
		return "created"
	case s.fate == fateOpen || s.fate == fateWaiting:
		return "blocked"
	case s.fate == fateWorking || s.fate == fateStuck:
		return "working"
	case s.fate == fateExpired:
		return "expired"
	default:
		return "finished"
	}
}

func (s *session) add(st step) { s.steps = append(s.steps, st) }

// at returns the index of the step that rules at now, -1 before the first.
func (s *session) at(now time.Time) int {
	k := len(s.steps) - 1
	for k >= 0 && s.steps[k].at.After(now) {
		k--
	}
	return k
}

func (s *session) last() *step { return &s.steps[len(s.steps)-1] }

func (s *session) idList(sep string) string {
	ids := make([]string, 0, len(s.targets))
	for _, t := range s.targets {
		if t.ref.number > 0 {
			ids = append(ids, t.ref.String())
		}
	}
	return strings.Join(ids, sep)
}

// newPull opens the session's pull request at a time.
func (m *sim) newPull(s *session, at time.Time) *pull {
	r := s.repo
	r.pulls += 1 + r.dice.IntN(3)
	p := &pull{repo: r.fork, number: r.pulls, created: at, user: "devin-ai-integration[bot]"}
	p.title = "fix: resolve " + s.family + " security issues"
	if ids := s.idList(","); ids != "" {
		p.title = "fix(" + ids + "): resolve " + s.family + " security issues"
	}
	if m.keep {
		p.branch = fmt.Sprintf("devin/%d-fix-%s", at.Unix(), s.family)
		p.body = s.pullBody()
		m.pulls = append(m.pulls, p)
	}
	s.pull = p
	return p
}

func (s *session) pullBody() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Resolves %d %s found by CodeQL.\n\n", len(s.targets), plural(len(s.targets), s.family+" issue"))
	for _, t := range s.targets {
		fmt.Fprintf(&b, "- %s: `%s` in `%s`\n", t.ref, t.issue.rule.id, t.path)
	}
	fmt.Fprintf(&b, "\nLink to Devin run: %s%s\n", sessionURL, s.id)
	return b.String()
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// script decides a past session's whole way: its steps, its pull request, and
// the events that touch the code or the directory.
func (m *sim) script(s *session) {
	d := s.repo.dice
	if s.fate == fateNeverStarted {
		m.later(s.created.Add(time.Minute), func(time.Time) { m.release(s) })
		return
	}
	m.step(s, step{at: s.created, state: StateQueued})
	t := s.created.Add(d.between(8*time.Second, 50*time.Second))
	m.step(s, step{at: t, state: StateWorking, from: "devin", message: m.say(s, hello)})
	switch s.fate {
	case fateWorking, fateStuck:
		return
	case fateWaiting:
		m.step(s, step{at: t.Add(d.between(4*time.Minute, 14*time.Minute)), state: StateWaiting, from: "devin", message: m.say(s, question)})
		return
	}
	if s.asks {
		t = t.Add(d.between(5*time.Minute, 25*time.Minute))
		m.step(s, step{at: t, state: StateWaiting, from: "devin", message: m.say(s, question)})
		t = t.Add(d.between(10*time.Minute, 170*time.Minute))
		m.step(s, step{at: t, state: StateWorking, from: "user", message: m.say(s, answer)})
	}
	t = t.Add(d.between(9*time.Minute, 80*time.Minute))
	if s.fate <= fateOpen {
		m.scriptPull(s, t)
		return
	}
	m.step(s, m.ending(s, t))
	m.later(t, func(time.Time) { m.release(s) })
}

func (m *sim) scriptPull(s *session, t time.Time) {
	d := s.repo.dice
	p := m.newPull(s, t)
	m.step(s, step{at: t, state: StatePRReady, pr: p, from: "devin", message: m.say(s, opened)})
	if s.verify {
		p.verified = t.Add(d.between(4*time.Minute, 50*time.Minute))
		m.later(p.verified, func(at time.Time) { m.verification(s, at) })
	}
	if s.fate == fateOpen {
		return
	}
	end := t.Add(d.between(70*time.Minute, 4*day))
	if d.chance(0.4) {
		end = t.Add(d.between(70*time.Minute, 9*time.Hour))
	}
	if s.fate == fateMerged {
		p.merged = end
	}
	p.closed = end
	m.step(s, step{at: end, state: StateFinished, pr: p})
	m.later(end, func(time.Time) { m.settle(s) })
}

// ending returns the last step of a session that opens no pull request.
func (m *sim) ending(s *session, t time.Time) step {
	switch s.fate {
	case fateFailed:
		return step{at: t, state: StateFailed, from: "devin", message: m.say(s, broken)}
	case fateExpired:
		return step{at: t, state: StateExpired}
	case fateSuspended:
		return step{at: t, state: StateSuspended, detail: pick(s.repo.dice, []string{"inactivity", "usage_limit_exceeded", "out_of_credits", "user_request"})}
	default:
		return step{at: t, state: StateFinished, from: "devin", message: m.say(s, nothing)}
	}
}

// settle applies what a merged or closed pull request did to the code.
func (m *sim) settle(s *session) {
	d := s.repo.dice
	for _, t := range s.targets {
		// A re-scan of the branch can be wrong about the main one.
		if s.fate == fateMerged && t.gone != d.chance(0.05) {
			s.repo.close(&m.o, t.issue)
		}
	}
	m.release(s)
}

// release gives back the issues that a session did not close.
func (m *sim) release(s *session) {
	for _, t := range s.targets {
		t.issue.taken = false
	}
}

func (m *sim) step(s *session, st step) {
	if m.keep {
		s.add(st)
	}
}
