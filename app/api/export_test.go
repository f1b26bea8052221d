package api_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// TestADownloadThatCannotBeReadHasAStatus: what fails before the first byte
// of a download is an error with a status and a sentence, also where a page
// of one row can be read.
func TestADownloadThatCannotBeReadHasAStatus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.db")
	w := newWorldOn(t, "sqlite:"+path, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE issues SET fingerprints = '[damaged' WHERE rule = 'js/xss' AND line = 110`); err != nil {
		t.Fatal(err)
	}
	if one := w.do("GET", "/api/issues?per_page=1&sort=status", ""); one.StatusCode != 200 {
		t.Fatalf("one issue: %s: %s", one.Status, one.body)
	}
	for _, kind := range []string{".csv", ".json"} {
		got := w.do("GET", "/api/issues"+kind, "")
		if got.StatusCode != 500 || !strings.Contains(string(got.body), "See the log") || got.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %s %s: %.200s", kind, got.Status, got.Header.Get("Content-Disposition"), got.body)
		}
	}
	if none := w.do("GET", "/api/issues.json?sort=repo&as_of=2020-01-01", ""); none.StatusCode != 200 || strings.TrimSpace(string(none.body)) != "[]" {
		t.Errorf("before the first record: %s: %s", none.Status, none.body)
	}
}
