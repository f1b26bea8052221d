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
	return store.Get(ctx, w.Store, func(tx *store.Tx) map[string]string {
		known := store.Map[string, string](tx, `SELECT file, sha FROM files WHERE source = $1 AND gone = 0`, source)
		for _, p := range readQuarantine(tx) {
			if p.Source == source && p.Again {
				delete(known, p.Name)
			}
		}
		return known
	})
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

// fileState is what decides which of the stored files of a name is in force.
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
	return store.Rows(c.tx, `SELECT id, source, sha, CASE WHEN body IS NULL THEN 0 ELSE 1 END, gone, live FROM files WHERE file = $1
		ORDER BY source`, []any{name}, func(st *fileState) []any {
		return []any{&st.id, &st.source, &st.sha, &st.hasBody, &st.gone, &st.live}
	})
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

// writeFile writes a file's row; a version that did not parse stands beside the last that did.
func (c *changes) writeFile(id int64, source string, f *telemetry.FetchedFile, live bool) {
	row := []store.Field{
		store.Col("id BIGINT", id), store.Fixed("source TEXT", source), store.Fixed("file TEXT", f.Name), store.Col("sha TEXT", f.SHA),
		store.Col("gone SMALLINT", 0), store.Col("live SMALLINT", live), store.Col("fetched_at BIGINT", telemetry.At(c.tx.Now())),
	}
	if rec := f.Record; rec != nil {
		row = append(row, store.Col("size BIGINT", len(f.Body)), store.Col("body BLOB", f.Body), store.Col("broken BLOB", nil),
			store.Col("error TEXT", ""), store.Col("pruned_at BIGINT", 0), store.Col("kind TEXT", rec.Kind),
			store.Col("repo_key TEXT", c.repoOf(rec.Repo).Key()),
			store.Col("target_key TEXT", rec.Repo.Key()),
			store.Col("at BIGINT", telemetry.At(rec.Timestamp)), store.Col("derived TEXT", rules()))
		c.parsed[id], c.bodies[id] = rec, f.Body
	} else {
		row = append(row, store.Col("size BIGINT", f.Size), store.Col("broken BLOB", f.Body), store.Col("error TEXT", cleanError(f.Err)),
			store.Fixed("kind TEXT", ""), store.Fixed("repo_key TEXT", ""), store.Fixed("target_key TEXT", ""),
			store.Fixed("at BIGINT", 0), store.Fixed("derived TEXT", rules()))
	}
	c.tx.Put("files", "id", row)
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

// nextFileID counts on from the highest id: writers follow each other.
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
