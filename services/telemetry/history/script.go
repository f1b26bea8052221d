package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// wait draws how long a step of the session takes: some minutes to days, and
// a twentieth of it in a brisk one.
func (s *session) wait(lo, hi time.Duration) time.Duration {
	d := s.repo.dice.between(lo, hi)
	if s.brisk {
		d = max(d/20, 3*time.Second)
	}
	return d
}

// after plans an event of the session's present plan.
func (m *sim) after(s *session, at time.Time, run func(at time.Time)) {
	plan := s.plan
	m.later(at, func(at time.Time) {
		if s.plan == plan {
			run(at)
		}
	})
}

func (m *sim) step(s *session, st step) {
	if m.keep {
		s.steps = append(s.steps, st)
	}
}

// script decides a session's whole way: its steps, its pull request, and the
// events that touch the code or the directory.
func (m *sim) script(s *session) {
	if s.id == "" {
		m.after(s, s.created.Add(time.Minute), func(time.Time) { m.release(s) })
		return
	}
	m.step(s, step{at: s.created, state: StateQueued})
	t := s.created.Add(s.wait(8*time.Second, 50*time.Second))
	if s.brisk {
		t = t.Add(5 * time.Second)
	}
	m.step(s, step{at: t, state: StateWorking, from: fromDevin, message: m.say(s, hello)})
	switch s.planned {
	case planStuck:
		return
	case planWaiting:
		m.step(s, step{at: t.Add(s.wait(4*time.Minute, 14*time.Minute)), state: StateWaiting, from: fromDevin, message: m.say(s, question)})
		return
	case planWorking:
		t = later(t, m.o.End)
		s.brisk, s.planned = true, planMerged
		m.step(s, step{at: s.created.Add(m.o.End.Sub(s.created) / 2), state: StateWorking, from: fromDevin, message: m.say(s, progress)})
	}
	if s.asks {
		t = t.Add(s.wait(5*time.Minute, 25*time.Minute))
		m.step(s, step{at: t, state: StateWaiting, from: fromDevin, message: m.say(s, question)})
		t = t.Add(3 * s.wait(10*time.Minute, 55*time.Minute))
		m.step(s, step{at: t, state: StateWorking, from: fromUser, message: m.say(s, answer)})
	}
	m.work(s, t)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// work continues from a time at which the session works, to its end.
func (m *sim) work(s *session, t time.Time) {
	t = t.Add(s.wait(9*time.Minute, 80*time.Minute))
	if s.planned <= planOpen {
		m.scriptPull(s, t)
		return
	}
	m.step(s, m.ending(s, t))
	m.after(s, t, func(at time.Time) {
		m.release(s)
		m.rewrite(s, at)
	})
}

// scriptPull opens the session's pull request, or leads one that is open on.
func (m *sim) scriptPull(s *session, t time.Time) {
	if s.pull == nil {
		m.newPull(s, t)
	}
	p := s.pull
	m.step(s, step{at: t, state: StatePRReady, pr: p, from: fromDevin, message: m.say(s, opened)})
	if s.verify && p.verified.IsZero() {
		p.verified = t.Add(s.wait(4*time.Minute, 50*time.Minute))
		m.after(s, p.verified, func(at time.Time) { m.verification(s, at) })
	}
	if s.planned == planOpen {
		return
	}
	d := s.repo.dice
	end := t.Add(s.wait(70*time.Minute, 4*day))
	if d.chance(0.4) {
		end = t.Add(s.wait(70*time.Minute, 9*time.Hour))
	}
	if s.planned == planMerged {
		p.merged = end
	}
	p.closed = end
	m.step(s, step{at: end, state: StateFinished, pr: p})
	m.after(s, end, func(at time.Time) {
		m.settle(s)
		m.rewrite(s, at)
	})
}

// ending returns the last step of a session that opens no pull request.
func (m *sim) ending(s *session, t time.Time) step {
	switch s.planned {
	case planFailed:
		return step{at: t, state: StateFailed, from: fromDevin, message: m.say(s, broken)}
	case planExpired:
		return step{at: t, state: StateExpired}
	case planSuspended:
		return step{
			at:     t,
			state:  StateSuspended,
			detail: pick(s.repo.dice, []string{"inactivity", "usage_limit_exceeded", "out_of_credits", "user_request"}),
		}
	default:
		return step{at: t, state: StateFinished, from: fromDevin, message: m.say(s, nothing)}
	}
}

// settle applies what a merged or closed pull request did to the code.
func (m *sim) settle(s *session) {
	d := s.repo.dice
	for _, t := range s.targets {
		// A re-scan of the branch can be wrong about the main one.
		if s.planned == planMerged && t.gone != d.chance(0.05) {
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

// hear lets a session continue after a user's message. What it was to do later
// is planned anew.
func (m *sim) hear(s *session, at time.Time, text string) {
	k := s.at(at)
	now := s.steps[k]
	s.steps = s.steps[:k+1]
	s.plan++
	s.brisk = true
	if p := s.pull; p != nil {
		p.forget(at)
		if p.created.IsZero() {
			m.pulls = slices.DeleteFunc(m.pulls, func(o *pull) bool { return o == p })
			s.pull = nil
		}
	}
	if s.planned >= planOpen && s.planned != planNoPR {
		s.planned = planMerged
	}
	m.step(s, step{at: at, state: StateWorking, pr: now.pr, from: fromUser, message: text})
	t := at.Add(s.wait(2*time.Minute, 6*time.Minute))
	m.step(s, step{at: t, state: StateWorking, pr: now.pr, from: fromDevin, message: m.say(s, heard)})
	if s.pull != nil && !s.pull.closed.IsZero() {
		m.step(s, step{at: t.Add(s.wait(5*time.Minute, 20*time.Minute)), state: StateFinished, pr: s.pull})
		return
	}
	m.work(s, t)
}

// newPull opens the session's pull request at a time.
func (m *sim) newPull(s *session, at time.Time) {
	r := s.repo
	r.pulls += 1 + r.dice.IntN(3)
	p := &pull{repo: r.fork, number: r.pulls, created: at, user: "devin-ai-integration[bot]", session: s.id}
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
}

func (s *session) pullBody() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Resolves %d %s found by CodeQL.\n\n", len(s.targets), plural(len(s.targets), s.family+" issue"))
	for _, t := range s.targets {
		if t.ref.number > 0 {
			fmt.Fprintf(&b, "- %s: ", t.ref)
		} else {
			b.WriteString("- ")
		}
		fmt.Fprintf(&b, "`%s` in `%s`\n", t.issue.rule.id, t.path)
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
