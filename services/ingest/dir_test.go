package ingest_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// TestDirFileThatVanishes: a file that is removed between its listing and its
// reading is not there, and no error; the others are read.
func TestDirFileThatVanishes(t *testing.T) {
	dir := ingest.Dir{Path: t.TempDir()}
	for _, name := range []string{"a.json", "b.json", "c.json"} {
		if err := os.WriteFile(filepath.Join(dir.Path, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := dir.RunFiles(t.Context())
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	if err := os.Remove(filepath.Join(dir.Path, "b.json")); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got []string
	err = dir.FetchRunFiles(t.Context(), files, func(f telemetry.RunFile, body []byte, err error) error {
		mu.Lock()
		defer mu.Unlock()
		if err != nil || string(body) != f.Name {
			t.Errorf("%s: %q, %v", f.Name, body, err)
		}
		got = append(got, f.Name)
		return nil
	})
	if slices.Sort(got); err != nil || !slices.Equal(got, []string{"a.json", "c.json"}) {
		t.Errorf("read %v, %v", got, err)
	}
}
