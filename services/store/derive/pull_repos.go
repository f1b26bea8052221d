package derive

import (
	"cmp"
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// A repository's pull requests are opened in itself and in every fork that one
// of its runs names (docs/rules.md#repositories), each under the name that it has
// now. A fork that a newer run no longer names keeps its pull requests.

// isPullRepo is true of a pull request p of a target or a fork.
const isPullRepo = `EXISTS (SELECT 1 FROM pull_repos h WHERE h.key = p.repo_key)`

// nameFork notes the fork that a run names; again: an older version may have named another.
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

// addName adds a repository by its key; of names that differ in case only, the first counts.
func addName(names map[string]string, name telemetry.RepoName) {
	if have, known := names[name.Key()]; !known || string(name) < have {
		names[name.Key()] = string(name)
	}
}

// updatePullRepos brings up to date where pull requests are opened; without a name there are no runs.
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
			addName(now, o.nameNow(telemetry.RepoName(fork)))
		}
		now[name.Key()] = string(name)
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
	for _, url := range store.All[string](tx, `SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''
		UNION SELECT target_repo FROM runs WHERE repo_id = $1`, repo) {
		if fork := telemetry.ParseRepo(url); fork != "" {
			addName(forks, fork)
		}
	}
	return forks
}

// described is what describeRepos did.
type described struct {
	affected
	attempts map[int64][]telemetry.Attempt // by verification: of those whose scan may be another
	*records
}

// describeRepos writes the names of repositories as their newest run has
// them, and where their pull requests are opened; one without runs is
// removed. forks are names of forks that runs name; those of reforked are
// read from all runs.
func describeRepos(r *records, repos set[int64], forks map[int64]map[string]string, reforked set[int64]) described {
	out := described{affected: newAffected(), attempts: map[int64][]telemetry.Attempt{}, records: r}
	for _, id := range sorted(repos) {
		if r.tx.Err() != nil {
			break
		}
		name := out.describe(id)
		out.updatePullRepos(id, name, forks[id], reforked[id])
	}
	return out
}

// describe returns a repository's name, "" where it was removed.
func (o *described) describe(id int64) telemetry.RepoName {
	tx := o.tx
	var key, target, fork, oldName, oldTarget, oldURL, oldFork string
	tx.Row(`SELECT key, name, target_repo, fork_url, fork FROM repos WHERE id = $1`, id).Scan(&key, &oldName, &oldTarget, &oldURL, &oldFork)
	const newest = ` ORDER BY at DESC, file DESC, source DESC LIMIT 1`
	if !tx.Row(`SELECT target_repo FROM runs WHERE repo_id = $1`+newest, id).Scan(&target).Found {
		tx.Exec(`DELETE FROM issues WHERE repo_id = $1`, id)
		dropIntervals(tx, id)
		tx.Exec(`DELETE FROM repos WHERE id = $1`, id)
		return ""
	}
	tx.Row(`SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''`+newest, id).Scan(&fork)
	name, forkName := telemetry.ParseRepo(target), o.nameNow(telemetry.ParseRepo(fork))
	if name.Key() != key {
		name = o.spelled(key)
	}
	if target != oldTarget || fork != oldURL || string(name) != oldName || string(forkName) != oldFork {
		tx.Exec(`UPDATE repos SET name = $1, target_repo = $2, fork_url = $3, fork = $4, fork_key = $5 WHERE id = $6`,
			string(name), target, fork, string(forkName), cmp.Or(forkName.Key(), name.Key()), id)
	}
	return name
}

// spelled is a repository's name as the newest run spells it that has that name,
// or else as GitHub does.
func (o *described) spelled(key string) telemetry.RepoName {
	url := store.One[string](o.tx, `SELECT r.target_repo FROM files f JOIN runs r ON r.id = f.id WHERE f.target_key = $1
		ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1`, key)
	if name := telemetry.ParseRepo(url); name != "" {
		return name
	}
	return telemetry.RepoName(store.One[string](o.tx, `SELECT repo FROM repo_aliases WHERE repo_key = $1 ORDER BY key LIMIT 1`, key))
}
