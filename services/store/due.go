package store

import (
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// countDue notes a repository's median time between two scans, and when the
// next one is overdue.
func (d *derivation) countDue(repo int64) {
	var times []int64
	d.tx.each(`SELECT at FROM runs WHERE repo_id = $1 AND kind = 'scan' ORDER BY at`, []any{repo}, func(r *row) {
		var when int64
		r.scan(&when)
		times = append(times, when)
	})
	interval, due := dueAt(times)
	d.tx.exec(`UPDATE repos SET scan_interval = $1, due_at = $2 WHERE id = $3`, interval, due, repo)
}

// dueAt returns the median interval of a repository's scans and the time
// after which the next is overdue (ux.md, "Needs you"), both in
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
