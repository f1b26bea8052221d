package http

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestRefreshOfTwoSources: with GitHub down a refresh says so (502) and reads
// RUNS_DIR nevertheless; with RUNS_DIR away it answers, and says so; a file
// of one name in both counts once, as GitHub has it.
func TestRefreshOfTwoSources(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := program.NewPlayed(t, "cog_played", map[string]any{
		"both.json": program.SmallScan(1, "2026-02-01T10:00:00Z", map[string]any{"run_label": "of GitHub"}),
	})
	var down atomic.Bool
	settings := p.Settings(program.Fronts{"GITHUB_API_URL": func(player http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load() {
				panic(http.ErrAbortHandler)
			}
			player.ServeHTTP(w, r)
		})
	}})
	put := func(name string, body []byte) { program.WriteRuns(t, dir, map[string]any{name: body}) }
	put("both.json", program.SmallScan(1, "2026-02-01T10:00:00Z", map[string]any{"run_label": "of the copy"}))
	p.Start(settings.With(program.Settings{"RUNS_DIR": dir}))
	p.Job("refresh")
	if _, answer := p.Ask("POST", "/api/refresh"); answer["total_files"] != 1.0 {
		t.Errorf("a file and its copy are %v files", answer["total_files"])
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 1})
	if label := p.Items("/api/runs")[0]["run_label"]; label != "of GitHub" {
		t.Errorf("of two files of one name it shows the one %v", label)
	}
	down.Store(true)
	put("new.json", program.SmallScan(2, "2026-02-02T10:00:00Z", nil))
	if status, answer := p.Ask("POST", "/api/refresh"); status != http.StatusBadGateway ||
		!strings.Contains(fmt.Sprint(answer["error"]), "GitHub") {
		t.Errorf("with GitHub down: %d %v", status, answer)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2})
	down.Store(false)
	if err := os.Rename(dir, dir+"-2"); err != nil {
		t.Fatal(err)
	}
	status, answer := p.Ask("POST", "/api/refresh")
	if status != http.StatusOK || !strings.Contains(fmt.Sprint(answer["errors"]), "Cannot read the directory RUNS_DIR") {
		t.Errorf("with RUNS_DIR away: %d %v", status, answer)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2})
}
