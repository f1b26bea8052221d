package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestDamagedBackups: whatever happened to a backup is said before anything is
// changed.
func TestDamagedBackups(t *testing.T) {
	source := storetest.Open(t)
	storetest.Put(t, source, storetest.TinyHistory()...)
	good, err := os.ReadFile(backUp(t, source))
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(within string) []byte {
		body := bytes.Clone(good)
		at := bytes.Index(body, []byte(within))
		if at < 0 {
			t.Fatalf("the backup does not hold %q", within)
		}
		body[at] ^= 1
		return body
	}
	other, err := os.ReadFile(filepath.Join("migrations", "sqlite", "01009_schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	edited := func(statement string, args ...any) []byte { return editBackup(t, good, statement, args...) }
	manifest := func(was, is string) []byte { return editManifest(t, good, was, is) }
	cases := map[string]struct {
		body []byte
		says string
	}{
		"empty":               {nil, "not a backup"},
		"another file":        {other, "not a backup"},
		"cut in the header":   {good[:40], "not a backup"},
		"cut in the middle":   {good[:len(good)/2], "backup"},
		"cut at the end":      {good[:len(good)-100], "backup"},
		"a flipped value":     {flipped("js/A"), "damaged: table"},
		"a flipped manifest":  {flipped(`"build":"build 7"`), "damaged"},
		"a row fewer":         {edited(`DELETE FROM runs WHERE run_number = 1`), "damaged: table runs"},
		"a table fewer":       {edited(`DROP TABLE runs`), "damaged: table runs"},
		"a value changed":     {edited(`UPDATE repos SET name = 'x/y'`), "damaged: table repos"},
		"of another kind":     {edited(`UPDATE runs SET run_number = 'x'`), "damaged: table runs"},
		"without a manifest":  {edited(`DROP TABLE backup`), "not a backup"},
		"a newer schema":      {manifest(`"schema":1009`, `"schema":1010`), `newer build: build 7 (schema version 1010`},
		"newer rules":         {manifest(`"derivation":`, `"derivation":9`), "Restore it with that build or a newer one"},
		"a newer form":        {manifest(`"format":1`, `"format":2`), "newer build"},
		"an earlier schema":   {manifest(`"schema":1009`, `"schema":1008`), "Restore it with that build, then start this one"},
		"a table not ours":    {manifest(`"name":"accepted"`, `"name":"others"`), "other tables"},
		"a manifest of noise": {edited(`UPDATE backup SET manifest = 'x', sha256 = $1`, hexDigest("x")), "manifest cannot be read"},
	}
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 3, nil))
		want, id := everyRow(t, s), s.ID()
		refused := func(name, path, says string) {
			t.Helper()
			_, err := s.Restore(t.Context(), path, true)
			told, ok := errors.AsType[*telemetry.Error](err)
			if !ok || !strings.Contains(told.Message, says) || strings.Contains(told.Message, "SQL") {
				t.Errorf("%s: %v, want %q", name, err, says)
			}
		}
		for name, tc := range cases {
			path := filepath.Join(t.TempDir(), "b.db")
			if err := os.WriteFile(path, tc.body, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(name, path, tc.says)
		}
		refused("no file", filepath.Join(t.TempDir(), "none.db"), "There is no file")
		refused("a folder", t.TempDir(), "not a backup")
		storetest.SameDump(t, "after what was refused", everyRow(t, s), want)
		if got, err := s.Texts(t.Context(), `SELECT value FROM meta WHERE key = 'database_id'`); err != nil || got[0] != id {
			t.Errorf("the database has the id %v and had %s, %v", got, id, err)
		}
	})
}

// editBackup returns a backup after a statement.
func editBackup(t *testing.T, body []byte, statement string, args ...any) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "edited.db")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(statement, err)
	}
	edited, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}

