package lists

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// RepoID returns a repository's id by its key, store.Everywhere for "".
func RepoID(tx *store.Tx, key string) (id int64, known bool) {
	if key == "" {
		return store.Everywhere, true
	}
	known = tx.Row(`SELECT id FROM repos WHERE key = $1`, key).Scan(&id).Found
	return id, known
}

// PullRepos returns the keys of the repositories that a target's pull requests are in.
func PullRepos(tx *store.Tx, repo int64) []string {
	return store.All[string](tx, `SELECT key FROM pull_repos WHERE repo_id = $1 ORDER BY key`, repo)
}

// PullReposThen returns them as the records up to a time name them.
func PullReposThen(tx *store.Tx, repo, at int64) []string {
	keys := map[string]bool{}
	for _, place := range store.All[string](tx, `SELECT key AS place FROM repos WHERE id = $1
		UNION SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> '' AND at <= $2`, repo, at) {
		if key := telemetry.ParseRepo(place).Key(); key != "" {
			keys[key] = true
		}
	}
	names := store.JSON(slices.Sorted(maps.Keys(keys)))
	for _, key := range store.All[string](tx, `SELECT new_key FROM repo_renames WHERE key `+tx.In(1, "TEXT"), names) {
		keys[key] = true
	}
	return slices.Sorted(maps.Keys(keys))
}
