package store

import (
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// countDue notes a repository's median time between two scans, and when the
// next one is overdue.
func (d *derivation) countDue(repo int64) {
	// One row of text, and not one a scan: this runs at each new record.
	var text string
	d.tx.Row(`SELECT COALESCE(string_agg(CAST(at AS TEXT), ' '), '') FROM runs WHERE repo_id = $1 AND kind = 'scan'`, repo).Scan(&text)
	times := textNumbers(text)
	slices.Sort(times)
	interval, due := dueAt(times)
	d.tx.Exec(`UPDATE repos SET scan_interval = $1, due_at = $2 WHERE id = $3`, interval, due, repo)
}

// dueAt returns the median interval of a repository's scans and the time
// after which the next is overdue (docs/rules.md#overdue-scans), both in
// milliseconds; 0 with too few scans. times are sorted.
func dueAt(times []int64) (interval, due int64) {
	if len(times) < telemetry.OverdueScans {
		return 0, 0
	}
	gaps := make([]int64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	slices.Sort(gaps)
	interval = telemetry.Quantile(gaps, 0.5)
	return interval, times[len(times)-1] + max(2*interval, telemetry.OverdueAtLeast.Milliseconds())
}
