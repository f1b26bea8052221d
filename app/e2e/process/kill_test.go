package process

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/app/e2e/program"
)

// records is what the program says of its records.
func records(p *program.Program) map[string]any {
	p.T.Helper()
	all := map[string]any{}
	for _, path := range []string{"stats", "issues?per_page=200", "issues?per_page=200&page=2", "runs?per_page=200"} {
		all[path] = p.Object(http.MethodGet, "/api/"+path)
	}
	return all
}

// totalRuns is how many runs the program counts.
func totalRuns(p *program.Program) float64 {
	p.T.Helper()
	n, _ := p.Object(http.MethodGet, "/api/stats")["total_runs"].(float64)
	return n
}

// TestKilled: after each of twenty kills the next start is clean, has what
// was acknowledged, and ends where one that was never killed is.
func TestKilled(t *testing.T) {
	runs := t.TempDir()
	file := filepath.Join(t.TempDir(), "killed.db")
	put := func(n int) {
		change := map[string]any{
			"target_repo":        fmt.Sprintf("https://github.com/o/r%d", n%7),
			"issue_fingerprints": []any{program.SmallFinding(n+1, map[string]any{"fingerprint": fmt.Sprintf("%016x", n%5)})},
		}
		at := fmt.Sprintf("2026-01-01T%02d:%02d:00Z", n/60, n%60)
		program.WriteRuns(t, runs, map[string]any{fmt.Sprintf("r%d.json", n): program.SmallScan(n+1, at, change)})
	}
	for n := range 20 {
		put(n)
	}
	p := program.Start(t, program.Settings{"RUNS_DIR": runs, "DATABASE_URL": "sqlite:" + file})
	acknowledged := 0.0
	for kill := range 20 {
		got := totalRuns(p)
		if got < acknowledged {
			t.Fatalf("after kill %d: %v runs, %v were acknowledged", kill, got, acknowledged)
		}
		acknowledged = got
		time.Sleep(rand.N(60 * time.Millisecond)) //nolint:gosec // the moment of the kill is what is tried
		p.Kill()
		for n := 20 * (kill + 1); n < 20*(kill+2) && n < 400; n++ {
			put(n)
		}
		p.Restart()
	}
	p.Job("refresh")
	killed := records(p)
	p.Stop()
	whole := program.WithRuns(t, nil, program.Settings{"RUNS_DIR": runs})
	whole.Job("refresh")
	if got := killed["stats"].(map[string]any)["total_runs"]; got != 400.0 {
		t.Errorf("after twenty kills: %v", killed["stats"])
	}
	if diff := cmp.Diff(records(whole), killed); diff != "" {
		t.Errorf("after twenty kills it says otherwise than without any: %.2000s", diff)
	}
}

// TestKilledBetweenActionRepositories: a refresh of several action repositories that is
// killed after one of them, or while files of the next are fetched, keeps what it has
// stored and says nothing of the other; the next start completes it, and ends where a
// program that was never killed is.
func TestKilledBetweenActionRepositories(t *testing.T) {
	const second = "octo/second"
	played := program.NewPlayed(t, "cog_played", map[string]any{"same.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)})
	put := func(name string, run int) {
		played.GitHub.Repo(second).PutFile("telemetry/runs/"+name, program.SmallScan(run, fmt.Sprintf("2026-02-%02dT10:00:00Z", run),
			map[string]any{"target_repo": "https://github.com/octo/till", "fork_url": ""}))
	}
	played.GitHub.Repo("octo/till")
	put("same.json", 7)
	d := newDoor()
	settings := played.Settings(program.Fronts{"GITHUB_API_URL": d.front}).With(program.Settings{
		"ACTION_REPO": program.ActionRepo + "," + second, "DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "killed.db"),
	})
	done := func(p *program.Program) { p.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`) }
	read := func(p *program.Program) map[any]bool {
		sources := map[any]bool{}
		for _, s := range p.Items("/api/sources") {
			if s["name"] == "runs" {
				sources[s["repo"]] = s["ok_at"] != nil
			}
		}
		return sources
	}
	d.close("/repos/" + second + "/git/trees/")
	p := program.Start(t, settings)
	d.reached(t)
	p.Kill()
	d.close("/repos/" + second + "/git/blobs/")
	d.drain()
	p.Restart()
	d.reached(t)
	if n := totalRuns(p); n != 1 {
		t.Errorf("killed after the first action repository: %v runs, want that of the first one", n)
	}
	if got := read(p); !got[program.ActionRepo] || got[second] {
		t.Errorf("killed after the first action repository, those read are %v", got)
	}
	put("more.json", 8) // it comes while the program is down
	p.Kill()
	d.release()
	d.drain()
	p.Restart()
	done(p)
	if got := read(p); !got[program.ActionRepo] || !got[second] {
		t.Errorf("after the next start, those read are %v", got)
	}
	p.Job("refresh")
	killed := records(p)
	if n := totalRuns(p); n != 3 {
		t.Errorf("%v runs, want 3", n)
	}
	p.Stop()
	whole := program.Start(t, settings.With(program.Settings{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "whole.db")}))
	done(whole)
	whole.Job("refresh")
	if diff := cmp.Diff(records(whole), killed); diff != "" {
		t.Errorf("after two kills it says otherwise than without any: %.2000s", diff)
	}
}
