package derive

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
)

// saveDays adds the changes to the repository's days and to those of all.
func saveDays(tx *store.Tx, repo int64, b store.DayBook) {
	addDays(tx, repo, b)
	addDays(tx, store.Everywhere, b)
}

func addDays(tx *store.Tx, repo int64, b store.DayBook) {
	var rows [][]store.Field
	keys := slices.SortedFunc(maps.Keys(b), func(a, b store.DayKey) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Severity, b.Severity))
	})
	for _, k := range keys {
		if c := b[k]; c != (store.DayCount{}) {
			rows = append(rows, []store.Field{
				store.Col("repo_id BIGINT", repo), store.Col("day BIGINT", k.Day), store.Col("severity TEXT", k.Severity),
				store.Col("opened BIGINT", c.Opened), store.Col("closed BIGINT", c.Closed), store.Col("net BIGINT", c.Net),
				store.Col("unlisted BIGINT", c.Unlisted),
			})
		}
	}
	tx.Insert("days", `ON CONFLICT (repo_id, day, severity) DO UPDATE SET opened = days.opened + excluded.opened,
		closed = days.closed + excluded.closed, net = days.net + excluded.net, unlisted = days.unlisted + excluded.unlisted`, rows...)
}

// dropDays takes a repository's days away, and out of those of all.
func dropDays(tx *store.Tx, repo int64) {
	b := store.DayBook{}
	for k, c := range tx.Days(repo, "") {
		b[k] = store.DayCount{}.Minus(c)
	}
	tx.Exec(`DELETE FROM days WHERE repo_id = $1`, repo)
	addDays(tx, store.Everywhere, b)
	tx.Exec(`DELETE FROM days WHERE repo_id = $1 AND opened = 0 AND closed = 0 AND net = 0 AND unlisted = 0`, store.Everywhere)
}

// countUnlisted brings the days up to date with what scans without findings
// data counted before the repository's first scan with them.
func countUnlisted(tx *store.Tx, repo int64) {
	want := tx.UnlistedDays(repo, store.Never)
	for k, c := range tx.Days(repo, ` AND unlisted <> 0`) {
		want[k] = want[k].Minus(store.DayCount{Unlisted: c.Unlisted})
	}
	saveDays(tx, repo, want)
}
