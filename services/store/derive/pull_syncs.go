package derive

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// repoPauses are how long the loops wait, time after time, before they ask again
// for the pull requests of a repository that GitHub does not show, or of an archived
// one, in which nothing happens. The last is repeated.
func repoPauses() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// isMissing reports whether a failure is that GitHub shows no such repository, or
// not to this token.
func isMissing(code telemetry.Code) bool {
	return code == telemetry.CodeUpstreamNotFound || code == telemetry.CodeUpstreamDenied
}

// askRepoAgain sets when the loops are to ask for the pull requests of a repository
// again: at each turn, or at growing distance.
func askRepoAgain(tx *store.Tx, key string, seldom bool) {
	if !seldom {
		tx.Exec(`UPDATE pull_syncs SET answers = 0, ask_at = 0 WHERE repo_key = $1`, key)
		return
	}
	pauses := repoPauses()
	n := store.One[int64](tx, `SELECT answers FROM pull_syncs WHERE repo_key = $1`, key)
	pause := pauses[min(n, int64(len(pauses)-1))]
	tx.Exec(`UPDATE pull_syncs SET answers = $1, ask_at = $2 WHERE repo_key = $3`, n+1, store.Millis(tx.Now().Add(pause)), key)
}

// PullsRead notes that a repository was read that has no pull request.
func (w *Writer) PullsRead(ctx context.Context, repo telemetry.RepoName) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		pullsRead(tx, repo, time.Time{})
		return tx.Err()
	})
}

func pullsRead(tx *store.Tx, repo telemetry.RepoName, watermark time.Time) {
	tx.Exec(`INSERT INTO pull_syncs (repo_key, watermark, ok_at, failed_at, error) VALUES ($1, $2, $3, 0, '')
		ON CONFLICT (repo_key) DO UPDATE SET watermark = excluded.watermark, ok_at = excluded.ok_at,
			failed_at = 0, error = '', code = ''`, repo.Key(), store.Millis(watermark), store.Millis(tx.Now()))
	askRepoAgain(tx, repo.Key(), tx.Has(`SELECT 1 FROM repo_lookups WHERE key = $1 AND archived = 1`, repo.Key()))
}

// PullsFailed notes that a repository's pull requests could not be read, and reports
// whether that is news: it could not be read for another cause, or it could.
func (w *Writer) PullsFailed(ctx context.Context, repo telemetry.RepoName, cause error) (news bool, err error) {
	code := telemetry.CodeOf(cause)
	err = w.Write(ctx, func(tx *store.Tx) error {
		news = !tx.Has(`SELECT 1 FROM pull_syncs WHERE repo_key = $1 AND failed_at > 0 AND code = $2`, repo.Key(), string(code))
		if news { // another cause begins anew
			tx.Exec(`UPDATE pull_syncs SET answers = 0 WHERE repo_key = $1`, repo.Key())
		}
		tx.Exec(`INSERT INTO pull_syncs (repo_key, watermark, ok_at, failed_at, error, code) VALUES ($1, 0, 0, $2, $3, $4)
			ON CONFLICT (repo_key) DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error, code = excluded.code`,
			repo.Key(), store.Millis(tx.Now()), telemetry.Sentence(cause), string(code))
		askRepoAgain(tx, repo.Key(), isMissing(code))
		return tx.Err()
	})
	return news, err
}
