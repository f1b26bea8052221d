package process

import (
	"net/http"
	"os"
	"os/exec"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestDemo: the demo says on its pages that it is one, uses no setting but
// its address, does real work over HTTP, and leaves nothing behind.
func TestDemo(t *testing.T) {
	temporary := t.TempDir()
	p := program.Start(t, program.Settings{
		"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "GITHUB_TOKEN": "mine", "TMPDIR": temporary,
	}, func(c *exec.Cmd) { c.Args = append(c.Args, "--demo") })
	if n := p.Job("refresh")["total_files"].(float64); n < 100 {
		t.Errorf("a refresh reads %v files", n)
	}
	if n := p.Job("poll")["polled"].(float64); n < 50 {
		t.Errorf("a poll asks for %v sessions", n)
	}
	stats := p.Object(http.MethodGet, "/api/stats")
	for _, name := range []string{"repos_scanned", "latest_issues", "prs_open", "prs_merged", "sessions_waiting", "sessions_working"} {
		if n, _ := stats[name].(float64); n < 1 {
			t.Errorf("%s is %v", name, stats[name])
		}
	}
	config := p.Object(http.MethodGet, "/api/config")
	if config["demo"] != true || config["action_repo"] != "northwind/codeql-devin-fixer" {
		t.Errorf("config: %v", config)
	}
	p.Stop()
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
