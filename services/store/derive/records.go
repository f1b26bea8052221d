package derive

import (
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
}

func newRecords(tx *store.Tx) *records {
	return &records{
		tx: tx, names: map[int64]fileName{}, parsed: map[int64]*telemetry.Record{}, bodies: map[int64][]byte{},
		indexes: map[int64]*identity.FindingIndex{}, filled: map[string]bool{}, repoIDs: map[string]int64{},
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
		r.tx.Row(`SELECT body, fetched_at FROM files WHERE id = $1`, id).Scan(&body, &fetched)
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
		var n int
		has = r.tx.Row(`SELECT 1 FROM ` + table + ` LIMIT 1`).Scan(&n).Found //nolint:gosec // a name from this package
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

// accepted reports whether a person accepted a scan. What was said of the
// copy in RUNS_DIR holds for the action repository's file too.
func (r *records) accepted(name fileName) bool {
	if !r.holds("accepted") {
		return false
	}
	var at int64
	return r.tx.Row(`SELECT at FROM accepted WHERE file = $2 AND source IN ($1, '') LIMIT 1`, name.source, name.file).Scan(&at).Found
}

// repoID returns the id of a record's repository; a new one gets a row.
func (r *records) repoID(rec *telemetry.Record) int64 {
	tx, key := r.tx, rec.Repo.Key()
	id := r.repoIDs[key]
	if id != 0 || tx.Row(`SELECT id FROM repos WHERE key = $1`, key).Scan(&id).Found {
		r.repoIDs[key] = id
		return id
	}
	tx.Row(`SELECT COALESCE(MAX(id), 0) + 1 FROM repos`).Scan(&id)
	tx.Exec(`INSERT INTO repos (id, key, name, target_repo, fork_url, fork, fork_key, runs, scans, dispatches, issues_found, last_run,
			sessions_created, sessions_finished, sessions_active, sessions_waiting, sessions_with_pr, never_started,
			prs_total, prs_open, prs_closed, prs_merged, prs_unknown, severity_sum, category_sum, open, open_severity, open_category,
			critical_high, listed, without_findings, latest_at, latest_file, latest_run, data_at, data_file, data_run, data_reduced,
			ref_at, ref_file, ref_run, baseline, reduced_in_row, saw_named, saw_without_findings)
		VALUES ($1, $2, $3, $4, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}', 0, '{}', '{}',
			0, 0, 0, 0, '', 0, 0, '', 0, 0, 0, '', 0, 0, 0, 0, 0)`,
		id, key, string(rec.Repo), rec.TargetRepo)
	return id
}
