package derive

import (
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// A repository's pull requests are opened in itself, in every fork that one of
// its runs names (docs/rules.md#repositories), and in what these were renamed
// to. A fork that a newer run no longer names keeps its pull requests.

// isPullRepo is true of a pull request p of a target or a fork.
const isPullRepo = `EXISTS (SELECT 1 FROM pull_repos h WHERE h.key = p.repo_key)`

// nameFork notes the fork that a run names; again says that an older version
// of the run may have named another.
func (o *recorded) nameFork(repo int64, fork telemetry.RepoName, again bool) {
	if again {
		o.reforked[repo] = true
	}
	if fork == "" {
		return
	}
	if o.forks[repo] == nil {
		o.forks[repo] = map[string]string{}
	}
	addName(o.forks[repo], fork)
}

// addName adds a repository by its key; of names that differ in case only, the
// first counts.
func addName(names map[string]string, name telemetry.RepoName) {
	if have, known := names[name.Key()]; !known || string(name) < have {
		names[name.Key()] = string(name)
	}
}

// updatePullRepos brings up to date where a repository's pull requests are
// opened; without a name it has no runs any more.
func (o *described) updatePullRepos(repo int64, name telemetry.RepoName, forks map[string]string, reforked bool) {
	old := store.Map[string, string](o.tx, `SELECT key, name FROM pull_repos WHERE repo_id = $1`, repo)
	now := map[string]string{}
	if name != "" {
		if reforked {
			forks = allForks(o.tx, repo)
		} else {
			maps.Copy(now, old)
		}
		for _, fork := range forks {
			addName(now, telemetry.RepoName(fork))
		}
		now[name.Key()] = string(name)
		o.addRenamed(now)
	}
	if maps.Equal(old, now) {
		return
	}
	rows, changed := [][]store.Field{}, set[string]{}
	for _, key := range sorted(now) {
		rows = append(rows, []store.Field{
			store.Col("repo_id BIGINT", repo), store.Col("key TEXT", key), store.Col("name TEXT", now[key]),
		})
		if _, had := old[key]; !had {
			changed[key] = true
		}
	}
	for key := range old {
		if _, has := now[key]; !has {
			changed[key] = true
		}
	}
	o.tx.Exec(`DELETE FROM pull_repos WHERE repo_id = $1`, repo)
	o.tx.Put("pull_repos", "", rows...)
	if len(changed) > 0 {
		in := o.tx.In(1, "TEXT")
		o.pulls.addRows(o.tx, `SELECT key FROM pulls WHERE repo_key `+in, list(changed))
		o.verifications.add(rederiveAttempts(o.records, o.attempts, `SELECT id FROM verifications WHERE pull_repo `+in, list(changed)))
	}
}

// allForks are the names of all forks that a repository's runs name, by key.
func allForks(tx *store.Tx, repo int64) map[string]string {
	forks := map[string]string{}
	for _, url := range store.All[string](tx, `SELECT DISTINCT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''`, repo) {
		if fork := telemetry.ParseRepo(url); fork != "" {
			addName(forks, fork)
		}
	}
	return forks
}
