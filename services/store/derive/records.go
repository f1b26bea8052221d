package derive

import (
	"context"
	"fmt"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// records reads the stored records in a transaction, each once.
type records struct {
	tx      *store.Tx
	names   map[int64]fileName               // by file id
	parsed  map[int64]*telemetry.Record      // by file id
	bodies  map[int64][]byte                 // of what was parsed before it was stored
	indexes map[int64]*identity.FindingIndex // by scan
	filled  map[string]bool                  // see holds
	repoIDs map[string]int64                 // by key
	aliased map[string]alias                 // see readAliases
}

func newRecords(tx *store.Tx) *records {
	return &records{
		tx: tx, names: map[int64]fileName{}, parsed: map[int64]*telemetry.Record{}, bodies: map[int64][]byte{},
		indexes: map[int64]*identity.FindingIndex{}, filled: map[string]bool{}, repoIDs: map[string]int64{},
		aliased: readAliases(tx), // at once: names are looked up while rows are read
	}
}

// fileName is a file's key.
type fileName struct{ source, file string }

// name returns the key of a file by its id.
func (r *records) name(id int64) fileName {
	n, known := r.names[id]
	if !known {
		r.tx.Row(`SELECT source, file FROM files WHERE id = $1`, id).Scan(&n.source, &n.file)
		r.names[id] = n
	}
	return n
}

// of returns the record of a file, its corrections applied.
func (r *records) of(id int64) *telemetry.Record {
	name, rec, body := r.name(id), r.parsed[id], r.bodies[id]
	corrected := r.holds("corrections")
	var fetched telemetry.Time
	if body == nil && (rec == nil || corrected) {
		r.tx.Row(`SELECT body, fetched_at FROM files WHERE id = $1`, id).Scan(store.Unpacked(&body), &fetched)
	}
	if rec == nil && r.tx.Err() == nil {
		var err error
		if rec, err = telemetry.ParseRecord(body); err != nil {
			r.tx.Fail("parse a stored record", fmt.Errorf("%s: %w", name.file, err))
			return nil
		}
		rec.Fetched(fetched.Time)
	}
	if corrected && rec != nil {
		if changes := correctionsOf(r.tx, name); len(changes) > 0 {
			rec.Patch(body, changes)
		}
	}
	return rec
}

// kept is of, and keeps what it has read.
func (r *records) kept(id int64) *telemetry.Record {
	if r.parsed[id] == nil {
		if rec := r.of(id); rec != nil {
			r.parsed[id] = rec
		}
	}
	return r.parsed[id]
}

// holds reports whether a table that is mostly empty has any row, asked once.
func (r *records) holds(table string) bool {
	has, asked := r.filled[table]
	if !asked {
		has = r.tx.Has(`SELECT 1 FROM ` + table + ` LIMIT 1`) //nolint:gosec // a name from this package
		r.filled[table] = has
	}
	return has
}

// correctionsOf returns what backfill corrects in a file, by field the last
// application. What it corrected in the copy in RUNS_DIR holds for the action
// repository's file too, as long as that has the same old value.
func correctionsOf(tx *store.Tx, name fileName) []telemetry.Change {
	var changes []telemetry.Change
	tx.Each(`SELECT field, old, new, reason FROM corrections WHERE source IN ($1, '') AND file = $2
		ORDER BY field, source DESC, application DESC`, []any{name.source, name.file}, func(r *store.Row) {
		c := telemetry.Change{Source: name.source, File: name.file}
		r.Scan(&c.Field, store.JSONOf(&c.Old), store.JSONOf(&c.New), &c.Reason)
		if n := len(changes); n == 0 || changes[n-1].Field != c.Field {
			changes = append(changes, c)
		}
	})
	return changes
}

// accepted reports whether a person accepted a scan, or its copy in RUNS_DIR.
func (r *records) accepted(name fileName) bool {
	return r.holds("accepted") && r.tx.Has(`SELECT 1 FROM accepted WHERE file = $2 AND source IN ($1, '') LIMIT 1`, name.source, name.file)
}

// repoID returns the id of a record's repository; a new one gets a row.
func (r *records) repoID(rec *telemetry.Record) int64 {
	tx, repo := r.tx, r.repoOf(rec.Repo)
	key := repo.Key()
	id := r.repoIDs[key]
	if id != 0 || tx.Row(`SELECT id FROM repos WHERE key = $1`, key).Scan(&id).Found {
		r.repoIDs[key] = id
		return id
	}
	id = store.One[int64](tx, `SELECT COALESCE(MAX(id), 0) + 1 FROM repos`)
	tx.Exec(`INSERT INTO repos (id, key, name, target_repo) VALUES ($1, $2, $3, $4)`, id, key, string(repo), rec.TargetRepo)
	return id
}

// AcceptScope keeps a person's word, given by a page or the API, that the
// scope-reduced scan of a source's file, or one that did not look at a language,
// counts as a full one, or takes it back, and replays its repository. Saying it again changes nothing. The
// error is CodeNotFound or CodeInvalid, in words.
func (w *Writer) AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.StartedBy) error {
	changed := false
	err := w.Write(ctx, func(tx *store.Tx) error {
		var repo int64
		var reduced bool
		changed = false
		known := tx.Row(`SELECT repo_id, CASE WHEN reduced = 1 OR lost <> '' THEN 1 ELSE 0 END FROM runs
			WHERE file = $1 AND source = $2`, file, source).Scan(&repo, &reduced).Found
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
			return telemetry.Errorf(telemetry.CodeInvalid,
				"The scan %s is not scope-reduced and looked at every language, so there is nothing to accept.", file)
		default:
			tx.Exec(`INSERT INTO accepted (source, file, at, started_by) VALUES ($1, $2, $3, $4)`, source, file, store.Millis(tx.Now()), string(by))
		}
		tx.Touch(telemetry.TopicRecords)
		c := newChanges(tx)
		c.replay[repo] = true
		derive(c)
		changed = true
		return tx.Err()
	})
	if effect := (telemetry.Effect{Subject: file, Before: "not full", After: "accepted as full"}); err == nil && changed {
		if undo {
			effect.Before, effect.After = effect.After, effect.Before
		}
		telemetry.NoteEffect(ctx, effect)
	}
	return err
}
