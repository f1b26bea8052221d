package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// asCommand runs a command of the program and returns what it writes.
func asCommand(t *testing.T, run func(context.Context, []string, io.Writer) error, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// says fails the test unless a command wrote this, or failed with it.
func says(t *testing.T, what, out string, err error, fails bool, words ...string) {
	t.Helper()
	text := out
	if err != nil {
		text += err.Error()
	}
	if (err != nil) != fails {
		t.Errorf("%s: %q, %v", what, out, err)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: %q does not say %q", what, text, word)
		}
	}
}

// TestBackupCommands: from SQLite to PostgreSQL, with what stands in the way.
func TestBackupCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	lite, file := "sqlite:"+filepath.Join(t.TempDir(), "a.db"), filepath.Join(t.TempDir(), "b.db")
	t.Setenv("DATABASE_URL", lite)
	out, err := asCommand(t, runBackup, file)
	says(t, "without a database", out, err, true, "There is no database file")
	running := storetest.OpenWith(t, store.Options{URL: lite, Now: time.Now, Alone: true})
	storetest.Put(t, running, storetest.TinyHistory()...)
	out, err = asCommand(t, runBackup, file)
	says(t, "beside the program", out, err, false, "read them again", "access tokens")
	out, err = asCommand(t, runBackup, file)
	says(t, "over a file", out, err, true, "--force")
	out, err = asCommand(t, runBackup, file, "--force")
	says(t, "over a file that may be replaced", out, err, false, "Wrote")
	out, err = asCommand(t, runRestore, file)
	says(t, "beside the program", out, err, true, "in use by another program")

	t.Setenv("DATABASE_URL", storetest.PostgresAddress(t))
	out, err = asCommand(t, runRestore, filepath.Join(t.TempDir(), "none.db"))
	says(t, "without a backup", out, err, true, "There is no file")
	out, err = asCommand(t, runMigrate, "--dry-run")
	says(t, "no database was made for it", out, err, false, "The database is empty")
	out, err = asCommand(t, runBackup, filepath.Join(t.TempDir(), "empty.db"))
	says(t, "of an empty database", out, err, true, "is empty, or waits for a migration")
	out, err = asCommand(t, runRestore, file)
	says(t, "into PostgreSQL", out, err, false, "Restored", "sign in again")
	out, err = asCommand(t, runRestore, file)
	says(t, "over data", out, err, true, "--replace")
	out, err = asCommand(t, runRestore, "--replace", file)
	says(t, "over data that may be replaced", out, err, false, "Restored")
	db := storetest.OpenWith(t, store.Options{URL: os.Getenv("DATABASE_URL"), Now: time.Now})
	noted := storetest.Rows(t, lists.Audit(db.Store), query.Ask{})
	if len(noted) != 1 || noted[0].Action != "restore" || noted[0].Subject != file || noted[0].Name == "" {
		t.Errorf("the audit log has %+v", noted)
	}
	if runs, _ := storetest.Total(t, lists.Runs(db.Store), query.Ask{}); runs != 5 {
		t.Errorf("%d runs were restored, want 5", runs)
	}
}

// TestMigrateCommand: a dry run says what would be done and does nothing.
func TestMigrateCommand(t *testing.T) {
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "new", "a.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			address := url(t)
			t.Setenv("DATABASE_URL", address)
			for range 2 {
				out, err := asCommand(t, runMigrate, "--dry-run")
				says(t, "a dry run", out, err, false, "Would apply 1009: The whole schema.", "Nothing was changed", "is empty")
			}
			if path, lite := strings.CutPrefix(address, "sqlite:"); lite {
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("the dry run made a file: %v", err)
				}
			}
			out, err := asCommand(t, runMigrate)
			says(t, "migrate", out, err, false, "Will apply 1009", "schema version 1009 now")
			out, err = asCommand(t, runMigrate, "--dry-run")
			says(t, "afterwards", out, err, false, "nothing to do")
			db := storetest.OpenWith(t, store.Options{URL: address, Now: time.Now})
			if err := db.Exec(t.Context(), `UPDATE goose_db_version SET version_id = 112 WHERE version_id <> 0`); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			out, err = asCommand(t, runMigrate, "--dry-run")
			says(t, "an earlier build's", out, err, true, "before the first release")
		})
	}
}

// TestCommandsMisused: what a command cannot take is told with the usage.
func TestCommandsMisused(t *testing.T) {
	for _, tc := range []struct {
		run  func(context.Context, []string, io.Writer) error
		args []string
	}{
		{runBackup, nil}, {runBackup, []string{"a", "b"}}, {runBackup, []string{"--replace", "a"}},
		{runRestore, nil}, {runRestore, []string{"a", "b"}}, {runRestore, []string{"--force", "a"}},
		{runMigrate, []string{"now"}}, {runMigrate, []string{"--dry"}},
	} {
		if out, err := asCommand(t, tc.run, tc.args...); !errors.Is(err, errMisused) || out != "" {
			t.Errorf("%q: %q, %v", tc.args, out, err)
		}
	}
}
