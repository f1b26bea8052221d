package derive

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// runSum is a row of the table run_sums: the sums over a repository's runs up to
// one of them.
type runSum struct {
	run, at               int64
	file, source          string
	runs, scans, found    int64
	severity, category    map[string]int64
	scanInterval, overdue int64
}

func (s *runSum) fields(repo int64) []store.Field {
	return []store.Field{
		store.Col("repo_id BIGINT", repo), store.Col("at BIGINT", s.at), store.Col("file TEXT", s.file),
		store.Col("source TEXT", s.source), store.Col("run_id BIGINT", s.run), store.Col("runs BIGINT", s.runs),
		store.Col("scans BIGINT", s.scans), store.Col("issues_found BIGINT", s.found),
		store.Col("severity TEXT", store.JSON(nonZero(s.severity))), store.Col("category TEXT", store.JSON(nonZero(s.category))),
		store.Col("scan_interval BIGINT", s.scanInterval), store.Col("due_at BIGINT", s.overdue),
	}
}

// sumRuns sums a repository's runs, from those of a time on.
func sumRuns(tx *store.Tx, repo, since int64) {
	tx.Exec(`DELETE FROM run_sums WHERE repo_id = $1 AND at >= $2`, repo, since)
	sum := runSum{severity: map[string]int64{}, category: map[string]int64{}}
	tx.Row(`SELECT runs, scans, issues_found, severity, category, scan_interval, due_at FROM run_sums WHERE repo_id = $1
		ORDER BY at DESC, file DESC, source DESC LIMIT 1`, repo).Scan(&sum.runs, &sum.scans, &sum.found,
		store.CountsOf(&sum.severity), store.CountsOf(&sum.category), &sum.scanInterval, &sum.overdue)
	// One row of text, and not one a scan: this runs at each new record.
	times := store.Numbers(store.One[string](tx, `SELECT COALESCE(string_agg(CAST(at AS TEXT), ' '), '') FROM runs
		WHERE repo_id = $1 AND kind = 'scan' AND at < $2`, repo, since))
	slices.Sort(times)
	var rows [][]store.Field
	tx.Each(`SELECT id, at, file, source, kind, issues_found, severity, category FROM runs WHERE repo_id = $1 AND at >= $2
		ORDER BY at, file, source`, []any{repo, since}, func(r *store.Row) {
		var kind telemetry.Kind
		var found int64
		r.Scan(&sum.run, &sum.at, &sum.file, &sum.source, &kind, &found, store.SumOf(sum.severity), store.SumOf(sum.category))
		sum.runs, sum.found = sum.runs+1, sum.found+found
		if kind == telemetry.KindScan {
			sum.scans++
			times = append(times, sum.at)
			sum.scanInterval, sum.overdue = telemetry.ScanDue(times)
		}
		rows = append(rows, sum.fields(repo))
	})
	tx.Put("run_sums", "", rows...)
}

// writeSums writes those up to its last run to a repository's row.
func writeSums(tx *store.Tx, repo int64) {
	sum := runSum{severity: map[string]int64{}, category: map[string]int64{}}
	tx.Row(`SELECT at, runs, scans, issues_found, severity, category, scan_interval, due_at FROM run_sums WHERE repo_id = $1
		ORDER BY at DESC, file DESC, source DESC LIMIT 1`, repo).Scan(&sum.at, &sum.runs, &sum.scans, &sum.found,
		store.CountsOf(&sum.severity), store.CountsOf(&sum.category), &sum.scanInterval, &sum.overdue)
	tx.Exec(`UPDATE repos SET runs = $1, scans = $2, dispatches = $3, issues_found = $4, last_run = $5, severity_sum = $6, category_sum = $7,
			scan_interval = $8, due_at = CASE WHEN retired_at = 0 THEN CAST($9 AS BIGINT) ELSE 0 END
		WHERE id = $10`, sum.runs, sum.scans, sum.runs-sum.scans, sum.found, sum.at, store.JSON(sum.severity), store.JSON(sum.category),
		sum.scanInterval, sum.overdue, repo)
}

// nonZero leaves out what no run counts.
func nonZero(sum map[string]int64) map[string]int64 {
	counted := maps.Clone(sum)
	maps.DeleteFunc(counted, func(_ string, n int64) bool { return n == 0 })
	return counted
}
