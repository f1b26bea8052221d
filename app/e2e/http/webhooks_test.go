package http

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// hooked is a program over players that takes webhooks, with one open pull
// request.
func hooked(t *testing.T) (p *program.Played, opened time.Time) {
	t.Helper()
	opened = time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	p = program.NewPlayed(t, "cog_played", program.Sample())
	p.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{
		Number: 7, Title: "fix(CQLF-R1-0002): escape", User: "devin", CreatedAt: opened, UpdatedAt: opened, HeadRef: "fix",
	})
	p.Start(p.Settings(nil).With(program.Settings{"GITHUB_WEBHOOK_SECRET": program.WebhookSecret}))
	p.Job("refresh")
	return p, opened
}

// versions returns a function that waits until an open page hears of another
// version of a topic.
func versions(t *testing.T, p *program.Program, topic string) (changed func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), program.Patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if _, rest, ok := strings.Cut(lines.Text(), topic+"="); ok {
				n, _, _ := strings.Cut(rest, " ")
				return n
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	first := next()
	return func() {
		t.Helper()
		for next() == first {
		}
	}
}

// asked are the paths of GitHub that were asked for, of pull requests and of the
// action repository: the logs of runs are read beside.
func asked(p *program.Played) (paths []string) {
	for _, r := range p.GitHub.Requests() {
		if strings.Contains(r.Path, "/pulls") || strings.HasPrefix(r.Path, "/repos/"+program.ActionRepo) {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// TestWebhookOfAMergedPullRequest: it shows as merged on open pages without a
// question to GitHub; what comes later and tells of an earlier time changes nothing.
func TestWebhookOfAMergedPullRequest(t *testing.T) {
	p, opened := hooked(t)
	changed := versions(t, p.Program, "pulls")
	p.GitHub.Forget()
	const title = "fix(CQLF-R1-0002): escape"
	begun := time.Now()
	if status := p.Webhook("pull_request", "merged", program.PullEvent("octo/shop", 7, "closed", title, opened.Add(time.Minute), true)); status != 202 {
		t.Fatalf("answered with %d", status)
	}
	changed()
	p.UntilSays("/api/prs?state=merged", `"pr_number":7`)
	t.Logf("shown %s after it was sent", time.Since(begun).Round(time.Millisecond))
	for id, event := range map[string]map[string]any{
		"older":     program.PullEvent("octo/shop", 7, "opened", title, opened, false),
		"unrelated": program.PullEvent("octo/shop", 9, "opened", "Bump lodash", opened, false),
		"unknown":   program.PullEvent("octo/other", 7, "closed", title, opened.Add(time.Hour), true),
	} {
		p.Webhook("pull_request", id, event)
		if d := p.Delivery(id); d["state"] != "ignored" || d["result"] == "" {
			t.Errorf("%s: %v", id, d)
		}
	}
	if paths := asked(p); len(paths) != 0 {
		t.Errorf("GitHub was asked for %q", paths)
	}
	if status := p.Webhook("pull_request", "merged", program.PullEvent("octo/shop", 7, "closed", title, opened.Add(time.Minute), true)); status != 200 {
		t.Errorf("delivered again, it is answered with %d", status)
	}
	p.Webhook("pull_request", "new", program.PullEvent("forks/shop", 3, "opened", "fix(CQLF-R1-0003): check", opened, false))
	p.UntilSays("/api/prs?state=open", `"repo":"forks/shop"`)
	p.Job("refresh") // GitHub has the pull request as it was before: what is stored is later
	p.Says("/api/prs?state=merged", http.StatusOK, `"pr_number":7`)
	p.Says("/deliveries", http.StatusOK, "Webhook deliveries", "The pull request is stored as it was delivered", "A later state",
		"No run names this repository", "names no issue or session", "5 deliveries")
}

// TestWebhookOfAPush reads the run files of the action repository, and asks for
// no pull requests; a push elsewhere, or of other files, reads nothing.
func TestWebhookOfAPush(t *testing.T) {
	p, _ := hooked(t)
	p.GitHub.Forget()
	push := func(repo, file string) map[string]any {
		return map[string]any{"ref": "refs/heads/main", "repository": program.RepositoryOf(repo),
			"commits": []any{map[string]any{"added": []string{file}}}}
	}
	p.Put(map[string]any{"c.json": program.SmallScan(9, time.Now().UTC().Format(time.RFC3339), nil)})
	p.Webhook("push", "other-file", push(program.ActionRepo, "README.md"))
	p.Webhook("push", "elsewhere", push("octo/shop", "telemetry/runs/c.json"))
	p.Webhook("workflow_run", "other-run", map[string]any{"action": "completed", "repository": program.RepositoryOf(program.ActionRepo),
		"workflow_run": map[string]any{"path": ".github/workflows/test.yml"}})
	for _, id := range []string{"other-file", "elsewhere", "other-run"} {
		if d := p.Delivery(id); d["state"] != "ignored" {
			t.Errorf("%s: %v", id, d)
		}
	}
	if paths := asked(p); len(paths) != 0 {
		t.Errorf("for what is ignored, GitHub was asked for %q", paths)
	}
	p.Webhook("push", "run", push(strings.ToUpper(program.ActionRepo), "telemetry/runs/c.json"))
	if d := p.Delivery("run"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	p.Figures("GET", "/api/stats", map[string]float64{"total_runs": 3})
	p.Put(map[string]any{"d.json": program.SmallScan(10, time.Now().UTC().Format(time.RFC3339), nil)})
	p.Webhook("workflow_run", "ended", map[string]any{"action": "completed", "repository": program.RepositoryOf(program.ActionRepo),
		"workflow_run": map[string]any{"path": ".github/workflows/codeql-fixer.yml"}})
	if d := p.Delivery("ended"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	p.Figures("GET", "/api/stats", map[string]float64{"total_runs": 4})
	if paths := asked(p); slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(path, "/pulls") }) {
		t.Errorf("GitHub was asked for %q", paths)
	}
}

// TestWebhooksThatAskAgain: a review and checks have their pull request asked for
// again, by its number or its branch; a repository that was renamed or is gone has
// its pull requests asked for.
func TestWebhooksThatAskAgain(t *testing.T) {
	p, opened := hooked(t)
	merge := func(number int) {
		p.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{Number: number, Title: "fix(CQLF-R1-0002): escape", User: "devin", State: "closed",
			CreatedAt: opened, UpdatedAt: opened.Add(time.Minute), MergedAt: opened.Add(time.Minute), HeadRef: "fix"})
	}
	shop := program.RepositoryOf("octo/shop")
	suite := func(branch string) map[string]any {
		return map[string]any{"action": "completed", "repository": shop, "check_suite": map[string]any{"head_branch": branch, "pull_requests": []any{}}}
	}
	p.Webhook("check_suite", "other-branch", suite("main"))
	if d := p.Delivery("other-branch"); d["state"] != "ignored" {
		t.Errorf("%v", d)
	}
	merge(7)
	p.Webhook("check_suite", "checks", suite("fix"))
	if d := p.Delivery("checks"); d["state"] != "done" {
		t.Errorf("%v", d)
	}
	p.Says("/api/prs?state=merged", http.StatusOK, `"pr_number":7`)
	p.GitHub.Forget()
	review := program.PullEvent("octo/shop", 7, "submitted", "x", opened, false)
	p.Webhook("pull_request_review", "review", review)
	if d := p.Delivery("review"); d["state"] != "done" || !slices.Contains(asked(p), "/repos/octo/shop/pulls/7") {
		t.Errorf("%v; asked for %q", d, asked(p))
	}
	p.GitHub.Repo("octo/shop").Rename("octo/store")
	p.GitHub.Repo("forks/shop").Hide(true)
	wasShop := map[string]any{"repository": map[string]any{"name": map[string]any{"from": "shop"}}}
	for _, told := range []struct {
		id, action string
		event      map[string]any
	}{
		{"before", "archived", map[string]any{"repository": shop}},
		{"renamed", "renamed", map[string]any{"repository": program.RepositoryOf("octo/store"), "changes": wasShop}},
		{"late", "unarchived", map[string]any{"repository": shop}},
		{"deleted", "deleted", map[string]any{"repository": program.RepositoryOf("forks/shop")}},
	} {
		told.event["action"] = told.action
		p.Webhook("repository", told.id, told.event)
		if d := p.Delivery(told.id); d["state"] != "done" {
			t.Errorf("%s: %v", told.id, d)
		}
	}
}

// TestFailedDelivery: while GitHub is down a delivery waits, and says why and
// until when; once GitHub is back a person has one that was ignored tried again.
func TestFailedDelivery(t *testing.T) {
	p, opened := hooked(t)
	p.Webhook("pull_request", "early", program.PullEvent("octo/later", 4, "opened", "fix(CQLF-R1-0002): escape", opened, false))
	if d := p.Delivery("early"); d["state"] != "ignored" {
		t.Fatalf("%v", d)
	}
	if status, body := p.Post("/actions/retry-delivery", "id", "none"); status != http.StatusNotFound || !strings.Contains(body, "not found") {
		t.Errorf("of none: %d %.200s", status, body)
	}
	later := map[string]any{"target_repo": "https://github.com/octo/later"}
	p.GitHub.Repo("octo/later").PutPull(telemetry.PullRequest{Number: 4, Title: "fix(CQLF-R1-0002): escape", User: "devin", UpdatedAt: opened, CreatedAt: opened})
	p.Refresh(map[string]any{"later.json": program.SmallScan(1, time.Now().UTC().Format(time.RFC3339), later)})
	if status, body := p.Post("/actions/retry-delivery", "id", "early"); status != http.StatusSeeOther {
		t.Fatalf("%d %.200s", status, body)
	}
	if d := p.Delivery("early"); d["state"] != "done" {
		t.Errorf("tried again: %v", d)
	}
	p.Webhook("push", "elsewhere", map[string]any{"ref": "refs/heads/dev", "repository": program.RepositoryOf(program.ActionRepo)})
	if status, body := p.Post("/api/deliveries/elsewhere/retry"); status != http.StatusConflict || !strings.Contains(body, "nothing to try again") {
		t.Errorf("of one that told nothing: %d %.200s", status, body)
	}
	p.GitHub.Fail(githubtest.Fault{})
	p.Webhook("pull_request_review", "down", program.PullEvent("octo/shop", 7, "submitted", "x", opened, false))
	p.Until("it does not say that it failed", func() bool {
		d := p.Items("/api/deliveries?q=id:down")[0]
		return d["state"] == "queued" && d["tries"] == 1.0 && d["error"] != nil && d["next_try_at"] != nil
	})
	p.Says("/deliveries?q=id:down", http.StatusOK, "Waiting", "Tried 1 time, again")
}
