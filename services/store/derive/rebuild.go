package derive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// storeRules changes whenever what this package derives from the same
// records does.
const storeRules = 7

// rules names the rules by which this program derives.
func rules() string { return fmt.Sprintf("%d.%d", telemetry.DerivationVersion, storeRules) }

// RebuildPending reports whether some record was derived by other rules.
func (w *Writer) RebuildPending(ctx context.Context) (bool, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) bool {
		// Two questions: of an index, each reads one row.
		return tx.Has(`SELECT 1 FROM files WHERE derived < $1 LIMIT 1`, rules()) ||
			tx.Has(`SELECT 1 FROM files WHERE derived > $1 LIMIT 1`, rules())
	})
}

// rebuildFiles is how many records without a repository are derived again in one transaction.
const rebuildFiles = 500

// Rebuild derives everything again from the records as they were fetched, one
// repository a transaction: until its turn comes a repository keeps its old
// figures. What an interrupted rebuild did stays done. advance is told how
// many of how many repositories are done.
func (w *Writer) Rebuild(ctx context.Context, advance func(done, total int)) error {
	groups, err := w.underived(ctx)
	if err != nil {
		return err
	}
	advance(0, len(groups))
	var failed []error
	for i, key := range groups {
		for more := true; more && err == nil; {
			more, err = w.rebuildMarked(ctx, key)
		}
		switch code := telemetry.CodeOf(err); {
		case err == nil:
			advance(i+1, len(groups))
		case ctx.Err() != nil || code != telemetry.CodeInternal:
			return err
		default:
			failed, err = append(failed, err), nil // the others are derived nevertheless
		}
	}
	return errors.Join(failed...)
}

// underived returns the repositories with records of other rules; "" stands for none.
func (w *Writer) underived(ctx context.Context) ([]string, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []string {
		return store.All[string](tx, `SELECT DISTINCT repo_key FROM files WHERE derived <> $1 ORDER BY repo_key DESC`, rules())
	})
}

// rebuildGroup derives a repository's records again, or some of those
// without one; more reports whether some are left. A file that ended the
// program stays as it is.
func rebuildGroup(tx *store.Tx, key string) (more bool, err error) {
	limit := 1 << 40
	if key == "" {
		limit = rebuildFiles
	}
	ids := store.All[int64](tx, `SELECT id FROM files WHERE repo_key = $1 AND derived <> $2 ORDER BY id LIMIT $3`, key, rules(), limit)
	c := newChanges(tx)
	quarantine := readQuarantine(tx)
	for _, id := range ids {
		if isQuarantined(c.records, id, quarantine) {
			tx.Exec(`UPDATE files SET derived = $1 WHERE id = $2`, rules(), id)
			continue
		}
		c.reparse(id)
	}
	if len(ids) > 0 {
		tx.Touch(telemetry.TopicRecords)
		c.reparseLogs(key)
	}
	derive(c)
	return len(ids) == limit, tx.Err()
}

// isQuarantined reports whether a stored file is quarantined.
func isQuarantined(r *records, id int64, quarantine []quarantined) bool {
	if len(quarantine) == 0 {
		return false
	}
	p := quarantined{Source: r.name(id).source, Name: r.name(id).file, SHA: store.One[string](r.tx, `SELECT sha FROM files WHERE id = $1`, id)}
	i := slices.IndexFunc(quarantine, p.same)
	return i >= 0 && quarantine[i].out()
}

// reparse reads a file anew, and has all that follows from it derived again.
func (c *changes) reparse(id int64) {
	tx := c.tx
	var stored, body, broken []byte
	var fault string
	var pruned int64
	var fetched telemetry.Time
	tx.Row(`SELECT body, body, broken, error, fetched_at, pruned_at FROM files WHERE id = $1`, id).
		Scan(&stored, store.Unpacked(&body), &broken, &fault, &fetched, &pruned)
	rec, err := telemetry.ParseRecord(broken)
	switch {
	case broken != nil && err == nil:
		if stored != nil {
			pruned = 0 // the version that was pruned is not in force any more
		}
		stored, broken, fault = broken, nil, ""
	case body == nil && broken != nil:
		fault = err.Error()
	case body == nil: // it was too large to be fetched
	default:
		if rec, err = telemetry.ParseRecord(body); err != nil {
			stored, broken, fault = nil, body, err.Error()
		}
	}
	if err != nil {
		rec = nil
	}
	kind, repo, target, when := "", "", "", int64(0)
	if rec != nil {
		rec.Fetched(fetched.Time)
		kind, target, when = string(rec.Kind), rec.Repo.Key(), store.Millis(rec.Timestamp)
		repo = c.repoOf(rec.Repo).Key()
		c.parsed[id] = rec
		if rec.Repo != "" {
			c.replay[c.repoID(rec)] = true
		}
	}
	tx.Exec(`UPDATE files SET body = $1, broken = $2, error = $3, kind = $4, repo_key = $5, target_key = $6, at = $7,
		derived = $8, pruned_at = $9 WHERE id = $10`,
		stored, broken, fault, kind, repo, target, when, rules(), pruned, id)
	c.chooseLive(c.fileStates(c.name(id).file))
}
