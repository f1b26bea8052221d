package store_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"os"
	"path/filepath"
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

func TestRealRecords(t *testing.T) {
	s, files := open(t), realFiles(t)
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
