package derive

import (
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// runSums are a repository's sums over its runs, or what is to be added to
// them: a history is not read again for one new record.
type runSums struct {
	scans, dispatches, found int64
	severity, category       map[string]int64
}

// addRun adds a run to its repository's sums, or with sign -1 takes it out.
func (d *derivation) addRun(repo, sign int64, kind telemetry.Kind, found int64, severity, category map[string]int64) {
	d.repos[repo] = true
	s := d.deltas[repo]
	if s == nil {
		s = &runSums{severity: map[string]int64{}, category: map[string]int64{}}
		d.deltas[repo] = s
	}
	if kind == telemetry.KindScan {
		s.scans += sign
	} else {
		s.dispatches += sign
	}
	s.found += sign * found
	for name, n := range severity {
		s.severity[name] += sign * n
	}
	for name, n := range category {
		s.category[name] += sign * n
	}
}

// sumRuns writes the sums over runs.
func (d *derivation) sumRuns(repo int64, delta *runSums) {
	tx := d.tx
	var scans, dispatches, found, last int64
	var severityText, categoryText string
	tx.Row(`SELECT scans, dispatches, issues_found, severity_sum, category_sum FROM repos WHERE id = $1`, repo).Scan(&scans, &dispatches, &found, &severityText, &categoryText)
	severity, category := store.FromJSON[map[string]int64](tx, severityText), store.FromJSON[map[string]int64](tx, categoryText)
	add(severity, delta.severity)
	add(category, delta.category)
	tx.Row(`SELECT COALESCE(MAX(at), 0) FROM runs WHERE repo_id = $1`, repo).Scan(&last)
	scans, dispatches = scans+delta.scans, dispatches+delta.dispatches
	tx.Exec(`UPDATE repos SET runs = $1, scans = $2, dispatches = $3, issues_found = $4, last_run = $5, severity_sum = $6, category_sum = $7 WHERE id = $8`,
		scans+dispatches, scans, dispatches, found+delta.found, last, store.JSON(nonZero(severity)), store.JSON(nonZero(category)), repo)
}

// nonZero leaves out what no run counts any more.
func nonZero(sum map[string]int64) map[string]int64 {
	maps.DeleteFunc(sum, func(_ string, n int64) bool { return n == 0 })
	return sum
}

// countRepo brings a repository's figures up to date.
func (d *derivation) countRepo(repo int64) {
	tx := d.tx
	var known int64
	if !tx.Row(`SELECT 1 FROM repos WHERE id = $1`, repo).Scan(&known).Found {
		return
	}
	if delta := d.deltas[repo]; delta != nil {
		d.sumRuns(repo, delta)
	}
	if d.deltas[repo] != nil || d.folds[repo] != nil {
		d.countOpen(repo)
		d.countDue(repo)
		d.countUnlisted(repo)
	}
	var created, finished, active, waiting, withPR, never int64
	tx.Each(`SELECT state, COUNT(*), SUM(has_pr) FROM sessions WHERE repo_id = $1 GROUP BY state`, []any{repo}, func(r *store.Row) {
		var state telemetry.State
		var n, pr int64
		r.Scan(&state, &n, &pr)
		if state == telemetry.StateNeverStarted {
			never += n
			return
		}
		created, withPR = created+n, withPR+pr
		if state.Active() {
			active += n
		}
		switch state {
		case telemetry.StateFinished:
			finished += n
		case telemetry.StateWaiting:
			waiting += n
		}
	})
	prs := countPulls(tx, repo)
	tx.Exec(`UPDATE repos SET sessions_created = $1, sessions_finished = $2, sessions_active = $3, sessions_waiting = $4,
			sessions_with_pr = $5, never_started = $6, prs_total = $7, prs_open = $8, prs_closed = $9, prs_merged = $10, prs_unknown = $11 WHERE id = $12`,
		created, finished, active, waiting, withPR, store.Never, prs.Total, prs.Open, prs.Closed, prs.Merged, prs.Unknown, repo)
	d.saveTally(repo, d.tallyOf(repo))
}

func add(sum, more map[string]int64) {
	for name, n := range more {
		sum[name] += n
	}
}

// countPulls counts the pull requests of a repository's homes by state. The
// expression keeps SQLite from reading all pull requests in the order of
// their states.
func countPulls(tx *store.Tx, repo int64) telemetry.PullCounts {
	var c telemetry.PullCounts
	tx.Each(`SELECT MIN(shown), COUNT(*) FROM pulls
		WHERE listed = 1 AND repo_key IN (SELECT key FROM homes WHERE repo_id = $1) GROUP BY shown || ''`, []any{repo}, func(r *store.Row) {
		var shown string
		var n int64
		r.Scan(&shown, &n)
		c.Add(shown, n)
	})
	return c
}

// countOpen counts what is open now: the open issues or, without a
// reference scan, what the latest scan counted.
func (d *derivation) countOpen(repo int64) {
	tx := d.tx
	var refFile, latestFile, latestSeverity, latestCategory string
	var latestAt, latestRun, latestFound, refAt int64
	tx.Row(`SELECT ref_file, ref_at FROM repos WHERE id = $1`, repo).Scan(&refFile, &refAt)
	tx.Row(`SELECT file, at, run_number, issues_found, severity, category FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at DESC, file DESC, source DESC LIMIT 1`, repo).
		Scan(&latestFile, &latestAt, &latestRun, &latestFound, &latestSeverity, &latestCategory)
	var dataFile string
	tx.Row(`SELECT data_file FROM repos WHERE id = $1`, repo).Scan(&dataFile)
	open, severity, category := int64(0), map[string]int64{}, map[string]int64{}
	if refFile != "" {
		tx.Each(`SELECT severity, family, COUNT(*) FROM issues WHERE repo_id = $1 AND status_rank < $2 GROUP BY severity, family`, []any{repo, telemetry.StatusFixed.Rank()}, func(r *store.Row) {
			var sev, fam string
			var n int64
			r.Scan(&sev, &fam, &n)
			open += n
			severity[sev] += n
			category[fam] += n
		})
	} else if latestFile != "" {
		open = latestFound
		add(severity, store.FromJSON[map[string]int64](tx, latestSeverity))
		add(category, store.FromJSON[map[string]int64](tx, latestCategory))
	}
	tx.Exec(`UPDATE repos SET open = $1, open_severity = $2, open_category = $3, critical_high = $4, listed = $5, unnamed = $6, latest_at = $7, latest_file = $8, latest_run = $9 WHERE id = $10`,
		open, store.JSON(severity), store.JSON(category), severity["critical"]+severity["high"], store.Flag(refFile != ""), store.Flag(latestFile != dataFile), latestAt, latestFile, latestRun, repo)
}
