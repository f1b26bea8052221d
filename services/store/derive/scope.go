package derive

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// AcceptScope keeps a person's word, given by a page or the API, that the
// scope-reduced scan of a source's file counts as a full one, or takes it
// back, and replays its repository. Saying it again changes nothing. The
// error is CodeNotFound or CodeInvalid, in words.
func (w *Writer) AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.StartedBy) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		var repo int64
		var reduced bool
		known := tx.Row(`SELECT repo_id, reduced FROM runs WHERE file = $1 AND source = $2`, file, source).Scan(&repo, &reduced).Found
		accepted := tx.Has(`SELECT 1 FROM accepted WHERE file = $1 AND source IN ($2, '') LIMIT 1`, file, source)
		switch {
		case tx.Err() != nil:
			return tx.Err()
		case !known:
			return telemetry.Errorf(telemetry.CodeNotFound, "The scan was deleted meanwhile. See the list of runs.")
		case accepted == !undo:
			return nil
		case undo:
			tx.Exec(`DELETE FROM accepted WHERE file = $1 AND source IN ($2, '')`, file, source)
		case !reduced:
			return telemetry.Errorf(telemetry.CodeInvalid, "The scan %s is not scope-reduced, so there is nothing to accept.", file)
		default:
			tx.Exec(`INSERT INTO accepted (source, file, at, started_by) VALUES ($1, $2, $3, $4)`, source, file, store.Millis(tx.Now()), string(by))
		}
		tx.Touch(telemetry.TopicRecords)
		c := newChanges(tx)
		c.replay[repo] = true
		derive(c)
		return tx.Err()
	})
}
