package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
)

// TestVacuum: the file of a new database shrinks by what was deleted, in many
// steps, and no row is lost.
func TestVacuum(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + path, Now: time.Now})
	fill(t, s)
	if note, err := s.Vacuum(t.Context()); err != nil || note != "" {
		t.Fatal(note, err)
	}
	if free := pragma(t, s, "freelist_count"); free != "0" {
		t.Errorf("%s pages are unused", free)
	}
	if got, err := s.Texts(t.Context(), `SELECT COUNT(*) || ' ' || SUM(LENGTH(value)) FROM meta WHERE key LIKE 'large %'`); err != nil || got[0] != "10 1000000" {
		t.Errorf("%v (%v), want 10 rows of 100,000 bytes", got, err)
	}
	if ok := pragma(t, s, "integrity_check"); ok != "ok" {
		t.Error(ok)
	}
	if err := s.Close(); err != nil { // which copies the log
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 3<<20 {
		t.Errorf("the file has %d bytes (%v), want what is left of 20 MB", info.Size(), err)
	}
}

// fill stores 20 MB and deletes all but one.
func fill(t *testing.T, s *storetest.Store) {
	t.Helper()
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		large := strings.Repeat("x", 100_000)
		tx.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
			INSERT INTO meta (key, value) SELECT 'large ' || i, $1 FROM n`, large)
		return tx.Err()
	})
	if err == nil {
		err = s.Exec(t.Context(), `DELETE FROM meta WHERE key LIKE 'large %' AND CAST(SUBSTR(key, 7) AS INTEGER) % 20 <> 0`)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func pragma(t *testing.T, s *storetest.Store, name string) string {
	t.Helper()
	texts, err := s.Texts(t.Context(), "PRAGMA "+name)
	if err != nil {
		t.Fatal(err)
	}
	return texts[0]
}

// TestVacuumOfOlderFile: a file that was created without auto_vacuum keeps its
// size, and the sentence says how to change that.
func TestVacuumOfOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `PRAGMA journal_mode = WAL`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + path, Now: time.Now})
	if note, err := s.Vacuum(t.Context()); err != nil || note != store.NotShrinking || !strings.Contains(note, "VACUUM") {
		t.Error(note, err)
	}
	if pg, err := storetest.OpenPostgres(t).Vacuum(t.Context()); err != nil || pg != "" {
		t.Error("PostgreSQL:", pg, err)
	}
}
