package store_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// notInBackups are the tables whose rows are of the moment.
var notInBackups = []string{"goose_db_version", "goose_lock", "versions", "leases", "limits", "sign_ins", "sign_in_states"}

// everyRow returns each row of each table as text, but those of the moment.
func everyRow(t *testing.T, s *storetest.Store) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := s.Read(t.Context(), func(tx *store.Tx) error {
		for table, columns := range columnsOf(tx) {
			if slices.Contains(notInBackups, table) || strings.HasPrefix(table, "sqlite_") {
				continue
			}
			where := ""
			if table == "meta" {
				where = ` WHERE key NOT IN ('database_id', 'writer')`
			}
			rows := []string{}
			tx.Each(`SELECT `+strings.Join(columns, ", ")+` FROM `+table+where, nil, func(r *store.Row) {
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				r.Scan(into...)
				rows = append(rows, fmt.Sprintf("%#v", values))
			})
			slices.Sort(rows)
			all[table] = rows
		}
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// columnsOf returns the columns of each table, sorted.
func columnsOf(tx *store.Tx) map[string][]string {
	query := `SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = current_schema()`
	if tx.WantsHints() {
		query = `SELECT m.name || ' ' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
	}
	columns := map[string][]string{}
	for _, text := range slices.Sorted(slices.Values(store.All[string](tx, query))) {
		table, column, _ := strings.Cut(text, " ")
		columns[table] = append(columns[table], column)
	}
	return columns
}

// fillEmptyTables puts a row with awkward values into each table of a SQLite database that has none.
func fillEmptyTables(t *testing.T, s *storetest.Store) {
	t.Helper()
	kinds := map[string]string{}
	err := s.Read(t.Context(), func(tx *store.Tx) error {
		kinds = store.Map[string, string](tx, `SELECT m.name || ' ' || c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`)
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := everyRow(t, s)
	values := map[string]any{"TEXT": "ü \"quoted\"\n\t\\ {\"a\": [1]} 🙂", "BIGINT": telemetry.Never, "SMALLINT": 1, "BLOB": []byte{0, 255, 'x'}}
	for table, have := range rows {
		if len(have) > 0 {
			continue
		}
		var columns, places []string
		var args []any
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			if of, column, _ := strings.Cut(name, " "); of == table {
				columns, args = append(columns, column), append(args, values[kinds[name]])
				places = append(places, fmt.Sprintf("$%d", len(args)))
			}
		}
		if err := s.Exec(t.Context(), `INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, args...); err != nil {
			t.Fatal(table, err)
		}
	}
}

func backUp(t *testing.T, s *storetest.Store) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), path, "build 7", false); err != nil {
		t.Fatal(err)
	}
	return path
}

func restore(t *testing.T, into *storetest.Store, path string) {
	t.Helper()
	if _, err := into.Restore(t.Context(), path, false); err != nil {
		t.Fatal(err)
	}
}

