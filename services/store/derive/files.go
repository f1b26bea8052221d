package derive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// KnownFiles returns the blob SHA of each file of a source that is not gone,
// by name: of the version that was fetched last, whether it parsed or not. One
// that a person wants tried again is left out.
func (w *Writer) KnownFiles(ctx context.Context, source string) (map[string]string, error) {
	known := map[string]string{}
	err := w.Read(ctx, func(tx *store.Tx) error {
		clear(known)
		tx.Each(`SELECT file, sha FROM files WHERE source = $1 AND gone = 0`, []any{source}, func(r *store.Row) {
			var file, sha string
			r.Scan(&file, &sha)
			known[file] = sha
		})
		for _, p := range readSuspects(tx) {
			if p.Source == source && p.Again {
				delete(known, p.Name)
			}
		}
		return tx.Err()
	})
	return known, err
}

// PutFiles stores files of a source and everything that follows from them,
// in one transaction. A file that did not parse, or cannot be stored, leaves
// its older version in force and keeps its error. Callers give at most some
// hundred files, those of one repository together and in time order. Files
// that a program was storing when it ended are stored one by one.
func (w *Writer) PutFiles(ctx context.Context, source string, files []telemetry.FetchedFile) (telemetry.PutResult, error) {
	var result telemetry.PutResult
	suspects, err := w.suspects(ctx)
	if err != nil {
		return result, err
	}
	groups := [][]telemetry.FetchedFile{files}
	if len(suspects) > 0 {
		groups = apart(source, files, suspects)
	}
	for _, group := range groups {
		if len(group) == 0 {
			continue
		}
		put, err := w.putFiles(ctx, source, group)
		if err != nil {
			return result, err
		}
		result.New, result.Updated, result.Broken = result.New+put.New, result.Updated+put.Updated, result.Broken+put.Broken
	}
	return result, nil
}

// apart puts each suspect into a group of its own, after all others; the
// least suspected come first. Of one that is out only the error is stored.
func apart(source string, files []telemetry.FetchedFile, suspects []suspect) [][]telemetry.FetchedFile {
	groups := make([][]telemetry.FetchedFile, 1, len(files)+1)
	deaths := map[string]int{}
	for _, f := range files {
		i := slices.IndexFunc(suspects, suspect{Source: source, Name: f.Name, SHA: f.SHA}.same)
		if i < 0 {
			groups[0] = append(groups[0], f)
			continue
		}
		if suspects[i].out() {
			f.Record, f.Err = nil, suspects[i].left()
			groups[0] = append(groups[0], f)
			continue
		}
		deaths[f.Name] = suspects[i].Deaths
		groups = append(groups, []telemetry.FetchedFile{f})
	}
	slices.SortStableFunc(groups[1:], func(a, b []telemetry.FetchedFile) int { return cmp.Compare(deaths[a[0].Name], deaths[b[0].Name]) })
	return groups
}

// MarkGone marks files of a source that its directory no longer has, and
// forgets the listing of that source that was held. They are kept, and counted
// nowhere. With neither names nor such a listing, it only reads.
func (w *Writer) MarkGone(ctx context.Context, source string, names []string) error {
	if len(names) == 0 {
		if _, held, err := w.HeldListing(ctx, source); err != nil || !held {
			return err
		}
	}
	return w.Write(ctx, func(tx *store.Tx) error {
		tx.Exec(`DELETE FROM held_listings WHERE source = $1`, source)
		d := newDerivation(tx)
		for _, name := range names {
			if tx.Exec(`UPDATE files SET gone = 1 WHERE source = $1 AND file = $2 AND gone = 0`, source, name) > 0 {
				tx.Touch(telemetry.TopicRecords)
				d.reconsider(name)
			}
		}
		d.finish()
		return tx.Err()
	})
}

// fileState is a stored file as the derivation needs it.
type fileState struct {
	id      int64
	source  string
	sha     string
	hasBody bool
	gone    bool
	live    bool
}

// fileStates returns the files of a name, of every source.
func (d *derivation) fileStates(name string) []fileState {
	var states []fileState
	d.tx.Each(`SELECT id, source, sha, CASE WHEN body IS NULL THEN 0 ELSE 1 END, gone, live FROM files WHERE file = $1 ORDER BY source`, []any{name}, func(r *store.Row) {
		var st fileState
		var has, gone, live int
		r.Scan(&st.id, &st.source, &st.sha, &has, &gone, &live)
		st.hasBody, st.gone, st.live = has == 1, gone == 1, live == 1
		states = append(states, st)
	})
	return states
}

