package derive

import (
	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
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
}

func (a attempt) fields() []store.Field {
	return []store.Field{
		store.Col("record_id BIGINT", a.record), store.Col("session TEXT", a.session),
		store.Col("issue_id BIGINT", a.issue), store.Col("scan_id BIGINT", a.scan), store.Col("batch_id BIGINT", a.batch),
		store.Col("basis TEXT", string(a.basis)), store.Col("at BIGINT", a.at), store.Col("result SMALLINT", int64(a.result)),
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
	found map[int64][]int64 // by run: the issue of each finding
	*records
}

// putAttempts writes which issues sessions worked on. found are the issues of the scans just applied.
func putAttempts(r *records, attempts map[int64][]telemetry.Attempt, verifications set[int64], found map[int64][]int64) affected {
	a := attemptResolver{newAffected(), found, r}
	tx, in := r.tx, r.tx.In(1, "BIGINT")
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
	return a.affected
}

// of returns a record's attempts, each session and issue once.
func (a *attemptResolver) of(id int64, attempts []telemetry.Attempt) []attempt {
	base, resolve := a.groundsOf(id)
	type key struct {
		session string
		issue   int64
	}
	at, unmatched, meant := map[key]int{}, 0, 0
	var all []attempt
	for _, t := range attempts {
		var locations []location
		if meant < telemetry.MaxAttempts { // beyond it a record means everything, so nothing
			locations = resolve(t)
			meant += len(locations)
		}
		if len(locations) == 0 {
			unmatched++
		}
		for _, p := range locations {
			one := base
			one.session, one.batch, one.result, one.scan, one.issue = t.Session, int64(t.Batch), t.Result, p.scan, a.issueAt(p)
			k := key{one.session, one.issue}
			if same, again := at[k]; again {
				all[same].result = max(all[same].result, one.result) // called both fixed and still present: it is not fixed
			} else if one.issue != 0 {
				at[k] = len(all)
				all = append(all, one)
			}
		}
	}
	if base.basis == telemetry.AttemptVerification {
		a.tx.Exec(`UPDATE verifications SET unmatched = $1 WHERE id = $2`, unmatched, id)
		a.verifications[id] = true
	}
	return all
}

// groundsOf returns what a record's attempts have in common, and which findings each of them means.
func (a *attemptResolver) groundsOf(id int64) (base attempt, resolve func(telemetry.Attempt) []location) {
	tx := a.tx
	base = attempt{record: id, basis: telemetry.AttemptRecord}
	var kind telemetry.Kind
	var repo int64
	var file string
	switch run := tx.Row(`SELECT kind, repo_id, at, file FROM runs WHERE id = $1`, id).Scan(&kind, &repo, &base.at, &file).Found; {
	case run && kind == telemetry.KindDispatch:
		base.basis = telemetry.AttemptDispatch
		// last is the last scan with findings data before it for which more holds.
		last := func(more string, args ...any) int64 {
			return store.One[int64](tx, `SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1
				AND (at < $2 OR (at = $2 AND file < $3))`+more+` ORDER BY at DESC, file DESC, source DESC LIMIT 1`,
				append([]any{repo, base.at, file}, args...)...)
		}
		return base, func(t telemetry.Attempt) []location {
			if run, ok := telemetry.IssueIDRun(t.Finding.IssueID); ok { // the scan of the run that the finding's id names
				if found := a.like(last(` AND run_number = $4`, run), t.Finding); len(found) > 0 {
					return found
				}
			}
			return a.like(last(""), t.Finding)
		}
	case run:
		return base, func(t telemetry.Attempt) []location { return []location{{id, t.Index}} }
	}
	base.basis = telemetry.AttemptVerification
	tx.Row(`SELECT at FROM verifications WHERE id = $1`, id).Scan(&base.at)
	scan, repo := verifiedScan(tx, id)
	tx.Exec(`UPDATE verifications SET repo_id = $1, scan_id = $2 WHERE id = $3`, repo, scan, id)
	return base, func(t telemetry.Attempt) []location { return a.like(scan, t.Finding) }
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
