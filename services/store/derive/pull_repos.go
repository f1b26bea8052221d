package derive

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// A repository's homes are where its pull requests are opened: itself, and
// every fork that one of its runs names (docs/rules.md#repositories), and what these
// were renamed to. A fork that a newer run no longer names keeps its pull
// requests.

// isHome is true of a pull request p of a target or a fork.
const isHome = `EXISTS (SELECT 1 FROM homes h WHERE h.key = p.repo_key)`

// nameFork notes the fork that a run names; anew tells that an older version
// of the run may have named another.
func (d *derivation) nameFork(repo int64, fork telemetry.RepoName, anew bool) {
	if anew {
		d.rehomed[repo] = true
	}
	if fork == "" {
		return
	}
	if d.forks[repo] == nil {
		d.forks[repo] = map[string]string{}
	}
	nameHome(d.forks[repo], fork)
}

// nameHome adds a home; of names that differ in case only, the first counts.
func nameHome(homes map[string]string, name telemetry.RepoName) {
	if have, known := homes[name.Key()]; !known || string(name) < have {
		homes[name.Key()] = string(name)
	}
}

// settleHomes brings a repository's homes up to date; without a name it has
// none any more.
func (d *derivation) settleHomes(repo int64, name telemetry.RepoName) {
	old := map[string]string{}
	d.tx.Each(`SELECT key, name FROM homes WHERE repo_id = $1`, []any{repo}, func(r *store.Row) {
		var key, name string
		r.Scan(&key, &name)
		old[key] = name
	})
	now := d.homes(repo, name, old)
	if maps.Equal(old, now) {
		return
	}
	rows, changed := [][]any{}, []string{}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		rows = append(rows, []any{repo, key, now[key]})
		if _, had := old[key]; !had {
			changed = append(changed, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if _, has := now[key]; !has {
			changed = append(changed, key)
		}
	}
	d.tx.Exec(`DELETE FROM homes WHERE repo_id = $1`, repo)
	d.tx.Bulk("homes", []string{"repo_id BIGINT", "key TEXT", "name TEXT"}, rows, "")
	if len(changed) > 0 {
		d.pullsOfRepos(changed)
		d.retakeVerifications(`pull_repo `+d.tx.In(1, "TEXT"), store.JSON(changed))
	}
}

// homes are a repository's homes by key: those it had and what was added,
// or all that its runs name where one of them may no longer do.
func (d *derivation) homes(repo int64, name telemetry.RepoName, old map[string]string) map[string]string {
	now := map[string]string{}
	if name == "" {
		return now
	}
	if d.rehomed[repo] {
		d.tx.Each(`SELECT DISTINCT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''`, []any{repo}, func(r *store.Row) {
			var url string
			r.Scan(&url)
			if fork := telemetry.ParseRepo(url); fork != "" {
				nameHome(now, fork)
			}
		})
	} else {
		maps.Copy(now, old)
		for _, fork := range d.forks[repo] {
			nameHome(now, telemetry.RepoName(fork))
		}
	}
	now[name.Key()] = string(name)
	d.movedHomes(now)
	return now
}

// pullsOfRepos marks the pull requests of repositories that became, or are no
// longer, a target or a fork.
func (d *derivation) pullsOfRepos(keys []string) {
	d.tx.Each(`SELECT key FROM pulls WHERE repo_key `+d.tx.In(1, "TEXT"), []any{store.JSON(keys)}, func(r *store.Row) {
		var key string
		r.Scan(&key)
		d.pulls[key] = true
	})
}
