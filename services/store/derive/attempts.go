package derive

import (
	"fmt"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// attempt is a row of the table attempts.
type attempt struct {
	record, issue int64
	session       string
	scan, batch   int64
	basis         telemetry.AttemptBasis
	at            int64
	result        telemetry.VerificationResult
	ids           []string // what the record calls the issue, each as IssueKey
}

func (a attempt) fields() []store.Field {
	return []store.Field{
		store.Col("record_id BIGINT", a.record), store.Col("session TEXT", a.session),
		store.Col("issue_id BIGINT", a.issue), store.Col("scan_id BIGINT", a.scan), store.Col("batch_id BIGINT", a.batch),
		store.Col("basis TEXT", string(a.basis)), store.Col("at BIGINT", a.at), store.Col("result SMALLINT", int64(a.result)),
		store.Col("ids TEXT", store.JSON(a.ids)),
	}
}

// location is a finding of a scan.
type location struct {
	scan int64
	ord  int
}

// attemptResolver finds the issues that recorded attempts mean.
type attemptResolver struct {
	affected
	found map[int64][]int64                       // by run: the issue of each finding
	logs  map[int64]map[string]*telemetry.Finding // by run: the findings of its log by issue key
	*records
}

// newAttemptResolver returns a resolver. found are the issues of the scans just
// applied.
func newAttemptResolver(r *records, found map[int64][]int64) *attemptResolver {
	return &attemptResolver{newAffected(), found, map[int64]map[string]*telemetry.Finding{}, r}
}

// put writes which issues the sessions of records took, and what that makes of
// the issues.
func (a *attemptResolver) put(attempts map[int64][]telemetry.Attempt, verifications set[int64]) affected {
	tx, in := a.tx, a.tx.In(1, "BIGINT")
	if len(attempts) == 0 || tx.Err() != nil {
		return a.affected
	}
	issues := set[int64]{}
	issues.addRows(tx, `SELECT DISTINCT issue_id FROM attempts WHERE record_id `+in, list(attempts))
	tx.Exec(`DELETE FROM attempts WHERE record_id `+in, list(attempts))
	var rows [][]store.Field
	for _, id := range sorted(attempts) {
		if len(attempts[id]) == 0 && !verifications[id] { // a verification has its scan even if it names nothing
			continue
		}
		for _, attempt := range a.of(id, attempts[id]) {
			issues[attempt.issue] = true
			rows = append(rows, attempt.fields())
		}
	}
	tx.Put("attempts", "", rows...)
	countAttempts(tx, issues)
	a.issues.add(issues)
	return a.affected
}

// of returns a record's attempts, each session and issue once, by the
// strongest basis.
func (a *attemptResolver) of(id int64, attempts []telemetry.Attempt) []attempt {
	g := a.groundsOf(id)
	out := resolved{grounds: g, resolver: a, at: map[attemptKey]int{}, unnamed: map[string]telemetry.Batch{}}
	unmatched := 0
	for _, t := range attempts {
		if out.add(t) == 0 {
			unmatched++
		}
	}
	for _, session := range sorted(out.unnamed) {
		for _, f := range a.stated(session) {
			out.put(telemetry.Attempt{Session: session, Batch: out.unnamed[session]}, g.find(f), telemetry.AttemptState)
		}
	}
	if g.base.basis == telemetry.AttemptVerification {
		a.tx.Exec(`UPDATE verifications SET unmatched = $1 WHERE id = $2`, unmatched, id)
		a.verifications[id] = true
	}
	return out.all
}

// resolved are the attempts of a record as far as they are resolved.
type resolved struct {
	grounds
	resolver *attemptResolver
	all      []attempt
	at       map[attemptKey]int         // places in all
	meant    int                        // findings so far
	unnamed  map[string]telemetry.Batch // sessions with an id that neither record nor log name, and their batches
}

type attemptKey struct {
	session string
	issue   int64
}

// add resolves one attempt, and returns how many findings it means.
func (r *resolved) add(t telemetry.Attempt) int {
	if r.meant >= telemetry.MaxAttempts { // beyond it a record means everything, so nothing
		return 0
	}
	locations, basis := r.means(t)
	r.meant += len(locations)
	if len(locations) == 0 && t.Index < 0 {
		r.unnamed[t.Session] = t.Batch
	}
	r.put(t, locations, basis)
	return len(locations)
}

// put adds what an attempt means.
func (r *resolved) put(t telemetry.Attempt, locations []location, basis telemetry.AttemptBasis) {
	for _, p := range locations {
		one := r.base
		one.session, one.batch, one.result, one.scan, one.issue = t.Session, int64(t.Batch), t.Result, p.scan, r.resolver.issueAt(p)
		one.basis, one.ids = basis, idsOf(t)
		k := attemptKey{one.session, one.issue}
		if same, again := r.at[k]; again {
			r.all[same].result = max(r.all[same].result, one.result) // called both fixed and still present: it is not fixed
			r.all[same].ids = outcomes.JoinIDs(r.all[same].ids, one.ids)
		} else if one.issue != 0 {
			r.at[k] = len(r.all)
			r.all = append(r.all, one)
		}
	}
}

// idsOf are what a record calls an attempt's issue: none where it has no id.
func idsOf(t telemetry.Attempt) []string {
	if key := telemetry.IssueKey(t.Finding.IssueID); key != "" {
		return []string{key}
	}
	return []string{}
}

// grounds are what a record's attempts have in common, and which findings of
// which scan they mean.
type grounds struct {
	base    attempt
	resolve func(telemetry.Attempt) []location // what the record itself says
	logged  func(id string) []location         // what the log of the run that the id names says
	find    func(telemetry.Finding) []location // a finding that is not the record's
}

func (a *attemptResolver) groundsOf(id int64) grounds {
	tx := a.tx
	g := grounds{base: attempt{record: id, basis: telemetry.AttemptRecord}}
	var kind telemetry.Kind
	var repo int64
	var file string
	run := tx.Row(`SELECT kind, repo_id, at, file FROM runs WHERE id = $1`, id).Scan(&kind, &repo, &g.base.at, &file).Found
	before := &scansBefore{tx, repo, g.base.at, file, map[string]int64{}}
	switch {
	case run && kind == telemetry.KindDispatch:
		g.base.basis = telemetry.AttemptDispatch
		g.resolve = func(t telemetry.Attempt) []location { return a.dispatched(before, t.Finding) }
		g.logged = func(id string) []location {
			if number, ok := telemetry.IssueIDRun(id); ok {
				return a.logged(before.last(` AND run_number = $4`, number), id, before)
			}
			return nil
		}
		g.find = func(f telemetry.Finding) []location { return a.like(before.last(""), f) }
		return g
	case run:
		g.resolve = func(t telemetry.Attempt) []location { return []location{{id, t.Index}} }
		g.logged = func(issue string) []location { return a.logged(id, issue, before) }
		g.find = func(f telemetry.Finding) []location { return a.like(id, f) }
		return g
	}
	g.base.basis = telemetry.AttemptVerification
	tx.Row(`SELECT at FROM verifications WHERE id = $1`, id).Scan(&g.base.at)
	scan, repo := verifiedScan(tx, id)
	tx.Exec(`UPDATE verifications SET repo_id = $1, scan_id = $2 WHERE id = $3`, repo, scan, id)
	g.resolve = func(t telemetry.Attempt) []location { return a.like(scan, t.Finding) }
	return g
}

// means returns the findings that an attempt means, and the basis.
func (g *grounds) means(t telemetry.Attempt) ([]location, telemetry.AttemptBasis) {
	if t.Index < 0 {
		return g.logged(t.Finding.IssueID), telemetry.AttemptLog
	}
	return g.resolve(t), g.base.basis
}

// scansBefore looks up scans before a dispatch, and remembers them.
type scansBefore struct {
	tx       *store.Tx
	repo, at int64
	file     string
	found    map[string]int64
}

// last returns the last of the scans with findings data for which more holds, 0 without one.
func (b *scansBefore) last(more string, args ...any) int64 {
	key := fmt.Sprint(more, args)
	if _, asked := b.found[key]; !asked {
		b.found[key] = store.One[int64](b.tx, `SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1
			AND (at < $2 OR (at = $2 AND file < $3))`+more+` ORDER BY at DESC, file DESC, source DESC LIMIT 1`,
			append([]any{b.repo, b.at, b.file}, args...)...)
	}
	return b.found[key]
}

// dispatched returns the places of a dispatch's finding: in the scan of the run
// that its id names, else in the last scan with findings data before it.
func (a *attemptResolver) dispatched(b *scansBefore, f telemetry.Finding) []location {
	if run, ok := telemetry.IssueIDRun(f.IssueID); ok {
		if found := a.like(b.last(` AND run_number = $4`, run), f); len(found) > 0 {
			return found
		}
	}
	return a.like(b.last(""), f)
}

// like returns the places of a scan's findings that a record means by f.
func (a *attemptResolver) like(scan int64, f telemetry.Finding) []location {
	if scan == 0 {
		return nil
	}
	if a.indexes[scan] == nil {
		rec := a.kept(scan)
		if rec == nil {
			return nil
		}
		a.indexes[scan] = identity.IndexFindings(rec.Findings)
	}
	var found []location
	for _, ord := range a.indexes[scan].Like(f) {
		found = append(found, location{scan, ord})
	}
	return found
}

// issueAt returns the id of the issue that a finding is, 0 if it is none.
func (a *attemptResolver) issueAt(p location) int64 {
	if a.found[p.scan] == nil {
		a.found[p.scan] = store.All[int64](a.tx, `SELECT issue_id FROM appearances WHERE run_id = $1 ORDER BY ord`, p.scan)
	}
	if p.ord >= len(a.found[p.scan]) {
		return 0
	}
	return a.found[p.scan][p.ord]
}

// countAttempts writes how many sessions worked on each issue, the latest, and when.
func countAttempts(tx *store.Tx, issues set[int64]) {
	if len(issues) == 0 || tx.Err() != nil {
		return
	}
	tx.Touch(telemetry.TopicRecords)
	const of = `FROM attempts a WHERE a.issue_id = issues.id AND a.session <> ''`
	tx.Exec(`UPDATE issues SET attempts = (SELECT COUNT(DISTINCT a.session) `+of+`),
			session = COALESCE((SELECT a.session `+of+` ORDER BY a.at DESC, a.session LIMIT 1), ''),
			attempted_at = COALESCE((SELECT MAX(a.at) `+of+`), 0)
		WHERE id `+tx.In(1, "BIGINT"), list(issues))
}
