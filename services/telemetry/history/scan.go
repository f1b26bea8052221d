package history

import (
	"strconv"
	"strings"
	"time"
)

// request says what a scan is to be like beyond the usual.
type request struct {
	planned []plannedOutcome // it starts sessions with these fates
	brisk   bool             // which take seconds to minutes
	verify  bool             // and whose fixes are verified
	asked   bool             // nothing disturbs its record, which appears at once
	reduced bool             // it looks at a part only, if it can
	flaws   int              // the code has so many new ones, beyond the usual
}

// Versions of the action changed the records at these shares of the span.
const (
	runIDsFrom     = 0.015
	zeroRunFrom    = 0.04
	dispatchedFrom = 0.07 // with findings called CQLF-ALL-…, and 20-digit prints
	oneSeriesFrom  = 0.35 // findings and sessions share one series of ids
)

func (m *sim) frac(at time.Time) float64 {
	return float64(at.Sub(m.o.Start)) / float64(m.o.End.Sub(m.o.Start))
}

func shapeAt(frac float64) shape {
	switch {
	case frac >= dispatchedFrom:
		return shapeDispatched
	case frac >= zeroRunFrom:
		return shapeZero
	case frac >= runIDsFrom:
		return shapeRun
	default:
		return shapeEarly
	}
}

// scan runs the action on a repository: the code has moved on, the scan
// reports it, sessions start.
func (m *sim) scan(r *repository, at time.Time, q request) {
	o, frac := &m.o, m.frac(at)
	m.runs++
	rec := &scanRecord{repo: r, at: at, run: m.runs, runID: m.runID(at), shape: shapeAt(frac)}
	rec.all = rec.shape == shapeDispatched && frac < oneSeriesFrom
	rec.short = r.short && rec.shape < shapeDispatched
	rec.withoutFindings = r.profile.withoutFindings || (!q.asked && r.dice.chance(o.Disturb.WithoutFindings))
	if rec.withoutFindings {
		rec.shape = shapeEarly
	}
	missing := !q.asked && r.dice.chance(o.Disturb.Missing)
	reduced := !rec.withoutFindings && !missing && (q.reduced || (!q.asked && r.dice.chance(o.Disturb.ScopeReduced)))
	part := []*issue(nil)
	if reduced {
		part = r.part()
	}
	rec.findings = part
	if part == nil {
		rec.findings = r.moveOn(o, q.flaws, at)
	}
	if !rec.withoutFindings && !missing {
		r.label(rec, part != nil)
	}
	r.scanned = true
	batches := r.batches(5)
	if part != nil || rec.withoutFindings {
		batches = within(batches, part, rec.withoutFindings)
	}
	rec.batches = len(batches)
	m.start(rec, batches, q)
	if !missing {
		m.emit(rec, q, part != nil)
		m.persist(rec)
	}
	if !q.asked && rec.shape == shapeDispatched && frac < 1 && o.SessionsPerScan > 0 {
		m.perhapsDispatch(r, at)
	}
}

// perhapsDispatch starts a dispatch some time after some of the scans.
func (m *sim) perhapsDispatch(r *repository, after time.Time) {
	if !r.dice.chance(0.09) {
		return
	}
	m.later(after.Add(r.dice.between(20*time.Minute, 10*time.Hour)).Truncate(time.Microsecond), func(at time.Time) {
		m.dispatch(r, at, request{planned: []plannedOutcome{naturalOutcome(r.dice)}})
	})
}

// moveOn is what a full scan finds after the code has moved on, with so many
// flaws that were asked for.
func (r *repository) moveOn(o *Options, flaws int, at time.Time) []*issue {
	for range flaws {
		r.add(o.Disturb.Duplicates)
	}
	r.evolve(o, at)
	return r.open
}

// runID returns an id as GitHub gives them: rising with time.
func (m *sim) runID(at time.Time) string {
	return strconv.FormatInt(21_800_000_000+at.Sub(m.o.Start).Milliseconds()/3+int64(m.runs), 10)
}

