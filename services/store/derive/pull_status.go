package derive

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Reviews, checks and mergeability are asked for at growing distance: soon while
// something is under way, and seldom while all stays as it is. What changes them
// is seen in a listing, but for checks that end and a base branch that moves.
const (
	statusSoon     = time.Minute
	statusSoonMost = 15 * time.Minute // while something is under way
	statusMost     = 6 * time.Hour
)

// askStatus has a pull request that changed asked about again. With another head
// commit, nothing is known of its checks and conflicts.
func askStatus(tx *store.Tx, key string, otherHead bool) {
	tx.Exec(`UPDATE pulls SET ask_at = 0 WHERE key = $1`, key)
	if otherHead {
		tx.Exec(`UPDATE pulls SET checks = '', mergeable = '' WHERE key = $1 AND shown = 'open'`, key)
	}
}

// PullsToAsk returns the open pull requests of the list whose reviews, checks and
// mergeability are to be asked for, the longest unasked first: those whose turn it
// is, or all of them.
func (w *Writer) PullsToAsk(ctx context.Context, all bool, limit int) ([]telemetry.PullRef, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []telemetry.PullRef {
		return store.Rows(tx, `SELECT repo, number FROM pulls WHERE listed = 1 AND shown = 'open' AND (ask_at <= $1 OR $2 = 1)
			ORDER BY asked_at, key LIMIT $3`, []any{store.Millis(tx.Now()), store.Flag(all), limit},
			func(ref *telemetry.PullRef) []any { return []any{&ref.Repo, &ref.Number} })
	})
}

// SavePullDetails keeps what GitHub says of a pull request, its reviews, checks and
// mergeability included while it is open. An answer that is older than the one
// that is kept changes nothing.
func (w *Writer) SavePullDetails(ctx context.Context, d telemetry.PullDetails) error {
	key, at := telemetry.ParseRepo(d.Pull.Repo).Key(), store.Millis(d.AskedAt)
	number := int64(d.Pull.Number)
	const newer = `SELECT 1 FROM pulls WHERE repo_key = $1 AND number = $2 AND asked_at >= $3`
	if known, err := store.Get(ctx, w.Store, func(tx *store.Tx) bool { return tx.Has(newer, key, number, at) }); known || err != nil {
		return err
	}
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		ref := telemetry.PullRef{Repo: c.nameNow(telemetry.ParseRepo(d.Pull.Repo)), Number: number}
		if tx.Has(newer, ref.Repo.Key(), number, at) {
			return tx.Err()
		}
		if savePulls(c, []telemetry.PullRequest{d.Pull}) != telemetry.ToldOlder {
			saveStatus(tx, ref.Key(), d.Status, at)
		}
		return tx.Err()
	})
}

func saveStatus(tx *store.Tx, key string, now telemetry.PullStatus, at int64) {
	var old telemetry.PullStatus
	var asked, again int64
	if !tx.Row(`SELECT review, checks, mergeable, asked_at, ask_at FROM pulls WHERE key = $1 AND shown = 'open'`, key).
		Scan(&old.Review, &old.Checks, &old.Mergeable, &asked, &again).Found {
		return
	}
	least, most := statusSoonMost, statusMost
	if !now.Settled() {
		least, most = statusSoon, statusSoonMost
	}
	distance := least.Milliseconds()
	if now == old {
		distance = min(max(2*(again-asked), distance), most.Milliseconds())
	} else {
		tx.Touch(telemetry.TopicPulls)
	}
	tx.Exec(`UPDATE pulls SET review = $1, checks = $2, mergeable = $3, asked_at = $4, ask_at = $5 WHERE key = $6`,
		string(now.Review), string(now.Checks), string(now.Mergeable), at, at+distance, key)
}

// PutOffPull notes that GitHub's answer about a pull request could not be used: it
// is asked for again at growing distance.
func (w *Writer) PutOffPull(ctx context.Context, ref telemetry.PullRef) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		putOff(tx, ref)
		return tx.Err()
	})
}

func putOff(tx *store.Tx, ref telemetry.PullRef) {
	var asked, again int64
	tx.Row(`SELECT asked_at, ask_at FROM pulls WHERE key = $1`, ref.Key()).Scan(&asked, &again)
	now := store.Millis(tx.Now())
	distance := min(max(2*(again-asked), statusSoonMost.Milliseconds()), missingFor.Milliseconds())
	tx.Exec(`UPDATE pulls SET asked_at = $1, ask_at = $2 WHERE key = $3`, now, now+distance, ref.Key())
}
