package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRefreshOfTwoSources: with GitHub down a refresh says so (502) and reads
// RUNS_DIR all the same; with RUNS_DIR away it answers, and tells that; a file
// of one name in both counts once, as GitHub has it.
func TestRefreshOfTwoSources(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := odd{wired: newWired(t, "apk_test", "sqlite:"+filepath.Join(t.TempDir(), "two.db"), map[string][]byte{"both.json": oddScan(1, "2026-02-01T10:00:00Z", map[string]any{"run_label": "of GitHub"})})}
	var down atomic.Bool
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler)
		}
		o.github.ServeHTTP(w, r)
	}))
	t.Cleanup(hub.Close)
	o.cfg.GitHubAPIURL, o.cfg.RunsDir = BaseURL(hub.URL), dir
	put := func(name string, body []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("both.json", oddScan(1, "2026-02-01T10:00:00Z", map[string]any{"run_label": "of the copy"}))
	o.start()
	o.ask("POST", "/api/refresh")
	o.figures("GET", "/api/stats", map[string]float64{"total_runs": 1})
	if label := o.items("/api/runs")[0]["run_label"]; label != "of GitHub" {
		t.Errorf("of two files of one name it shows the one %v", label)
	}
	down.Store(true)
	put("new.json", oddScan(2, "2026-02-02T10:00:00Z", nil))
	if status, answer := o.ask("POST", "/api/refresh"); status != http.StatusBadGateway || !strings.Contains(fmt.Sprint(answer["error"]), "GitHub") {
		t.Errorf("with GitHub down: %d %v", status, answer)
	}
	o.figures("GET", "/api/stats", map[string]float64{"total_runs": 2})
	down.Store(false)
	if err := os.Rename(dir, dir+"-2"); err != nil {
		t.Fatal(err)
	}
	status, answer := o.ask("POST", "/api/refresh")
	if status != http.StatusOK || !strings.Contains(fmt.Sprint(answer["errors"]), "RUNS_DIR cannot be read") {
		t.Errorf("with RUNS_DIR away: %d %v", status, answer)
	}
	o.figures("GET", "/api/stats", map[string]float64{"total_runs": 2})
}
