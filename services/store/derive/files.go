package derive

import (
	"cmp"
	"context"
	"errors"
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
		for _, p := range readQuarantine(tx) {
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
	quarantine, err := w.quarantine(ctx)
	if err != nil {
		return result, err
	}
	groups := [][]telemetry.FetchedFile{files}
	if len(quarantine) > 0 {
		groups = apart(source, files, quarantine)
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
func apart(source string, files []telemetry.FetchedFile, quarantine []quarantined) [][]telemetry.FetchedFile {
	groups := make([][]telemetry.FetchedFile, 1, len(files)+1)
	deaths := map[string]int{}
	for _, f := range files {
		i := slices.IndexFunc(quarantine, quarantined{Source: source, Name: f.Name, SHA: f.SHA}.same)
		if i < 0 {
			groups[0] = append(groups[0], f)
			continue
		}
		if quarantine[i].out() {
			f.Record, f.Err = nil, quarantine[i].left()
			groups[0] = append(groups[0], f)
			continue
		}
		deaths[f.Name] = quarantine[i].Crashes
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
		c := newChanges(tx)
		for _, name := range names {
			if tx.Exec(`UPDATE files SET gone = 1 WHERE source = $1 AND file = $2 AND gone = 0`, source, name) > 0 {
				tx.Touch(telemetry.TopicRecords)
				c.chooseLive(c.fileStates(name))
			}
		}
		derive(c)
		return tx.Err()
	})
}

// fileState is a stored file as far as it says which file of a name is in
// force.
type fileState struct {
	id      int64
	source  string
	sha     string
	hasBody bool
	gone    bool
	live    bool
}

// fileStates returns the files of a name, of every source.
func (c *changes) fileStates(name string) []fileState {
	var states []fileState
	c.tx.Each(`SELECT id, source, sha, CASE WHEN body IS NULL THEN 0 ELSE 1 END, gone, live FROM files WHERE file = $1
		ORDER BY source`, []any{name}, func(r *store.Row) {
		var st fileState
		r.Scan(&st.id, &st.source, &st.sha, &st.hasBody, &st.gone, &st.live)
		states = append(states, st)
	})
	return states
}

// putFile stores a fetched file, and adds to result what it is.
func (c *changes) putFile(source string, f *telemetry.FetchedFile, result *telemetry.PutResult) {
	states := c.fileStates(f.Name)
	at := slices.IndexFunc(states, func(st fileState) bool { return st.source == source })
	known := at >= 0
	if known && states[at].sha == f.SHA && !states[at].gone {
		return
	}
	c.tx.Touch(telemetry.TopicRecords)
	if !known {
		at = len(states)
		states = append(states, fileState{id: c.nextFileID(), source: source})
	}
	st := &states[at]
	switch {
	case f.Record == nil:
		result.Broken++
	case st.hasBody:
		result.Updated++
	default:
		result.New++
	}
	if f.Record != nil {
		f.Record.Fetched(c.tx.Now())
	}
	st.gone, st.hasBody = false, st.hasBody || f.Record != nil
	c.names[st.id] = fileName{source, f.Name}
	live := inForce(states, at)
	c.writeFile(st.id, source, f, live)
	if live != st.live {
		st.live = live
		c.files[st.id] = fileChange{live, !known}
	}
	c.chooseLive(states)
}

// writeFile writes a file's row. The version of a file that did not parse
// stands beside the last one that did.
func (c *changes) writeFile(id int64, source string, f *telemetry.FetchedFile, live bool) {
	tx, rec := c.tx, f.Record
	if rec == nil {
		tx.Exec(`INSERT INTO files (id, source, file, sha, size, broken, error, kind, repo_key, at, gone, live, fetched_at, derived)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0, 0, $8, $9, $10)
			ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, size = excluded.size, broken = excluded.broken, error = excluded.error,
				gone = 0, live = excluded.live, fetched_at = excluded.fetched_at`,
			id, source, f.Name, f.SHA, f.Size, f.Body, cleanError(f.Err), store.Flag(live), store.Millis(tx.Now()), rules())
		return
	}
	tx.Exec(`INSERT INTO files (id, source, file, sha, size, body, error, kind, repo_key, at, gone, live, fetched_at, derived)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 0, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET sha = excluded.sha, size = excluded.size, body = excluded.body, broken = NULL, error = '',
			kind = excluded.kind, repo_key = excluded.repo_key, at = excluded.at, gone = 0, live = excluded.live,
			fetched_at = excluded.fetched_at, derived = excluded.derived`,
		id, source, f.Name, f.SHA, int64(len(f.Body)), f.Body, string(rec.Kind), rec.Repo.Key(), store.Millis(rec.Timestamp),
		store.Flag(live), store.Millis(tx.Now()), rules())
	c.parsed[id], c.bodies[id] = rec, f.Body
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
func (c *changes) nextFileID() int64 {
	if c.last == 0 {
		c.tx.Row(`SELECT COALESCE(MAX(id), 0) FROM files`).Scan(&c.last)
	}
	c.last++
	return c.last
}

// chooseLive decides which of the files of one name are in force: of a directory
// and the action repository of which it is a copy, the latter, as long as
// some version of that could be read.
func (c *changes) chooseLive(states []fileState) {
	for i, st := range states {
		live := inForce(states, i)
		if live != st.live {
			c.tx.Exec(`UPDATE files SET live = $1 WHERE id = $2`, store.Flag(live), st.id)
		}
		if live != st.live || c.parsed[st.id] != nil {
			c.files[st.id] = fileChange{live, c.files[st.id].fresh}
		}
	}
}

func inForce(states []fileState, at int) bool {
	fromGitHub := slices.ContainsFunc(states, func(st fileState) bool { return st.source != "" && st.hasBody && !st.gone })
	st := states[at]
	return st.hasBody && !st.gone && (st.source != "" || !fromGitHub)
}
