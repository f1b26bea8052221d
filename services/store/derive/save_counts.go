package derive

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
)

// saveCounts replaces a repository's figures, and changes those of all by the
// difference. Nil counts take the repository away.
func saveCounts(tx *store.Tx, repo int64, now store.Counts) {
	before := tx.Counts(repo)
	diff := store.Counts{}
	maps.Copy(diff, now)
	for name, n := range before {
		diff[name] -= n
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(diff)), func(name string) bool { return diff[name] == 0 })
	for _, id := range [...]int64{repo, store.Everywhere} {
		var rows [][]store.Field
		for _, name := range names {
			rows = append(rows, []store.Field{store.Col("repo_id BIGINT", id), store.Col("name TEXT", name), store.Col("n BIGINT", diff[name])})
		}
		tx.Insert("repo_counts", `ON CONFLICT (repo_id, name) DO UPDATE SET n = repo_counts.n + excluded.n`, rows...)
	}
	if now == nil {
		tx.Exec(`DELETE FROM repo_counts WHERE repo_id = $1`, repo)
	}
}
