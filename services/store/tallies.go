package store

import (
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// tally is a set of figures by name. A name with a colon is one of a family:
// "open_severity:high".
type tally map[string]int64

func (t tally) family(name string, counts map[string]int64) {
	for word, n := range counts {
		t[name+":"+word] += n
	}
}

// words returns the figures of a family by word, those that are 0 left out.
func (t tally) words(name string) map[string]int64 {
	counts := map[string]int64{}
	for key, n := range t {
		if word, ok := strings.CutPrefix(key, name+":"); ok && n != 0 {
			counts[word] = n
		}
	}
	return counts
}

// tallyOf counts a repository from its rows.
func (d *derivation) tallyOf(repo int64) tally {
	t := tally{}
	d.tx.Each(`SELECT `+repoColumns+` FROM repos WHERE id = $1`, []any{repo}, func(r *Row) {
		var v telemetry.RepoRow
		scanRepo(r, &v)
		t["repos"] = 1
		t["runs"], t["scans"], t["dispatches"], t["issues_found"] = v.Runs, v.Scans, v.Dispatches, v.IssuesFound
		t["open"] = v.Open
		if !v.Listed {
			t["unlisted"] = v.Open
		}
		t.family("open_severity", v.OpenSeverity)
		t.family("open_category", v.OpenCategory)
		t.family("severity_sum", v.SeveritySum)
		t.family("category_sum", v.CategorySum)
	})
	d.tx.Each(`SELECT state, COUNT(*), SUM(has_pr) FROM sessions WHERE repo_id = $1 GROUP BY state`, []any{repo}, func(r *Row) {
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
func (d *derivation) saveTally(repo int64, now tally) {
	before := loadTally(d.tx, repo)
	diff := tally{}
	maps.Copy(diff, now)
	for name, n := range before {
		diff[name] -= n
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(diff)), func(name string) bool { return diff[name] == 0 })
	for _, id := range [...]int64{repo, everywhere} {
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

// loadTally returns the figures of a repository, or of all (everywhere).
func loadTally(tx *Tx, repo int64) tally {
	t := tally{}
	tx.Each(`SELECT name, n FROM tallies WHERE repo_id = $1`, []any{repo}, func(r *Row) {
		var name string
		var n int64
		r.Scan(&name, &n)
		t[name] = n
	})
	return t
}