// TestBackupKeepsEveryRow: each row of each table is the same after SQLite,
// PostgreSQL and SQLite again, and the backups of all of them are equal.
func TestBackupKeepsEveryRow(t *testing.T) {
	first, second, third := storetest.Open(t), storetest.OpenPostgres(t), storetest.Open(t)
	files := storetest.DisturbedFiles(3)
	storetest.Put(t, first, files...)
	storetest.SavePulls(t, first, storetest.PullsFor(files))
	storetest.PutLogs(t, first, storetest.LogOf(files[0]))
	fillEmptyTables(t, first)
	want := everyRow(t, first)
	for table, rows := range want {
		if len(rows) == 0 {
			t.Errorf("table %s has no row to compare", table)
		}
	}
	path, backups := backUp(t, first), []store.Manifest{}
	for _, into := range []*storetest.Store{second, third} {
		m, err := store.ReadBackup(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		backups = append(backups, m)
		restore(t, into, path)
		storetest.SameDump(t, "restored", everyRow(t, into), want)
		path = backUp(t, into)
	}
	if !slices.Equal(backups[0].Tables, backups[1].Tables) || backups[0].Database != "sqlite" || backups[1].Database != "postgres" {
		t.Errorf("the backups are\n%+v\n%+v", backups[0], backups[1])
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has the mode %v, %v", info.Mode(), err)
	}
}

// TestBackupWhileRecordsAreStored: a backup is one state, whatever is written
// meanwhile. Restored into either database everything derived is what its
// records give, and what came later follows as it did.
func TestBackupWhileRecordsAreStored(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.GeneratedFiles(11)
		half, taken := make(chan struct{}), make(chan struct{})
		var storing errgroup.Group
		storing.Go(func() error {
			for i, f := range files {
				switch i {
				case len(files) / 2:
					close(half)
				case len(files) - 1: // a fast writer leaves one for after the backup
					<-taken
				}
				if _, err := s.PutFiles(context.WithoutCancel(t.Context()), "", []telemetry.FetchedFile{f}); err != nil {
					return err
				}
			}
			return nil
		})
		<-half
		path := func() string { defer close(taken); return backUp(t, s) }()
		if err := storing.Wait(); err != nil {
			t.Fatal(err)
		}
		want := storetest.DumpOf(t, s)
		for name, into := range map[string]*storetest.Store{"sqlite": storetest.Open(t), "postgres": storetest.OpenPostgres(t)} {
			t.Run("into "+name, func(t *testing.T) { restoresWhole(t, into, path, files, want) })
		}
	})
}

func restoresWhole(t *testing.T, s *storetest.Store, path string, files []telemetry.FetchedFile, want map[string][]string) {
	restore(t, s, path)
	known, err := s.KnownFiles(t.Context(), "")
	if err != nil || len(known) < len(files)/2 || len(known) == len(files) {
		t.Fatalf("the backup has %d of %d records (%v): it was not taken while they were stored", len(known), len(files), err)
	}
	for i, f := range files[:len(known)] {
		if known[f.Name] == "" {
			t.Errorf("record %d of %d is missing", i, len(known))
		}
	}
	storetest.AskEverything(t, s, s.Now())
	restored := storetest.DumpOf(t, s)
	if err := s.Exec(t.Context(), `UPDATE files SET derived = 'other rules'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	storetest.SameDump(t, "derived again", storetest.DumpOf(t, s), restored)
	storetest.PutEach(t, s, files[len(known):])
	storetest.SameDump(t, "with what came later", storetest.DumpOf(t, s), want)
}

// TestBackupBesideTheProgram: one that only reads takes a backup while the
// program has the database, and changes nothing of it.
func TestBackupBesideTheProgram(t *testing.T) {
	for name, url := range map[string]string{
		"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "postgres": "",
	} {
		t.Run(name, func(t *testing.T) {
			if url == "" {
				url = storetest.PostgresAddress(t)
			}
			s := storetest.OpenWith(t, store.Options{URL: url, Now: time.Now, Alone: true})
			storetest.Put(t, s, storetest.TinyHistory()...)
			const leases = `SELECT name || ' ' || fence FROM leases ORDER BY name`
			before, err := s.Texts(t.Context(), leases)
			if err != nil {
				t.Fatal(err)
			}
			beside, err := store.Open(t.Context(), store.Options{URL: url, Now: time.Now, Reads: true})
			if err != nil {
				t.Fatal(err)
			}
			m, err := beside.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db"), "a build", false)
			if err := beside.Close(); err != nil {
				t.Error(err)
			}
			if err != nil || m.Rows() == 0 {
				t.Errorf("%d rows, %v", m.Rows(), err)
			}
			if after, err := s.Texts(t.Context(), leases); err != nil || !slices.Equal(after, before) {
				t.Errorf("the leases are %q and were %q, %v", after, before, err)
			}
			storetest.Put(t, s, storetest.TinyScan(7, "2026-03-12T10:00:00Z", 1, nil))
		})
	}
}
