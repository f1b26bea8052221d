package derive

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// tallyOf counts a repository from its rows.
func (d *derivation) tallyOf(repo int64) store.Tally {
	t := store.Tally{}
	var runs, scans, dispatches, found, open int64
	var listed bool
	var openSeverity, openCategory, severity, category map[string]int64
	d.tx.Row(`SELECT runs, scans, dispatches, issues_found, open, listed, open_severity, open_category, severity_sum, category_sum
		FROM repos WHERE id = $1`, repo).Scan(&runs, &scans, &dispatches, &found, &open, &listed,
		store.CountsOf(&openSeverity), store.CountsOf(&openCategory), store.CountsOf(&severity), store.CountsOf(&category))
	t["repos"], t["runs"], t["scans"], t["dispatches"], t["issues_found"], t["open"] = 1, runs, scans, dispatches, found, open
	if !listed {
		t["unlisted"] = open
	}
	t.Family("open_severity", openSeverity)
	t.Family("open_category", openCategory)
	t.Family("severity_sum", severity)
	t.Family("category_sum", category)
	d.tx.Each(`SELECT state, COUNT(*), SUM(has_pr) FROM sessions WHERE repo_id = $1 GROUP BY state`, []any{repo}, func(r *store.Row) {
		var state string
		var n, withPR int64
		r.Scan(&state, &n, &withPR)
		t["state:"+state] = n
		t["state_pr:"+state] = withPR
		t["sessions_with_pr"] += withPR
		if state != string(telemetry.StateNeverStarted) {
			t["sessions_created"] += n
		}
	})
	return t
}

// saveTally replaces a repository's figures, and changes those of all by the
// difference. A nil tally takes the repository away.
func (d *derivation) saveTally(repo int64, now store.Tally) {
	before := d.tx.Tally(repo)
	diff := store.Tally{}
	maps.Copy(diff, now)
	for name, n := range before {
		diff[name] -= n
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(diff)), func(name string) bool { return diff[name] == 0 })
	for _, id := range [...]int64{repo, store.Everywhere} {
		rows := make([][]any, len(names))
		for i, name := range names {
			rows[i] = []any{id, name, diff[name]}
		}
		d.tx.Bulk("tallies", []string{"repo_id BIGINT", "name TEXT", "n BIGINT"}, rows, `ON CONFLICT (repo_id, name) DO UPDATE SET n = tallies.n + excluded.n`)
	}
	if now == nil {
		d.tx.Exec(`DELETE FROM tallies WHERE repo_id = $1`, repo)
	}
}
