package api_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAcceptListing: a directory that lost its files marks none gone until a
// person confirms just that, and says so.
func TestAcceptListing(t *testing.T) {
	dir := t.TempDir()
	names := make([]string, 12)
	for i := range names {
		names[i] = filepath.Join(dir, fmt.Sprintf("run-%d.json", i))
		body := fmt.Sprintf(`{"target_repo": "octo/shop", "run_number": %d, "run_id": "%d", "timestamp": "2026-02-%02dT10:00:00Z", "issues_found": 0, "sessions": []}`, i+1, i+1, i+1)
		if err := os.WriteFile(names[i], []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, dir, false)
	c := contract(t)
	accept := func(query string, status int) string {
		t.Helper()
		got := w.do("POST", "/api/files/accept-listing?"+query, "")
		if err := c.Check("POST", "/api/files/accept-listing", got.Response, got.body); err != nil || got.StatusCode != status {
			t.Fatalf("%s: %d %s, %v", query, got.StatusCode, got.body, err)
		}
		return string(got.body)
	}
	runs := func(want float64) {
		t.Helper()
		if got := w.json("GET", "/api/stats", "")["total_runs"]; got != want {
			t.Errorf("%v runs count, want %v", got, want)
		}
	}
	refresh := func() map[string]any { return w.json("POST", "/api/refresh", "") }
	refresh()
	accept("source=", 409)
	accept("", 400)
	accept("source=octo/other", 404)
	for _, name := range names[3:] {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	result := refresh()
	if held := fmt.Sprint(result["held"]); result["gone"] != 0.0 || !strings.Contains(held, "kept:3 known:12") || !strings.Contains(fmt.Sprint(result["errors"]), "only 3 of 12 stored files") {
		t.Errorf("the listing of 3 files answered %v", result)
	}
	runs(12)
	got := w.do("GET", "/api/sources", "")
	if err := c.Check("GET", "/api/sources", got.Response, got.body); err != nil || !strings.Contains(string(got.body), `"held_listing":{"source":"","known":12,"kept":3,`) {
		t.Errorf("the sources: %s, %v", got.body, err)
	}
	if err := os.Remove(names[2]); err != nil {
		t.Fatal(err)
	}
	refresh()
	if said := accept("source=&kept=3", 409); !strings.Contains(said, "2 of the stored files, not 3") {
		t.Errorf("a listing that has changed: %s", said)
	}
	runs(12)
	if said := accept("source=&kept=2", 200); !strings.Contains(said, `"gone":10`) || !strings.Contains(said, `"held":[]`) {
		t.Errorf("confirmed: %s", said)
	}
	runs(2)
	if sources := string(w.do("GET", "/api/sources", "").body); !strings.Contains(sources, `"held_listing":null`) || strings.Contains(sources, "conflict") {
		t.Errorf("afterwards the sources say %s", sources)
	}
}
