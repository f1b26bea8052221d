package derive

import (
	"fmt"
	"maps"
	"slices"

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
	claim         telemetry.Claim
}

// place is a finding of a scan.
type place struct {
	scan int64
	ord  int
}

// deriveAttempts writes which issues the sessions of the changed records
// took.
func (d *derivation) deriveAttempts() {
	tx := d.tx
	ids := slices.Sorted(maps.Keys(d.takes))
	if len(ids) == 0 || tx.Err() != nil {
		return
	}
	tx.Each(`SELECT DISTINCT issue_id FROM attempts WHERE record_id `+tx.In(1, "BIGINT"), []any{store.JSON(ids)}, func(r *store.Row) {
		var issue int64
		r.Scan(&issue)
		d.issues[issue] = true
	})
	tx.Exec(`DELETE FROM attempts WHERE record_id `+tx.In(1, "BIGINT"), store.JSON(ids))
	var rows [][]any
	for _, id := range ids {
		for _, a := range d.attemptsOf(id, d.takes[id]) {
			d.issues[a.issue] = true
			rows = append(rows, []any{a.record, a.session, a.issue, a.scan, a.batch, string(a.basis), a.at, int(a.claim)})
		}
	}
	tx.Bulk("attempts", []string{"record_id BIGINT", "session TEXT", "issue_id BIGINT", "scan_id BIGINT", "batch_id BIGINT", "basis TEXT", "at BIGINT", "claim SMALLINT"}, rows, "")
}

// attemptsOf returns a record's attempts, each session and issue once.
func (d *derivation) attemptsOf(id int64, takes []telemetry.Take) []attempt {
	if len(takes) == 0 && !d.claims[id] { // a verification has its scan even if it names nothing
		return nil
	}
	base, resolve := d.groundsOf(id)
	type key struct {
		session string
		issue   int64
	}
	at, unmatched := map[key]int{}, 0
	var attempts []attempt
	meant := 0
	for _, t := range takes {
		var places []place
		if meant < telemetry.MaxTakes { // beyond it a record means everything, so nothing
			places = resolve(t)
			meant += len(places)
		}
		if len(places) == 0 {
			unmatched++
		}
		for _, p := range places {
			a := base
			a.session, a.batch, a.claim, a.scan, a.issue = t.Session, t.Batch, t.Claim, p.scan, d.issueAt(p)
			k := key{a.session, a.issue}
			if same, again := at[k]; again {
				attempts[same].claim = max(attempts[same].claim, a.claim) // called both fixed and still present: it is not fixed
			} else if a.issue != 0 {
				at[k] = len(attempts)
				attempts = append(attempts, a)
			}
		}
	}
	if base.basis == telemetry.AttemptVerification {
		d.tx.Exec(`UPDATE verifications SET unmatched = $1 WHERE id = $2`, unmatched, id)
		d.claims[id] = true
	}
	return attempts
}

// groundsOf returns what a record's attempts have in common, and which
// findings of which scan each take means.
func (d *derivation) groundsOf(id int64) (base attempt, resolve func(telemetry.Take) []place) {
	tx := d.tx
	base = attempt{record: id, basis: telemetry.AttemptRecord}
	var kind telemetry.Kind
	var repo int64
	var file string
	switch run := tx.Row(`SELECT kind, repo_id, at, file FROM runs WHERE id = $1`, id).Scan(&kind, &repo, &base.at, &file).Found; {
	case run && kind == telemetry.KindDispatch:
		base.basis = telemetry.AttemptDispatch
		b := &scansBeforeIt{repo, base.at, file, map[string]int64{}}
		return base, func(t telemetry.Take) []place { return d.dispatched(b, t.Finding) }
	case run:
		return base, func(t telemetry.Take) []place { return []place{{id, t.Place}} }
	}
	base.basis = telemetry.AttemptVerification
	tx.Row(`SELECT at FROM verifications WHERE id = $1`, id).Scan(&base.at)
	scan, repo := d.verifiedScan(id)
	tx.Exec(`UPDATE verifications SET repo_id = $1, scan_id = $2 WHERE id = $3`, repo, scan, id)
	return base, func(t telemetry.Take) []place { return d.like(scan, t.Finding) }
}

// scansBeforeIt remembers which scans before a dispatch were looked up.
type scansBeforeIt struct {
	repo, at int64
	file     string
	found    map[string]int64
}

const scanBefore = `SELECT id FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1 AND (at < $2 OR (at = $2 AND file < $3))`

