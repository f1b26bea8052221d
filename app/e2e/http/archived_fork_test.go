package http

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

// TestArchivedForkOnPages: the page of a repository whose fork was archived, and that of
// a pull request in it, say so; nobody is asked to merge it. Once GitHub tells that the
// fork is in use again, all is as before.
func TestArchivedForkOnPages(t *testing.T) {
	p := program.NewPlayed(t, "cog_played", program.Sample())
	fork, opened := p.GitHub.Repo("forks/shop"), time.Now().UTC().Add(-time.Hour)
	fork.ForkOf(p.GitHub.Repo("octo/shop"))
	fork.PutPull(telemetry.PullRequest{Number: 3, Title: "fix(CQLF-R1-0002): escape", User: "devin", CreatedAt: opened, UpdatedAt: opened})
	fork.Archive(true)
	p.Start(p.Settings(nil).With(program.Settings{"GITHUB_WEBHOOK_SECRET": program.WebhookSecret}))
	p.Job("refresh")
	p.Says("/repo/octo/shop", http.StatusOK, "Archived on GitHub.", "Nothing happens in forks/shop while it is archived.",
		"Its pull requests are asked for again after")
	p.Says("/pulls/forks/shop/3", http.StatusOK, "Out of use.", "forks/shop, which this pull request is in, was archived on GitHub.")
	const ready = "/api/needs-attention?group=pr_ready"
	p.Figures(http.MethodGet, ready, map[string]float64{"total": 0})
	fork.Archive(false)
	p.Webhook("repository", "again", map[string]any{"action": "unarchived", "repository": program.RepositoryOf("forks/shop")})
	if d := p.Delivery("again"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	for path, gone := range map[string]string{"/repo/octo/shop": "Archived on GitHub.", "/pulls/forks/shop/3": "Out of use."} {
		if page := p.Says(path, http.StatusOK); strings.Contains(page, gone) {
			t.Errorf("%s still says %q", path, gone)
		}
	}
	p.Figures(http.MethodGet, ready, map[string]float64{"total": 1})
}
