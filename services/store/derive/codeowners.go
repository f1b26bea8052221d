package derive

import (
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// ownersEvery is how long the loops wait before they ask for a repository's CODEOWNERS
// again.
const ownersEvery = 24 * time.Hour

// ReposToOwn returns the repositories whose CODEOWNERS are to be asked for, the longest
// unasked first: those whose turn it is, or all of them.
func (w *Writer) ReposToOwn(ctx context.Context, all bool, limit int) ([]telemetry.RepoName, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []telemetry.RepoName {
		return store.All[telemetry.RepoName](tx, `SELECT r.name FROM repos r LEFT JOIN codeowners_asked a ON a.repo_key = r.key
			WHERE r.key <> '' AND r.retired = '' AND (COALESCE(a.at, 0) <= $1 OR $2 = 1)
			ORDER BY COALESCE(a.at, 0), r.key LIMIT $3`, store.Millis(tx.Now().Add(-ownersEvery)), store.Flag(all), limit)
	})
}

// SaveCodeowners stores the CODEOWNERS of a repository, and who owns its issues by it.
func (w *Writer) SaveCodeowners(ctx context.Context, repo telemetry.RepoName, file telemetry.CodeownersFile) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		ownersAsked(tx, repo)
		key, was := c.nameNow(repo).Key(), telemetry.CodeownersFile{}
		known := tx.Row(`SELECT path, body FROM codeowners WHERE repo_key = $1 ORDER BY at DESC LIMIT 1`, key).Scan(&was.Path, &was.Text).Found
		if known && was == file || !known && file.Path == "" {
			return tx.Err()
		}
		tx.Exec(`INSERT INTO codeowners (repo_key, at, path, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (repo_key, at) DO UPDATE SET path = excluded.path, body = excluded.body`,
			key, store.Millis(tx.Now()), file.Path, file.Text)
		repos := set[int64]{}
		repos.addRows(tx, `SELECT id FROM repos WHERE key = $1`, key)
		putOwners(tx, repos)
		return tx.Err()
	})
}

// PutOffCodeowners notes that the CODEOWNERS of a repository could not be read: they are
// asked for again in their turn.
func (w *Writer) PutOffCodeowners(ctx context.Context, repo telemetry.RepoName) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		ownersAsked(tx, repo)
		return tx.Err()
	})
}

func ownersAsked(tx *store.Tx, repo telemetry.RepoName) {
	tx.Exec(`INSERT INTO codeowners_asked (repo_key, at) VALUES ($1, $2) ON CONFLICT (repo_key) DO UPDATE SET at = excluded.at`,
		repo.Key(), store.Millis(tx.Now()))
}

// putOwners writes who owns the issues of repositories: whom CODEOWNERS names for the
// file or, of a repository without it, whom the registry's tags name.
func putOwners(tx *store.Tx, repos set[int64]) {
	for _, id := range sorted(repos) {
		of, told := ownersOf(tx, id)
		if !told && !tx.Has(`SELECT 1 FROM issue_owners WHERE repo_id = $1`, id) {
			continue
		}
		var changed, each [][]store.Field
		ids := set[int64]{}
		tx.Each(`SELECT id, file, owners FROM issues WHERE repo_id = $1`, []any{id}, func(r *store.Row) {
			var issue int64
			var file, was string
			r.Scan(&issue, &file, &was)
			owners := of(file)
			now := store.JSON(owners)
			if now == was {
				return
			}
			ids[issue] = true
			changed = append(changed, []store.Field{store.Col("id BIGINT", issue), store.Col("owners TEXT", now)})
			for _, owner := range owners {
				each = append(each, []store.Field{
					store.Fixed("issue_id BIGINT", issue), store.Fixed("owner TEXT", owner), store.Fixed("repo_id BIGINT", id),
				})
			}
		})
		if len(changed) > 0 {
			tx.Exec(`DELETE FROM issue_owners WHERE issue_id `+tx.In(1, "BIGINT"), list(ids))
			tx.Put("issue_owners", "issue_id, owner", each...)
			tx.Change("issues", changed...)
			tx.Touch(telemetry.TopicRecords)
		}
	}
}

// ownersOf returns who owns a file of a repository, and whether anything names owners.
func ownersOf(tx *store.Tx, id int64) (of func(file string) []string, told bool) {
	if file := store.CodeownersAt(tx, id, store.Never); file.Path != "" {
		owners := telemetry.ParseCodeowners(file.Text)
		return func(file string) []string { return append([]string{}, owners.Owners(file)...) }, true
	}
	tags := []string{}
	tx.Row(`SELECT g.tags FROM registry g JOIN repos r ON r.registry_key = g.repo_key WHERE r.id = $1`, id).Scan(store.ListOf(&tags))
	return func(string) []string { return slices.Clone(tags) }, len(tags) > 0
}

// reposOwned are the repositories in which somebody owns issues, or may.
func reposOwned(tx *store.Tx) set[int64] {
	repos := set[int64]{}
	repos.addRows(tx, `SELECT id FROM repos WHERE registry_key <> '' UNION SELECT DISTINCT repo_id FROM issue_owners`)
	return repos
}