// label gives the record's findings their ids, and remembers what a full
// record named.
func (r *repository) label(rec *scanRecord, part bool) {
	for n, i := range rec.findings {
		i.ref = issueRef{run: rec.run, number: n + 1, all: rec.all}
		i.named = true
	}
	if !part {
		r.baseline = len(rec.findings)
	}
	r.reduced = part
}

// part returns what a scan of one corner of the code sees: under a fifth of
// the last full record, all of it named there; nil if that is not possible.
// Two such scans never follow each other.
func (r *repository) part() []*issue {
	limit := (r.baseline*20 - 1) / 100
	if r.reduced || r.baseline < 20 {
		return nil
	}
	var known []*issue
	for _, i := range r.open {
		if i.named {
			known = append(known, i)
		}
	}
	if len(known) < limit {
		return nil
	}
	n := 1 + r.dice.IntN(limit)
	from := r.dice.IntN(len(known) - n + 1)
	return known[from : from+n]
}

// within keeps the batches that a record can have: one of a narrowed scan
// only what it saw; one without findings no dispatch ids.
func within(batches [][]*issue, part []*issue, withoutFindings bool) [][]*issue {
	if withoutFindings {
		return batches[:min(len(batches), 2)]
	}
	var out [][]*issue
	for _, b := range batches {
		var seen []*issue
		for _, i := range b {
			for _, p := range part {
				if p == i {
					seen = append(seen, i)
				}
			}
		}
		if len(seen) > 0 {
			out = append(out, seen)
		}
	}
	return out
}

// start makes the sessions of a scan.
func (m *sim) start(rec *scanRecord, batches [][]*issue, q request) {
	r := rec.repo
	planned := q.planned
	if !q.asked && m.o.SessionsPerScan > 0 && !m.closing(rec.at) {
		rate := r.profile.sessions
		for range min(r.dice.about(rate)+r.dice.about(rate*0.25), 5) {
			planned = append(planned, naturalOutcome(r.dice))
		}
	}
	number := 0
	for n, planned := range planned {
		if n >= len(batches) {
			break
		}
		s := m.session(r, rec.at, planned, batches[n], q)
		s.batch, s.original = n+1, len(rec.findings)
		for k := range s.targets {
			t := &s.targets[k]
			number++
			switch {
			case rec.withoutFindings && r.dice.chance(0.2):
				t.ref = issueRef{}
			case rec.withoutFindings || rec.all:
				t.ref = issueRef{run: rec.run, number: number}
			default:
				t.ref = t.issue.ref
			}
		}
		s.verify = s.verify && rec.shape == shapeDispatched
		if m.keep && s.brisk && r.dice.chance(0.5) {
			s.rec = rec
		}
		rec.sessions = append(rec.sessions, s)
		m.launch(s)
	}
}

// closing reports whether a World is so near to its End that only the cast's
// sessions may start: those are the ones that are active then.
func (m *sim) closing(at time.Time) bool {
	return m.keep && at.After(m.o.End.Add(-8*time.Hour)) && !at.After(m.o.End)
}

// naturalOutcome draws what becomes of a session, as it usually goes.
func naturalOutcome(d dice) plannedOutcome {
	switch n := d.IntN(100); {
	case n < 62:
		return planMerged
	case n < 74:
		return planClosed
	case n < 82:
		return planNoPR
	case n < 86:
		return planFailed
	case n < 91:
		return planExpired
	case n < 96:
		return planSuspended
	default:
		return planNeverStarted
	}
}

// session makes a session for a batch.
func (m *sim) session(r *repository, at time.Time, f plannedOutcome, batch []*issue, q request) *session {
	m.made++
	s := &session{number: m.made, repo: r, family: batch[0].rule.family, planned: f, brisk: q.brisk, created: at.Add(-time.Second)}
	if f != planNeverStarted && f != planDryRun {
		s.id = sessionID(m.o.Seed, m.made)
	}
	for _, i := range batch {
		i.taken = true
		i.attempts++
		s.targets = append(s.targets, target{
			issue: i,
			ref:   i.ref,
			print: r.fingerprint(i),
			path:  i.file.path,
			gone:  r.dice.chance(0.93) || q.verify,
		})
	}
	s.asks = r.dice.chance(0.2)
	s.verify = r.dice.chance(0.5) || q.verify
	return s
}

