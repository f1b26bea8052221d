package derive

import (
	"context"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Backfill returns what can be corrected in old records: blank issue ids
// removed, and filled where the title of the session's pull request or its
// verification record names them; missing addresses of pull requests filled
// from links. With apply the changes are kept beside the records, which stay
// as fetched; a second application finds nothing to do.
func (w *Writer) Backfill(ctx context.Context, apply bool) ([]telemetry.Change, error) {
	return w.correct(ctx, apply, planBackfill, func(tx *store.Tx, changes []telemetry.Change) {
		application := store.One[int64](tx, `SELECT COALESCE(MAX(application), 0) + 1 FROM corrections`)
		for _, c := range changes {
			recorded := store.JSON(c.Old)
			tx.Row(`SELECT old FROM corrections WHERE source = $1 AND file = $2 AND field = $3
				ORDER BY application DESC LIMIT 1`, c.Source, c.File, c.Field).Scan(&recorded)
			tx.Exec(`INSERT INTO corrections (source, file, field, application, old, was, new, reason, at, repo_key)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, `+correctedRepo+`)`,
				c.Source, c.File, c.Field, application, recorded, store.JSON(c.Old), store.JSON(c.New), c.Reason, store.Millis(tx.Now()))
		}
	})
}

// correct returns the changes of a plan. With apply it writes them, and derives
// again the records that they are about.
func (w *Writer) correct(ctx context.Context, apply bool, plan func(*store.Tx) []telemetry.Change,
	write func(*store.Tx, []telemetry.Change)) ([]telemetry.Change, error) {
	if !apply {
		return store.Get(ctx, w.Store, plan)
	}
	var changes []telemetry.Change
	err := w.Write(ctx, func(tx *store.Tx) error {
		if changes = plan(tx); tx.Err() != nil || len(changes) == 0 {
			return tx.Err()
		}
		write(tx, changes)
		d := newChanges(tx)
		for _, c := range changes {
			d.corrected(c)
		}
		derive(d)
		return tx.Err()
	})
	return changes, err
}

// correctedRepo is the repository of the record that a change is about.
const correctedRepo = `COALESCE((SELECT o.key FROM runs r JOIN repos o ON o.id = r.repo_id WHERE r.file = $2 AND r.source = $1), '')`

// UndoBackfill returns what taking back the last application of Backfill
// that still holds changes, and does it with apply.
func (w *Writer) UndoBackfill(ctx context.Context, apply bool) ([]telemetry.Change, error) {
	read := func(tx *store.Tx) []telemetry.Change {
		changes := store.Rows(tx, `SELECT source, file, field, was, new, reason FROM corrections
			WHERE application = (SELECT MAX(application) FROM corrections) ORDER BY file, field, source`, nil, func(c *telemetry.Change) []any {
			return []any{&c.Source, &c.File, &c.Field, store.JSONOf(&c.New), store.JSONOf(&c.Old), &c.Reason}
		})
		for i := range changes {
			changes[i].Reason = "undone: " + changes[i].Reason
		}
		return changes
	}
	return w.correct(ctx, apply, read, func(tx *store.Tx, _ []telemetry.Change) {
		tx.Exec(`DELETE FROM corrections WHERE application = (SELECT MAX(application) FROM corrections)`)
	})
}

// corrected has the record that a change is about derived again.
func (d *changes) corrected(c telemetry.Change) {
	ids := store.All[int64](d.tx, `SELECT id FROM files WHERE file = $1 AND ($2 = '' OR source = $2) AND live = 1`, c.File, c.Source)
	for _, id := range ids {
		d.files[id] = fileChange{live: true}
		d.tx.Touch(telemetry.TopicRecords)
	}
}

func planBackfill(tx *store.Tx) []telemetry.Change {
	changes := []telemetry.Change{}
	tx.Each(`SELECT r.source, r.file, m.ord, m.issue_ids, m.pr_url, COALESCE(s.pr_url, ''), COALESCE(s.basis, ''),
			COALESCE(p.issue_ids, '[]'), COALESCE(p.number, 0),
			COALESCE((SELECT v.issue_ids FROM verifications v WHERE v.session = m.session AND m.session <> '' AND v.current = 1 LIMIT 1), '[]')
		FROM mentions m JOIN runs r ON r.id = m.run_id
			LEFT JOIN sessions s ON s.key = m.session AND m.session <> '' LEFT JOIN pulls p ON p.key = s.pull_key
		ORDER BY r.at, r.file, r.source, m.ord`, nil, func(r *store.Row) {
		var source, file, recorded, linked string
		var basis telemetry.LinkBasis
		var ids, titled, verified []string
		var ord int
		var number int64
		r.Scan(&source, &file, &ord, store.ListOf(&ids), &recorded, &linked, &basis, store.ListOf(&titled), &number, store.ListOf(&verified))
		change := func(field string, old, fresh any, reason string) {
			changes = append(changes, telemetry.Change{Source: source, File: file, Field: field, Old: old, New: fresh, Reason: reason})
		}
		if corrected, reason := telemetry.CorrectIDs(ids, number, titled, verified); !slices.Equal(ids, corrected) {
			change(telemetry.IssueIDsField(ord), ids, corrected, reason)
		}
		if strings.TrimSpace(recorded) == "" && linked != "" {
			change(telemetry.PRURLField(ord), recorded, linked, linkReason(basis))
		}
	})
	return changes
}

func linkReason(b telemetry.LinkBasis) string {
	switch b {
	case telemetry.LinkDevin:
		return "Devin names this pull request"
	case telemetry.LinkVerification:
		return "a verification record names session and pull request"
	case telemetry.LinkSessionID:
		return "the pull request names the session's id"
	case telemetry.LinkIssueID:
		return "the pull request's title names an issue id of the session"
	}
	return "recorded elsewhere"
}
