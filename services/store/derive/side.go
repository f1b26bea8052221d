package derive

import (
	"cmp"
	"context"
	"fmt"
	"reflect"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// KnownSides returns the blob SHA of each file beside the run files of a
// source that is not gone, by name.
func (w *Writer) KnownSides(ctx context.Context, source string) (map[string]string, error) {
	known := map[string]string{}
	err := w.Read(ctx, func(tx *store.Tx) error {
		clear(known)
		tx.Each(`SELECT name, sha FROM side_files WHERE source = $1 AND gone = 0`, []any{source}, func(r *store.Row) {
			var name, sha string
			r.Scan(&name, &sha)
			known[name] = sha
		})
		return tx.Err()
	})
	return known, err
}

// PutSides stores the registry and the orchestrator's state of a source, and
// everything that follows from them, in one transaction. A version that cannot
// be read leaves the one before in force, and so does a file that is gone.
func (w *Writer) PutSides(ctx context.Context, source string, sides []telemetry.FetchedSide) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		for i := range sides {
			c.putSide(source, &sides[i])
		}
		derive(c)
		return tx.Err()
	})
}

func (c *changes) putSide(source string, f *telemetry.FetchedSide) {
	tx, before := c.tx, c.sideOf(f.Name)
	if f.Gone {
		tx.Exec(`UPDATE side_files SET gone = 1 WHERE source = $1 AND name = $2`, source, f.Name)
		c.updateSide(f.Name, before)
		return
	}
	err := f.Err
	if err == nil {
		_, err = parseSide(f.Name, f.Body)
	}
	body, broken, fault := f.Body, []byte(nil), ""
	if err != nil {
		body, broken, fault = nil, f.Body, cleanError(err)
	}
	tx.Exec(`INSERT INTO side_files (source, name, sha, size, body, broken, error, gone, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)
		ON CONFLICT (source, name) DO UPDATE SET sha = excluded.sha, size = excluded.size, body = COALESCE(excluded.body, side_files.body),
			broken = excluded.broken, error = excluded.error, gone = 0, fetched_at = excluded.fetched_at`,
		source, f.Name, f.SHA, f.Size, blobOrNull(body), blobOrNull(broken), fault, store.Millis(tx.Now()))
	c.updateSide(f.Name, before)
}

// blobOrNull is bytes as a column has them: NULL is none, which empty bytes are
// not.
func blobOrNull(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// side is what such a file says.
type side struct {
	registry []telemetry.RegistryEntry
	state    []telemetry.StateEntry
}

// add adds what another file says of what s says nothing of, or of what happened later.
func (s *side) add(more side) {
	if s.registry == nil && s.state == nil {
		*s = more
		return
	}
	known := map[string]bool{}
	for i := range s.registry {
		known[s.registry[i].Repo.Key()] = true
	}
	for i := range more.registry {
		if !known[more.registry[i].Repo.Key()] {
			s.registry = append(s.registry, more.registry[i])
		}
	}
	at := map[string]int{}
	for i := range s.state {
		at[s.state[i].Fingerprint] = i
	}
	for _, e := range more.state {
		i, have := at[e.Fingerprint]
		switch {
		case !have:
			s.state = append(s.state, e)
		case e.LastAt.After(s.state[i].LastAt):
			s.state[i] = e
		}
	}
}

func parseSide(name string, body []byte) (s side, err error) {
	switch name {
	case telemetry.RegistryFile:
		s.registry, err = telemetry.ParseRegistry(body)
	case telemetry.StateFile:
		s.state, err = telemetry.ParseState(body)
	default:
		err = fmt.Errorf("%s is neither the registry nor the orchestrator's state", name)
	}
	return s, err
}

// sideOf returns what the files of a name say that are in force: those of the action
// repositories together, else the copy in RUNS_DIR. What several say of a repository is
// that of the file that was fetched last; of a fingerprint, what happened last.
func (c *changes) sideOf(name string) (said side) {
	files := store.All[[]byte](c.tx, `SELECT body FROM side_files s WHERE name = $1 AND gone = 0 AND body IS NOT NULL
		AND (source <> '' OR NOT EXISTS (
			SELECT 1 FROM side_files o WHERE o.name = s.name AND o.gone = 0 AND o.body IS NOT NULL AND o.source <> ''))
		ORDER BY fetched_at DESC, source`, name)
	for _, body := range files {
		more, err := parseSide(name, body)
		if err != nil {
			c.tx.Fail("parse a stored file", fmt.Errorf("%s: %w", name, err))
			return side{}
		}
		said.add(more)
	}
	return said
}

// updateSide writes what the file of a name says, if that is not the same as
// before: the state is committed each time that the orchestrator runs.
func (c *changes) updateSide(name string, before side) {
	said := c.sideOf(name)
	if c.tx.Err() != nil || reflect.DeepEqual(said, before) {
		return
	}
	c.tx.Touch(telemetry.TopicRecords)
	if name == telemetry.RegistryFile {
		saveRegistry(c.tx, said.registry)
		c.looked, c.registered = true, true
	} else {
		c.saveState(said.state)
	}
}

func saveRegistry(tx *store.Tx, entries []telemetry.RegistryEntry) {
	tx.Exec(`DELETE FROM registry`)
	rows := make([][]store.Field, len(entries))
	for i, e := range entries {
		rows[i] = []store.Field{
			store.Col("repo_key TEXT", e.Repo.Key()), store.Col("repo TEXT", string(e.Repo)), store.Col("importance TEXT", e.Importance),
			store.Col("score BIGINT", orMinus(e.Score)), store.Col("tags TEXT", store.JSON(e.Tags)), store.Col("schedule TEXT", e.Schedule),
			store.Col("enabled SMALLINT", e.Enabled), store.Col("auto_scan SMALLINT", e.AutoScan),
			store.Col("auto_dispatch SMALLINT", e.AutoDispatch), store.Col("max_sessions BIGINT", orMinus(e.MaxSessions)),
		}
	}
	tx.Put("registry", "repo_key", rows...)
}

// orMinus is a number, or -1 for one that is not known.
func orMinus(n *int64) int64 {
	unknown := int64(-1)
	return *cmp.Or(n, &unknown)
}

// saveState writes the state, and marks the sessions of which it says
// something else than before.
func (c *changes) saveState(entries []telemetry.StateEntry) {
	tx := c.tx
	before := map[string]string{}
	tx.Each(`SELECT fingerprint, session FROM dispatch_history`, nil, func(r *store.Row) {
		var fingerprint, session string
		r.Scan(&fingerprint, &session)
		before[fingerprint] = session
	})
	tx.Exec(`DELETE FROM dispatch_history`)
	rows := make([][]store.Field, len(entries))
	for i, e := range entries {
		if was := before[e.Fingerprint]; was != e.Session {
			c.mark(was, e.Session)
		}
		delete(before, e.Fingerprint)
		rows[i] = []store.Field{
			store.Col("fingerprint TEXT", e.Fingerprint), store.Col("session TEXT", e.Session), store.Col("dispatches BIGINT", e.Dispatches),
			store.Col("failures BIGINT", e.Failures), store.Col("last_at BIGINT", store.Millis(e.LastAt)),
		}
	}
	for _, session := range before {
		c.mark(session)
	}
	tx.Put("dispatch_history", "fingerprint", rows...)
}

func (c *changes) mark(sessions ...string) {
	for _, session := range sessions {
		if session != "" {
			c.stated[session] = true
		}
	}
}
