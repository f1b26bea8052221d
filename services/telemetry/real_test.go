package telemetry

import (
	"os"
	"path/filepath"
	"testing"
)

// realRecords reads the records of REAL_RUNS, by file name.
func realRecords(t *testing.T) map[string]*Record {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no records in %s: %v", dir, err)
	}
	records := map[string]*Record{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := ParseRecord(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		records[filepath.Base(name)] = rec
	}
	return records
}

func TestRealRecords(t *testing.T) {
	records := realRecords(t)
	kinds := map[Kind]int{}
	var found int64
	sessions := map[string]bool{}
	for _, rec := range records {
		kinds[rec.Kind]++
		found += rec.IssuesFound
		for _, s := range rec.Sessions {
			if id := SessionKey(s.ID); id != "" {
				sessions[id] = true
			}
		}
	}
	if kinds[KindScan] != 39 || kinds[KindDispatch] != 9 || kinds[KindVerification] != 6 {
		t.Errorf("kinds: %v", kinds)
	}
	if found != 1585 || len(sessions) != 32 {
		t.Errorf("found %d findings and %d sessions, want 1585 and 32", found, len(sessions))
	}
}