// editManifest returns a backup with another manifest, as another build would have written it.
func editManifest(t *testing.T, body []byte, was, is string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "read.db")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	if err := db.QueryRowContext(t.Context(), `SELECT manifest FROM backup`).Scan(&text); err != nil || !strings.Contains(text, was) {
		t.Fatalf("the manifest %q lacks %q, %v", text, was, err)
	}
	text = strings.Replace(text, was, is, 1)
	return editBackup(t, body, `UPDATE backup SET manifest = $1, sha256 = $2`, text, hexDigest(text))
}

func hexDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestRestoreReplaces: data is replaced only where that is asked for, and by all
// of the backup; the database gets another id and higher versions.
func TestRestoreReplaces(t *testing.T) {
	source := storetest.Open(t)
	storetest.Put(t, source, storetest.TinyHistory()...)
	path, want := backUp(t, source), everyRow(t, source)
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.DisturbedFiles(8)...)
		if _, err := s.Restore(t.Context(), path, false); err == nil || !strings.Contains(err.Error(), "--replace") {
			t.Fatalf("data was replaced unasked: %v", err)
		}
		if err := s.Exec(t.Context(), `INSERT INTO sign_ins (id, person, name, role, way, token, rules, at, seen, until)
			VALUES ('a', 'a', 'a', 'admin', 'github', '', '', 1, 1, 1)`); err != nil {
			t.Fatal(err)
		}
		id, version := s.ID(), s.Versions()[telemetry.TopicRecords]
		if m, err := s.Restore(t.Context(), path, true); err != nil || m.Build != "build 7" || m.Rows() == 0 {
			t.Fatal(m, err)
		}
		storetest.SameDump(t, "replaced", everyRow(t, s), want)
		if got, err := s.Texts(t.Context(), `SELECT value FROM meta WHERE key = 'database_id'`); err != nil || got[0] == id || got[0] == source.ID() {
			t.Errorf("the id is %v, %v; it was %s, and the backup's %s", got, err, id, source.ID())
		}
		if left, err := s.Texts(t.Context(), `SELECT id FROM sign_ins`); err != nil || len(left) > 0 {
			t.Errorf("still signed in: %q, %v", left, err)
		}
		if now := s.Versions()[telemetry.TopicRecords]; now <= version {
			t.Errorf("the version is %d and was %d", now, version)
		}
		if indexes, err := s.Texts(t.Context(), indexesOf(t, s)); err != nil || len(indexes) < 40 {
			t.Errorf("%d indexes are left, %v", len(indexes), err)
		}
	})
}