// last returns the last of the scans with findings data before the dispatch
// for which more holds, 0 without one.
func (b *scansBeforeIt) last(d *derivation, more string, args ...any) int64 {
	key := fmt.Sprint(more, args)
	id, asked := b.found[key]
	if !asked {
		d.tx.Row(scanBefore+more+` ORDER BY at DESC, file DESC, source DESC LIMIT 1`, append([]any{b.repo, b.at, b.file}, args...)...).Scan(&id)
		b.found[key] = id
	}
	return id
}

// dispatched returns the places of a dispatch's finding: in the scan of the
// run that its id names, else in the last scan with findings data before it.
func (d *derivation) dispatched(b *scansBeforeIt, f telemetry.Finding) []place {
	if run, ok := telemetry.IssueIDRun(f.IssueID); ok {
		if found := d.like(b.last(d, ` AND run_number = $4`, run), f); len(found) > 0 {
			return found
		}
	}
	return d.like(b.last(d, ""), f)
}

// like returns the places of a scan's findings that a record means by f.
func (d *derivation) like(scan int64, f telemetry.Finding) []place {
	if scan == 0 {
		return nil
	}
	if d.indexes[scan] == nil {
		rec := d.parsed[scan]
		if rec == nil {
			if rec = d.record(scan); rec == nil {
				return nil
			}
			d.parsed[scan] = rec
		}
		d.indexes[scan] = identity.IndexFindings(rec.Findings)
	}
	var found []place
	for _, ord := range d.indexes[scan].Like(f) {
		found = append(found, place{scan, ord})
	}
	return found
}

// issueAt returns the id of the issue that a finding is, 0 if it is none.
func (d *derivation) issueAt(p place) int64 {
	if d.places[p.scan] == nil {
		issues := []int64{}
		d.tx.Each(`SELECT issue_id FROM appearances WHERE run_id = $1 ORDER BY ord`, []any{p.scan}, func(r *store.Row) {
			var id int64
			r.Scan(&id)
			issues = append(issues, id)
		})
		d.places[p.scan] = issues
	}
	if p.ord >= len(d.places[p.scan]) {
		return 0
	}
	return d.places[p.scan][p.ord]
}

// retake marks the records whose attempts an added scan can change: later
// dispatches of its repository, and verifications that name its run.
func (d *derivation) retake(repo int64, scans []addedScan) {
	if len(scans) == 0 {
		return
	}
	runs := make([]int64, len(scans))
	for i, s := range scans {
		runs[i] = s.scan.Run
	}
	d.retakeRuns(`r.repo_id = $1 AND r.kind = 'dispatch' AND r.at >= $2`, repo, store.Millis(scans[0].scan.At))
	d.retakeVerifications(`source_run `+d.tx.In(1, "BIGINT"), store.JSON(runs))
}

func (d *derivation) retakeRuns(where string, args ...any) {
	d.retakeAll(nil, `SELECT r.id FROM runs r WHERE `+where, args...)
}

func (d *derivation) retakeVerifications(where string, args ...any) {
	d.retakeAll(d.claims, `SELECT id FROM verifications WHERE `+where, args...)
}

// retakeAll reads what the records of a query say that sessions took, and
// notes each in mark, if that is given.
func (d *derivation) retakeAll(mark map[int64]bool, query string, args ...any) {
	var ids []int64
	d.tx.Each(query, args, func(r *store.Row) {
		var id int64
		r.Scan(&id)
		ids = append(ids, id)
	})
	for _, id := range ids {
		if mark != nil {
			mark[id] = true
		}
		if _, done := d.takes[id]; done {
			continue
		}
		if rec := d.record(id); rec != nil {
			d.takes[id] = rec.Takes()
		}
	}
}

// countAttempts writes how many sessions took each issue, which was the
// latest, and when.
func (d *derivation) countAttempts() {
	if len(d.issues) == 0 || d.tx.Err() != nil {
		return
	}
	d.tx.Touch(telemetry.TopicRecords)
	d.tx.Exec(`UPDATE issues SET attempts = (SELECT COUNT(DISTINCT a.session) FROM attempts a WHERE a.issue_id = issues.id AND a.session <> ''),
			session = COALESCE((SELECT a.session FROM attempts a WHERE a.issue_id = issues.id AND a.session <> '' ORDER BY a.at DESC, a.session LIMIT 1), ''),
			taken_at = COALESCE((SELECT MAX(a.at) FROM attempts a WHERE a.issue_id = issues.id AND a.session <> ''), 0)
		WHERE id `+d.tx.In(1, "BIGINT"), store.JSON(slices.Sorted(maps.Keys(d.issues))))
}
