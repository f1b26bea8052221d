package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// foreign are schemas that this program did not create, some with the names of its own tables.
func foreign() map[string][]string {
	return map[string][]string{
		"a table":                      {`CREATE TABLE invoices (a TEXT)`, `INSERT INTO invoices VALUES ('x')`},
		"a table of ours by name":      {`CREATE TABLE runs (a TEXT)`},
		"migrations of another kind":   {`CREATE TABLE goose_db_version (a TEXT)`, `CREATE TABLE invoices (a TEXT)`},
		"migrations of another schema": {`CREATE TABLE goose_db_version (version_id BIGINT)`, `CREATE TABLE meta (a TEXT)`},
	}
}

// refusedAsForeign opens a database, which must be refused in words.
func refusedAsForeign(t *testing.T, url string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Now: time.Now, Alone: true})
	if err == nil {
		s.Close()
		t.Fatal("it was opened")
	}
	for _, words := range []string{"belongs to another program", "Use another database", "DATABASE_URL"} {
		if telemetry.CodeOf(err) != telemetry.CodeUnavailable || !strings.Contains(err.Error(), words) {
			t.Errorf("%v; want %q", err, words)
		}
	}
}

func execute(t *testing.T, driver, address string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
}

// contents are the files of a directory but SQLite's index of a log, with their permissions.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join(dir, e.Name()))
		info, infoErr := e.Info()
		if err != nil || infoErr != nil {
			t.Fatal(err, infoErr)
		}
		if strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		found[e.Name()] = info.Mode().String() + string(body)
	}
	return found
}

func unchanged(t *testing.T, before, after map[string]string) {
	t.Helper()
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("%s was changed or removed", name)
		}
	}
	for name := range after {
		if _, known := before[name]; !known {
			t.Errorf("%s was created", name)
		}
	}
}

// TestForeignFilesAreRefusedUnchanged: a SQLite file of another program stays
// as it was: its bytes, its permissions, and the files beside it.
func TestForeignFilesAreRefusedUnchanged(t *testing.T) {
	for name, statements := range foreign() {
		for _, mode := range []string{"delete", "wal"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "other.db")
				execute(t, "sqlite", "file:"+path+"?_pragma=journal_mode("+mode+")", statements...)
				if err := os.Chmod(path, 0o664); err != nil { //nolint:gosec // as another program may have it
					t.Fatal(err)
				}
				before := contents(t, dir)
				refusedAsForeign(t, "sqlite:"+path)
				unchanged(t, before, contents(t, dir))
			})
		}
	}
}

// TestOlderFilesAreRefusedUnchanged: the log of a file that an earlier build
// left without closing it stays beside it.
func TestOlderFilesAreRefusedUnchanged(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(from, "old.db"), Now: time.Now})
	if err := s.Exec(t.Context(), `UPDATE goose_db_version SET version_id = 112 WHERE version_id <> 0`); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old.db", "old.db-wal"} { // as a program that was killed leaves them
		body, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	before := contents(t, dir)
	if len(before["old.db-wal"]) < 1000 {
		t.Fatal("nothing is in the log")
	}
	again, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(dir, "old.db"), Now: time.Now})
	if err == nil {
		again.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "before the first release") {
		t.Errorf("%v", err)
	}
	unchanged(t, before, contents(t, dir))
}

// TestForeignSchemasAreRefusedUnchanged: of PostgreSQL the schema counts in
// which this program's tables would be; tables of others do not matter.
func TestForeignSchemasAreRefusedUnchanged(t *testing.T) {
	for name, statements := range foreign() {
		t.Run(name, func(t *testing.T) {
			address := storetest.PostgresAddress(t)
			execute(t, "pgx", address, statements...)
			before := tablesIn(t, address)
			refusedAsForeign(t, address)
			if after := tablesIn(t, address); !slices.Equal(before, after) {
				t.Errorf("%q became %q", before, after)
			}
			if !strings.Contains(address, "?") {
				t.Fatal(address)
			}
			execute(t, "pgx", address, `CREATE SCHEMA ours`)
			ours := storetest.OpenWith(t, store.Options{URL: address + "&search_path=ours", Now: time.Now})
			if ours.ID() == "" {
				t.Error("a schema of its own is not served")
			}
		})
	}
}

func tablesIn(t *testing.T, address string) (names []string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestAStartThatWasCutShortIsCompleted: a first start may have created
// nothing but the table of versions.
func TestAStartThatWasCutShortIsCompleted(t *testing.T) {
	const columns = `version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL`
	const first = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)`
	path := filepath.Join(t.TempDir(), "begun.db")
	execute(t, "sqlite", "file:"+path, `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, `+columns+`,
		tstamp TIMESTAMP DEFAULT (datetime('now')))`, first)
	storetest.OpenWith(t, store.Options{URL: "sqlite:" + path, Now: time.Now})
	address := storetest.PostgresAddress(t)
	execute(t, "pgx", address, `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, `+columns+`,
		tstamp TIMESTAMP NOT NULL DEFAULT now())`, first)
	storetest.OpenWith(t, store.Options{URL: address, Now: time.Now})
}
