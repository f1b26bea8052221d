package program

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// WithRuns starts the program over a directory of run files, and waits until
// it has read those that are there.
func WithRuns(t *testing.T, records map[string]any, settings Settings) *Program {
	t.Helper()
	dir := t.TempDir()
	WriteRuns(t, dir, records)
	p := Start(t, Settings{"RUNS_DIR": dir}.With(settings))
	if len(records) > 0 {
		p.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`) // its steps have a state, too
	}
	return p
}

// Write puts records into the directory of run files.
func (p *Program) Write(records map[string]any) {
	p.T.Helper()
	WriteRuns(p.T, p.Runs, records)
}

// WriteRuns puts records, as JSON unless they are bytes, into a directory.
func WriteRuns(t testing.TB, dir string, records map[string]any) {
	t.Helper()
	for name, record := range records {
		if err := os.WriteFile(filepath.Join(dir, name), encoded(t, record), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// RealRuns are the records of the directory REAL_RUNS; without it the test is
// skipped.
func RealRuns(t testing.TB) map[string]any {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no records in REAL_RUNS: %v", err)
	}
	records := map[string]any{}
	for _, name := range names {
		body, err := os.ReadFile(name) //nolint:gosec // what the caller's variable names
		if err != nil {
			t.Fatal(err)
		}
		records[filepath.Base(name)] = body
	}
	return records
}

func encoded(t testing.TB, record any) []byte {
	t.Helper()
	if body, ok := record.([]byte); ok {
		return body
	}
	body, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
