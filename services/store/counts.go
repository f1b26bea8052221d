package store

import (
	"telemetry-dashboard/services/telemetry"
)

// countRepo brings a repository's figures up to date.
func (d *derivation) countRepo(repo int64) {
	tx := d.tx
	var key, forkKey string
	if !tx.row(`SELECT key, fork_key FROM repos WHERE id = $1`, repo).scan(&key, &forkKey).found {
		return
	}
	var scans, dispatches, found, last int64
	severity, category := map[string]int64{}, map[string]int64{}
	tx.each(`SELECT kind, issues_found, severity, category, at FROM runs WHERE repo_id = $1`, []any{repo}, func(r *row) {
		var kind telemetry.Kind
		var n, when int64
		var sev, cat string
		r.scan(&kind, &n, &sev, &cat, &when)
		if kind == telemetry.KindScan {
			scans++
		} else {
			dispatches++
		}
		found += n
		last = max(last, when)
		add(severity, fromJSON[map[string]int64](tx, sev))
		add(category, fromJSON[map[string]int64](tx, cat))
	})
	var created, finished, active, waiting, withPR, never int64
	tx.row(`SELECT COALESCE(SUM(CASE WHEN id <> '' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'finished' THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state IN ('queued', 'working', 'waiting') THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(has_pr), 0), COALESCE(SUM(CASE WHEN state = 'never_started' THEN 1 ELSE 0 END), 0) FROM sessions WHERE repo_id = $1`, repo).
		scan(&created, &finished, &active, &waiting, &withPR, &never)
	prs := countPulls(tx, `listed = 1 AND (repo_key = $1 OR repo_key = $2)`, key, forkKey)
	tx.exec(`UPDATE repos SET runs = $1, scans = $2, dispatches = $3, issues_found = $4, last_run = $5, sessions_created = $6, sessions_finished = $7, sessions_active = $8, sessions_waiting = $9,
			sessions_with_pr = $10, never_started = $11, prs_total = $12, prs_open = $13, prs_closed = $14, prs_merged = $15, prs_unknown = $16, severity_sum = $17, category_sum = $18 WHERE id = $19`,
		scans+dispatches, scans, dispatches, found, last, created, finished, active, waiting, withPR, never, prs.Total, prs.Open, prs.Closed, prs.Merged, prs.Unknown, jsonText(severity), jsonText(category), repo)
	d.countOpen(repo)
}

func add(sum, more map[string]int64) {
	for name, n := range more {
		sum[name] += n
	}
}

func countPulls(tx *Tx, where string, args ...any) telemetry.PullCounts {
	var c telemetry.PullCounts
	tx.each(`SELECT shown, COUNT(*) FROM pulls WHERE `+where+` GROUP BY shown`, args, func(r *row) {
		var shown string
		var n int64
		r.scan(&shown, &n)
		c.Total += n
		switch shown {
		case "merged":
			c.Merged += n
		case "open":
			c.Open += n
		case "closed":
			c.Closed += n
		default:
			c.Unknown += n
		}
	})
	return c
}

// countOpen counts what is open now: the open issues or, without a
// reference scan, what the latest scan counted.
func (d *derivation) countOpen(repo int64) {
	tx := d.tx
	var refFile, latestFile, latestSeverity, latestCategory string
	var latestAt, latestRun, latestFound, refAt int64
	tx.row(`SELECT ref_file, ref_at FROM repos WHERE id = $1`, repo).scan(&refFile, &refAt)
	tx.row(`SELECT file, at, run_number, issues_found, severity, category FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at DESC, file DESC LIMIT 1`, repo).
		scan(&latestFile, &latestAt, &latestRun, &latestFound, &latestSeverity, &latestCategory)
	var dataFile string
	tx.row(`SELECT data_file FROM repos WHERE id = $1`, repo).scan(&dataFile)
	open, severity, category := int64(0), map[string]int64{}, map[string]int64{}
	if refFile != "" {
		tx.each(`SELECT severity, family, COUNT(*) FROM issues WHERE repo_id = $1 AND closed_file = '' GROUP BY severity, family`, []any{repo}, func(r *row) {
			var sev, fam string
			var n int64
			r.scan(&sev, &fam, &n)
			open += n
			severity[sev] += n
			category[fam] += n
		})
	} else if latestFile != "" {
		open = latestFound
		add(severity, fromJSON[map[string]int64](tx, latestSeverity))
		add(category, fromJSON[map[string]int64](tx, latestCategory))
	}
	tx.exec(`UPDATE repos SET open = $1, open_severity = $2, open_category = $3, critical_high = $4, listed = $5, unnamed = $6, latest_at = $7, latest_file = $8, latest_run = $9 WHERE id = $10`,
		open, jsonText(severity), jsonText(category), severity["critical"]+severity["high"], flag(refFile != ""), flag(latestFile != dataFile), latestAt, latestFile, latestRun, repo)
}
