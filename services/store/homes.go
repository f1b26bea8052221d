package store

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// A repository's homes are where its pull requests are opened: itself, and
// every fork that one of its runs names (docs/rules.md#repositories), and what these
// were renamed to. A fork that a newer run no longer names keeps its pull
// requests.

// isHome is true of a pull request p of a target or a fork.
const isHome = `EXISTS (SELECT 1 FROM homes h WHERE h.key = p.repo_key)`

// homesOf returns the keys of a repository's homes, sorted.
func homesOf(tx *Tx, repo int64) []string {
	keys := []string{}
	tx.Each(`SELECT key FROM homes WHERE repo_id = $1 ORDER BY key`, []any{repo}, func(r *Row) {
		var key string
		r.Scan(&key)
		keys = append(keys, key)
	})
	return keys
}

// homesAt returns them as the records up to a time name them.
func homesAt(tx *Tx, repo, t int64) []string {
	keys := map[string]bool{}
	tx.Each(`SELECT key AS place FROM repos WHERE id = $1 UNION SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> '' AND at <= $2`, []any{repo, t}, func(r *Row) {
		var place string
		r.Scan(&place)
		if key := telemetry.ParseRepo(place).Key(); key != "" {
			keys[key] = true
		}
	})
	tx.Each(`SELECT new_key FROM moves WHERE key `+tx.In(1, "TEXT"), []any{JSON(slices.Sorted(maps.Keys(keys)))}, func(r *Row) {
		var key string
		r.Scan(&key)
		keys[key] = true
	})
	return slices.Sorted(maps.Keys(keys))
}

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
	d.tx.Each(`SELECT key, name FROM homes WHERE repo_id = $1`, []any{repo}, func(r *Row) {
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
		d.retakeVerifications(`pull_repo `+d.tx.In(1, "TEXT"), JSON(changed))
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
		d.tx.Each(`SELECT DISTINCT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''`, []any{repo}, func(r *Row) {
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
	d.tx.Each(`SELECT key FROM pulls WHERE repo_key `+d.tx.In(1, "TEXT"), []any{JSON(keys)}, func(r *Row) {
		var key string
		r.Scan(&key)
		d.pulls[key] = true
	})
}

// HomesThen returns the keys of the repositories that a target's pull requests
// were in at a time, in unix milliseconds.
func (tx *Tx) HomesThen(key string, at int64) []string {
	id, known := repoIDOf(tx, key)
	if !known {
		return nil
	}
	return homesAt(tx, id, at)
}
