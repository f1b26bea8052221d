package store_test

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func realFiles(t *testing.T) []telemetry.FetchedFile {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	var files []telemetry.FetchedFile
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum(body)
		f := telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: filepath.Base(name), SHA: hex.EncodeToString(sum[:]), Size: int64(len(body))}, Body: body}
		f.Record, f.Err = telemetry.ParseRecord(body)
		files = append(files, f)
	}
	return files
}

// openPostgres opens a fresh database of the server that the tests are given.
func openPostgres(t *testing.T) *store.Store {
	t.Helper()
	return openPostgresAt(t, time.Now)
}

// openPostgresAt is openPostgres with a clock.
func openPostgresAt(t testing.TB, now func() time.Time) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: postgresAddress(t), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// postgresAddress is that of a fresh database, which the test's end drops.
func postgresAddress(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	if address == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := "store_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	t.Cleanup(func() {
		again, err := sql.Open("pgx", address)
		if err == nil {
			_, err = again.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name)
			again.Close()
		}
		if err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	return u.String()
}

func TestRealRecords(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { realRecords(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { realRecords(t, openPostgres(t)) })
}

func realRecords(t *testing.T, s *store.Store) {
	files := realFiles(t)
	// One by one in directory order: dispatches come before the scans that
	// they follow, so repositories are replayed as well as appended to.
	for _, f := range files {
		if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{f}); err != nil {
			t.Fatal(f.Name, err)
		}
	}
	totals, err := s.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]int64{
		"scans": {totals.Scans, 39}, "dispatches": {totals.Dispatches, 9}, "verifications": {totals.Verifications, 6}, "runs": {totals.Runs, 48},
		"issues found": {totals.IssuesFound, 1585}, "latest": {totals.Latest, 98}, "sessions": {totals.SessionsCreated, 32},
		"never started": {totals.SessionsByState[telemetry.StateNeverStarted], 2}, "pull requests": {totals.PRs.Total, 17}, "unknown": {totals.PRs.Unknown, 17},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", what, pair[0], pair[1])
		}
	}
}
