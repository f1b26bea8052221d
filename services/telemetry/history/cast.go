package history

import (
	"strings"
	"time"
)

// role is a scan shortly before a World's End whose sessions are what a demo
// is to show then.
type role struct {
	repo string // the name behind the owner
	ago  time.Duration
	q    request
}

func roles() []role {
	return []role{
		{"storefront", 6*24*time.Hour + 3*time.Hour, request{planned: []plannedOutcome{planOpen, planNoPR}}},
		{"claims-api", 3*24*time.Hour + 5*time.Hour, request{planned: []plannedOutcome{planOpen}, verify: true}},
		{"identity-hub", 50 * time.Hour, request{planned: []plannedOutcome{planExpired, planOpen}}},
		{"patient-portal", 27 * time.Hour, request{planned: []plannedOutcome{planFailed, planSuspended}}},
		{"checkout-web", 25 * time.Hour, request{planned: []plannedOutcome{planNeverStarted, planWaiting}}},
		{"notebook-runner", 9 * time.Hour, request{planned: []plannedOutcome{planDryRun}}},
		{"fhir-gateway", 7*time.Hour + 20*time.Minute, request{planned: []plannedOutcome{planOpen}, verify: true}},
		{"risk-engine", 6 * time.Hour, request{reduced: true}},
		{"backoffice", 4*time.Hour + 10*time.Minute, request{planned: []plannedOutcome{planStuck}}},
		{"storefront", 3*time.Hour + 15*time.Minute, request{planned: []plannedOutcome{planOpen, planWaiting, planSuspended}}},
		{"webhooks", 41 * time.Minute, request{planned: []plannedOutcome{planWaiting}}},
		{"storefront", 9 * time.Minute, request{planned: []plannedOutcome{planWorking, planWorking}, flaws: 1}},
		{"checkout-web", 6 * time.Minute, request{planned: []plannedOutcome{planWorking}}},
		{"claims-api", 3 * time.Second, request{planned: []plannedOutcome{planMerged, planMerged}, brisk: true, flaws: 2}},
	}
}

// cast plans the scans that bring a World to the state of its End.
func (m *sim) cast() {
	for _, c := range roles() {
		r := m.repo(c.repo)
		c.q.asked = true
		m.later(m.o.End.Add(-c.ago), func(at time.Time) { m.scan(r, at, c.q) })
	}
	// A run whose upload broke off.
	m.later(m.o.End.Add(-61*day), func(at time.Time) {
		m.runs++
		r := m.repo("mail-templates")
		rec := &scanRecord{repo: r, at: at, run: m.runs, runID: m.runID(at), shape: shapeDispatched}
		body := rec.write(m.actionURL)
		m.put(File{Kind: KindScan, Repo: r.name, Name: runFileName(rec), Body: body[:len(body)*2/3]}, at, r, true)
	})
}

// repo returns the repository with a name behind its owner.
func (m *sim) repo(name string) *repository {
	for _, r := range m.repos {
		if strings.HasSuffix(r.name, "/"+name) {
			return r
		}
	}
	return nil
}

// goOn lets something happen every few minutes after a World's End: a scan
// with a session or two, or a session that the orchestrator dispatches.
func (m *sim) goOn(from time.Time) {
	m.later(from.Add(m.dice.between(50*time.Second, 4*time.Minute)), func(at time.Time) {
		m.goOn(at)
		r := pick(m.dice, m.repos)
		if r.profile.still {
			return
		}
		q := request{planned: []plannedOutcome{naturalOutcome(m.dice)}, brisk: true, asked: true}
		if m.dice.chance(0.2) && m.waiting(at) < 6 {
			q.planned[0] = planWaiting
		}
		if m.dice.chance(0.3) {
			m.dispatch(r, at, q)
			return
		}
		m.scan(r, at, q)
	})
}

// waiting counts the sessions that wait for an answer.
func (m *sim) waiting(now time.Time) (n int) {
	for _, s := range m.sessions {
		if k := s.at(now); k >= 0 && s.steps[k].state == StateWaiting {
			n++
		}
	}
	return n
}

// asked runs a scan that somebody wants now.
func (m *sim) asked(r *repository, at time.Time, sessions int, dryRun bool) {
	q := request{brisk: true, asked: true}
	for range min(max(sessions, 0), 5) {
		f := pick(r.dice, []plannedOutcome{planMerged, planMerged, planOpen, planWaiting})
		if dryRun {
			f = planDryRun
		}
		q.planned = append(q.planned, f)
	}
	m.later(at.Add(r.dice.between(20*time.Second, 40*time.Second)), func(at time.Time) { m.scan(r, at, q) })
}
