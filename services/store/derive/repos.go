package derive

import (
	"cmp"

	"telemetry-dashboard/services/telemetry"
)

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
	var target, fork, oldName, oldTarget, oldFork string
	tx.Row(`SELECT name, target_repo, fork_url FROM repos WHERE id = $1`, id).Scan(&oldName, &oldTarget, &oldFork)
	const newest = ` ORDER BY at DESC, file DESC, source DESC LIMIT 1`
	if !tx.Row(`SELECT target_repo FROM runs WHERE repo_id = $1`+newest, id).Scan(&target).Found {
		tx.Exec(`DELETE FROM issues WHERE repo_id = $1`, id)
		dropIntervals(tx, id)
		tx.Exec(`DELETE FROM repos WHERE id = $1`, id)
		return ""
	}
	tx.Row(`SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> ''`+newest, id).Scan(&fork)
	name, forkName := telemetry.ParseRepo(target), telemetry.ParseRepo(fork)
	if target != oldTarget || fork != oldFork || string(name) != oldName {
		tx.Exec(`UPDATE repos SET name = $1, target_repo = $2, fork_url = $3, fork = $4, fork_key = $5 WHERE id = $6`,
			string(name), target, fork, string(forkName), cmp.Or(forkName.Key(), name.Key()), id)
	}
	return name
}
