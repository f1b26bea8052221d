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
	known = tx.Row(`SELECT id FROM repos WHERE key = $1`, presentKey(tx, key)).Scan(&id).Found
	return id, known
}

// presentKey is the key of the repository that a name means, which may be a
// former name of it.
func presentKey(tx *store.Tx, key string) string {
	if key != "" {
		tx.Row(`SELECT repo_key FROM repo_aliases WHERE key = $1`, key).Scan(&key)
	}
	return key
}

// PresentName is what GitHub calls a repository now, as far as that was asked.
func PresentName(tx *store.Tx, name telemetry.RepoName) telemetry.RepoName {
	if name != "" {
		tx.Row(`SELECT name FROM repo_aliases WHERE key = $1 AND lower(name) <> $1`, name.Key()).Scan(&name)
	}
	return name
}

// PullRepos returns the keys of the repositories that a target's pull requests are in.
func PullRepos(tx *store.Tx, repo int64) []string {
	return store.All[string](tx, `SELECT key FROM pull_repos WHERE repo_id = $1 ORDER BY key`, repo)
}

// PullReposThen returns them as the records up to a time name them, each by its
// present name.
func PullReposThen(tx *store.Tx, repo, at int64) []string {
	keys := map[string]bool{}
	for _, place := range store.All[string](tx, `SELECT key AS place FROM repos WHERE id = $1
		UNION SELECT fork_url FROM runs WHERE repo_id = $1 AND fork_url <> '' AND at <= $2
		UNION SELECT target_repo FROM runs WHERE repo_id = $1 AND at <= $2`, repo, at) {
		if key := telemetry.ParseRepo(place).Key(); key != "" {
			tx.Row(`SELECT lower(name) FROM repo_aliases WHERE key = $1`, key).Scan(&key)
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}
