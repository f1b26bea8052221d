package derive

import (
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// countDue notes a repository's median time between two scans, and when the
// next one is overdue.
func (d *derivation) countDue(repo int64) {
	// One row of text, and not one a scan: this runs at each new record.
	var text string
	d.tx.Row(`SELECT COALESCE(string_agg(CAST(at AS TEXT), ' '), '') FROM runs WHERE repo_id = $1 AND kind = 'scan'`, repo).Scan(&text)
	times := store.Numbers(text)
	slices.Sort(times)
	interval, due := telemetry.ScanDue(times)
	d.tx.Exec(`UPDATE repos SET scan_interval = $1, due_at = $2 WHERE id = $3`, interval, due, repo)
}
