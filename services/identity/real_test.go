package identity

import (
	"os"
	"path/filepath"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// realRecords reads the records of REAL_RUNS, by file name.
func realRecords(t *testing.T) map[string]*telemetry.Record {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no records in %s: %v", dir, err)
	}
	records := map[string]*telemetry.Record{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := telemetry.ParseRecord(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records[filepath.Base(name)] = rec
	}
	return records
}