func (d *derivation) putFile(source string, f *telemetry.FetchedFile, result *telemetry.PutResult) {
	tx := d.tx
	states := d.fileStates(f.Name)
	at := slices.IndexFunc(states, func(st fileState) bool { return st.source == source })
	if at >= 0 && states[at].sha == f.SHA && !states[at].gone {
		return
	}
	tx.Touch(telemetry.TopicRecords)
	known := at >= 0
	hadBody := known && states[at].hasBody
	if !known {
		at = len(states)
		states = append(states, fileState{id: d.nextFileID(), source: source})
		d.fresh[states[at].id] = true
	}
	st := &states[at]
	st.gone, st.hasBody = false, st.hasBody || f.Record != nil
	d.names[st.id] = fileName{source, f.Name}
	live := store.Flag(inForce(states, at))
	rec := f.Record
	if rec == nil {
		result.Broken++
		tx.Exec(`INSERT INTO files (id, source, file, sha, size, broken, error, kind, repo_key, at, gone, live, fetched_at, derived) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0, 0, $8, $9, $10)
			ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, size = excluded.size, broken = excluded.broken, error = excluded.error, gone = 0, live = excluded.live, fetched_at = excluded.fetched_at`,
			st.id, source, f.Name, f.SHA, f.Size, f.Body, cleanError(f.Err), live, store.Millis(tx.Now()), rules())
	} else {
		if hadBody {
			result.Updated++
		} else {
			result.New++
		}
		tx.Exec(`INSERT INTO files (id, source, file, sha, size, body, error, kind, repo_key, at, gone, live, fetched_at, derived) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 0, $10, $11, $12)
			ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, size = excluded.size, body = excluded.body, broken = NULL, error = '', kind = excluded.kind, repo_key = excluded.repo_key,
				at = excluded.at, gone = 0, live = excluded.live, fetched_at = excluded.fetched_at, derived = excluded.derived`,
			st.id, source, f.Name, f.SHA, int64(len(f.Body)), f.Body, string(rec.Kind), rec.Repo.Key(), store.Millis(rec.Timestamp), live, store.Millis(tx.Now()), rules())
		d.parsed[st.id], d.bodies[st.id] = rec, f.Body
	}
	if (live == 1) != st.live {
		st.live = live == 1
		d.changed[st.id] = st.live
	}
	d.settleFiles(states)
}

func cleanError(err error) string {
	if err == nil {
		return "unreadable"
	}
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message // its cause is for the log
	}
	return err.Error()
}

// nextFileID counts on from the highest id: writers follow each other, so
// no other transaction takes the same.
func (d *derivation) nextFileID() int64 {
	if d.lastFile == 0 {
		d.tx.Row(`SELECT COALESCE(MAX(id), 0) FROM files`).Scan(&d.lastFile)
	}
	d.lastFile++
	return d.lastFile
}

// reconsider settles which of the files of one name are in force.
func (d *derivation) reconsider(name string) { d.settleFiles(d.fileStates(name)) }

// settleFiles settles which of the files of one name are in force: of a
// directory and the action repository of which it is a copy, the latter, as
// long as some version of that could be read.
func (d *derivation) settleFiles(states []fileState) {
	for i, st := range states {
		live := inForce(states, i)
		if live != st.live {
			d.tx.Exec(`UPDATE files SET live = $1 WHERE id = $2`, store.Flag(live), st.id)
		}
		if live != st.live || d.parsed[st.id] != nil {
			d.changed[st.id] = live
		}
	}
}

func inForce(states []fileState, at int) bool {
	fromGitHub := slices.ContainsFunc(states, func(st fileState) bool { return st.source != "" && st.hasBody && !st.gone })
	st := states[at]
	return st.hasBody && !st.gone && (st.source != "" || !fromGitHub)
}

// fileName is a file's key.
type fileName struct{ source, file string }

// nameOf returns the key of a file by its id.
func (d *derivation) nameOf(id int64) fileName {
	n, known := d.names[id]
	if !known {
		d.tx.Row(`SELECT source, file FROM files WHERE id = $1`, id).Scan(&n.source, &n.file)
		d.names[id] = n
	}
	return n
}

// record returns the record of a file, its patches applied.
func (d *derivation) record(id int64) *telemetry.Record {
	tx, name := d.tx, d.nameOf(id)
	rec, body := d.parsed[id], d.bodies[id]
	mended := d.holds("mends")
	if body == nil && (rec == nil || mended) {
		tx.Row(`SELECT body FROM files WHERE id = $1`, id).Scan(&body)
	}
	if rec == nil && tx.Err() == nil {
		var err error
		if rec, err = telemetry.ParseRecord(body); err != nil {
			tx.Fail("parse a stored record", fmt.Errorf("%s: %w", name.file, err))
			return nil
		}
	}
	if mended && rec != nil {
		if changes := mendsOf(tx, name); len(changes) > 0 {
			rec.Patch(body, changes)
		}
	}
	return rec
}

// holds tells whether a table that is mostly empty has any row, asked once.
func (d *derivation) holds(table string) bool {
	has, asked := d.filled[table]
	if !asked {
		var n int
		has = d.tx.Row(`SELECT 1 FROM ` + table + ` LIMIT 1`).Scan(&n).Found //nolint:gosec // a name from this package
		d.filled[table] = has
	}
	return has
}

// mendsOf returns what backfill mends in a file, by field the last
// application. What it mended in the copy in RUNS_DIR holds for the action
// repository's file too, as long as that has the same old value.
func mendsOf(tx *store.Tx, name fileName) []telemetry.Change {
	var changes []telemetry.Change
	tx.Each(`SELECT field, old, new, reason FROM mends WHERE source IN ($1, '') AND file = $2 ORDER BY field, source DESC, application DESC`, []any{name.source, name.file}, func(r *store.Row) {
		c := telemetry.Change{Source: name.source, File: name.file}
		var before, after string
		r.Scan(&c.Field, &before, &after, &c.Reason)
		if n := len(changes); n > 0 && changes[n-1].Field == c.Field {
			return
		}
		c.Old, c.New = store.FromJSON[any](tx, before), store.FromJSON[any](tx, after)
		changes = append(changes, c)
	})
	return changes
}