func indexesOf(t *testing.T, s *storetest.Store) string {
	t.Helper()
	lite := false
	if err := s.Read(t.Context(), func(tx *store.Tx) error { lite = tx.WantsHints(); return nil }); err != nil {
		t.Fatal(err)
	}
	if lite {
		return `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	}
	return `SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema()`
}

// TestRestoreGivesUpNotifications: a message that waited in the backup may have been
// sent since, so that it is left to a person.
func TestRestoreGivesUpNotifications(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, source *storetest.Store) {
		into := storetest.OpenLike(t, source)
		for i, state := range telemetry.NotificationStates() {
			if err := source.Exec(t.Context(), `INSERT INTO notifications (id, seq, rule_id, rule, event, channel, line, addresses, owner, title,
				n, repo, message, state, error, tries, next_try, at, ended)
				VALUES ($1, $2, 1, '', 'new', 'slack', 'slack', '', '', '', 1, '', '{}', $1, '', 0, 0, 1, 0)`, string(state), i); err != nil {
				t.Fatal(err)
			}
		}
		restore(t, into, backUp(t, source))
		got, err := into.Texts(t.Context(), `SELECT id || ' ' || state || ' ' || CASE WHEN error = '' THEN '' ELSE 'why' END FROM notifications ORDER BY seq`)
		want := []string{"waiting given_up why", "failed given_up why", "sent sent ", "given_up given_up "}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

// TestRestoreStopsSending: campaigns do not send by themselves what they may have
// sent after the backup, until a person lets them go on.
func TestRestoreStopsSending(t *testing.T) {
	for state, stops := range map[string]bool{"0, 0, 3, ''": true, "0, 0, 0, ''": false, "0, 0, 3, 'it stopped'": false, "0, 5, 3, ''": false} {
		source, into := storetest.Open(t), storetest.Open(t)
		if err := source.Exec(t.Context(), `INSERT INTO campaigns (id, name, name_key, query, issues, owner, due_at, max_sessions, max_acus, made_by,
			at, closed_at, auto_per_day, auto_stopped, auto_floor, auto_by, auto_since, auto_note, auto_note_at)
			VALUES (1, 'a', 'a', '', 0, '', 0, 0, 0, 'a', `+state+`, 0, 'a', 1, '', 0)`); err != nil {
			t.Fatal(err)
		}
		restore(t, into, backUp(t, source))
		if all, err := into.SendSwitch(t.Context()); err != nil || all.Stopped != stops || stops && all.By != store.RestoreStops {
			t.Errorf("%s: %+v, %v", state, all, err)
		}
	}
}

// TestRestoreWhileProgramsRun: a database in use is refused.
func TestRestoreWhileProgramsRun(t *testing.T) {
	source := storetest.Open(t)
	path := backUp(t, source)
	t.Run("postgres", func(t *testing.T) {
		o := store.Options{URL: storetest.PostgresAddress(t), Now: time.Now, Alone: true}
		running, s := storetest.OpenWith(t, o), storetest.OpenWith(t, o)
		if _, err := s.Restore(t.Context(), path, true); err == nil || !strings.Contains(err.Error(), "Other programs (1) use") {
			t.Errorf("restored: %v", err)
		}
		if err := running.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Restore(t.Context(), path, true); err != nil {
			t.Error(err)
		}
	})
	t.Run("sqlite", func(t *testing.T) {
		o := store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Now: time.Now, Alone: true}
		_ = storetest.OpenWith(t, o)
		if _, err := store.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "in use by another program") {
			t.Errorf("opened: %v", err)
		}
	})
}

// TestRestoreIsAllOrNothing: a row that PostgreSQL does not take leaves
// everything as it was. The store itself writes no such text.
func TestRestoreIsAllOrNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	source := storetest.OpenWith(t, store.Options{URL: "sqlite:" + file, Now: time.Now})
	storetest.Put(t, source, storetest.TinyHistory()...)
	if err := source.Exec(t.Context(), `UPDATE runs SET lost = 'a' || char(0)`); err != nil {
		t.Fatal(err)
	}
	path, s := backUp(t, source), storetest.OpenPostgres(t)
	storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 3, nil))
	want := everyRow(t, s)
	if _, err := s.Restore(t.Context(), path, true); err == nil || !strings.Contains(err.Error(), "restore table runs") ||
		!strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("restored: %v", err)
	}
	storetest.SameDump(t, "after the failure", everyRow(t, s), want)
	for _, own := range []string{file, file + "-wal", file + "-shm"} {
		if _, err := source.Backup(t.Context(), own, "b", true); err == nil || !strings.Contains(err.Error(), "belongs to the database itself") {
			t.Errorf("the backup replaced %s: %v", own, err)
		}
	}
}

// TestBackupFiles: no file is replaced unasked, and what fails leaves none behind.
func TestBackupFiles(t *testing.T) {
	s := storetest.Open(t)
	storetest.Put(t, s, storetest.TinyHistory()...)
	path := backUp(t, s)
	if _, err := s.Backup(t.Context(), path, "b", false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("replaced: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Backup(ctx, path, "b", true); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if m, err := store.ReadBackup(t.Context(), path); err != nil || m.Build != "build 7" {
		t.Errorf("the backup that was there: %v, %v", m.Build, err)
	}
	if _, err := s.Backup(t.Context(), path, "another", true); err != nil {
		t.Error(err)
	}
	if _, err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "none", "b.db"), "b", false); err == nil || !strings.Contains(err.Error(), "folder exists") {
		t.Errorf("without a folder: %v", err)
	}
	if _, err := s.Backup(t.Context(), t.TempDir(), "b", true); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("onto a directory: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + path, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "app restore") {
		t.Errorf("a backup was opened as a database: %v", err)
	}
}