// launch sets a session going once its issues have their ids.
func (m *sim) launch(s *session) {
	if m.keep && s.id != "" {
		s.title = "Fix " + strconv.Itoa(len(s.targets)) + " " + plural(len(s.targets), s.family+" issue") + " in " + s.repo.name
		if ids := s.idList(", "); ids != "" {
			s.title += " (" + ids + ")"
		}
		m.sessions = append(m.sessions, s)
	}
	m.script(s)
}

// emit puts the record into the directory.
func (m *sim) emit(rec *scanRecord, q request, reduced bool) {
	r := rec.repo
	rec.name, rec.body = runFileName(rec), rec.write(m.actionURL)
	f := File{Kind: KindScan, Repo: r.name, ScopeReduced: reduced, Name: rec.name, Body: rec.body}
	if !rec.withoutFindings {
		f.Truth = make([]string, len(rec.findings))
		for n, i := range rec.findings {
			f.Truth[n] = i.truth
		}
	}
	m.put(f, rec.at, r, q.asked)
	if rec.truth = f.Truth; !m.keep {
		rec.body = nil
	}
}

// rewrite puts the session's record into the directory once more, with what
// became of it. Its timestamp stays.
func (m *sim) rewrite(s *session, at time.Time) {
	rec := s.rec
	if rec == nil {
		return
	}
	s.told = true
	m.put(File{Kind: KindScan, Repo: rec.repo.name, Name: rec.name, Body: rec.rewritten(), Truth: rec.truth}, at, rec.repo, true)
}

func runFileName(rec *scanRecord) string {
	number := rec.runID
	if rec.shape == shapeEarly {
		number = strconv.Itoa(rec.run)
	}
	return strings.ReplaceAll(rec.repo.name, "/", "_") + "_run_" + number + "_" + rec.at.Format(nameForm) + ".json"
}

// put lets a file appear some seconds after its moment, or late.
func (m *sim) put(f File, at time.Time, r *repository, prompt bool) {
	f.At = at
	if !prompt {
		f.At = at.Add(r.dice.between(time.Second, 9*time.Second))
		if r.dice.chance(m.o.Disturb.Late) {
			f.At = at.Add(time.Duration((1.3 + 2*r.dice.Float64()) * float64(r.interval)))
		}
	}
	m.files.push(f)
}

// verification puts the re-scan of a session's pull request into the
// directory.
func (m *sim) verification(s *session, at time.Time) {
	at = at.Truncate(time.Microsecond)
	name := "verification_" + s.id + "_" + at.Format(nameForm) + ".json"
	m.put(File{Kind: KindVerification, Repo: s.repo.name, Name: name, Body: writeVerification(s, at)}, at, s.repo, s.brisk)
}

// dispatch starts one session for findings of an earlier record, and tells
// whether there were any.
func (m *sim) dispatch(r *repository, at time.Time, q request) bool {
	f := q.planned[0]
	if f == planNeverStarted || m.closing(at) && !q.asked {
		return false
	}
	batch := r.dispatchable()
	if batch == nil {
		return false
	}
	// Its name holds its second.
	if at.Unix() <= r.lastDispatch {
		at = time.Unix(r.lastDispatch+1, int64(at.Nanosecond())).UTC()
	}
	r.lastDispatch = at.Unix()
	s := m.session(r, at, f, batch, q)
	s.batch, s.original = 1, r.baseline
	m.launch(s)
	m.note(s, at)
	name := strings.ReplaceAll(r.name, "/", "_") + "_dispatch_" + at.Format("20060102T150405") + "_" + strconv.Itoa(s.batch) + ".json"
	m.put(File{Kind: KindDispatch, Repo: r.name, Name: name, Body: writeDispatch(r, at, s)}, at, r, q.asked)
	return true
}

// dispatchable returns a batch of issues that one earlier record named.
func (r *repository) dispatchable() []*issue {
	for _, b := range r.batches(8) {
		var same []*issue
		for _, i := range b {
			if i.ref.number > 0 && (len(same) == 0 || i.ref.run == same[0].ref.run) {
				same = append(same, i)
			}
		}
		if len(same) > 0 {
			return same
		}
	}
	return nil
}
