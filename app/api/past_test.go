package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/services/telemetry"
)

// paths gives every parameter of a described path a value that exists.
func (w *world) paths(template string) string {
	pull := w.items("/api/prs")[0]
	repo := pull["repo"].(string)
	owner, name, _ := strings.Cut(repo, "/")
	switch {
	case strings.HasPrefix(template, "/api/repo/"):
		owner, name = "octo", "widgets"
	case strings.HasPrefix(template, "/api/issues/"):
		template = strings.Replace(template, "{id}", w.first("/api/issues", "id"), 1)
	case strings.HasPrefix(template, "/api/sessions/"):
		template = strings.Replace(template, "{id}", waiting, 1)
	case strings.HasPrefix(template, "/api/campaigns/"):
		return "/api/campaigns/1"
	case strings.HasPrefix(template, "/api/notification-rules/"):
		return "/api/notification-rules/1"
	case strings.HasPrefix(template, "/api/jobs/"):
		template = strings.Replace(template, "{id}", w.first("/api/jobs", "id"), 1)
	}
	return strings.NewReplacer("{owner}", owner, "{name}", name, "{number}", "5", "{repository}", "octo%2Fwidgets",
		"{file}", "octo_widgets_run_2.json").Replace(template)
}

// TestNoneAnswersTodaySilently asks every GET as of a past time: it answers for
// that time, which another earlier time shows, or says that it has no past.
func TestNoneAnswersTodaySilently(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	opened := time.Date(2026, 2, 2, 11, 0, 0, 0, time.UTC)
	w.github.Repo("fixer/widgets").PutPull(telemetry.PullRequest{Number: 5, Title: "fix(CQLF-R2-0001): xss", CreatedAt: opened})
	w.json("POST", "/api/refresh", "")
	w.json("POST", "/api/notification-rules", `{"name":"New","event":"new","channel":"slack"}`)
	w.json("POST", "/api/campaigns", fmt.Sprintf(`{"name":"All","q":"is:open","expect":%d}`, w.count("/api/issues?q=is:open")))
	answering := map[string]bool{
		"/api/stats": true, "/api/trends": true, "/api/repo/{owner}/{name}": true, "/api/repo/{repository}": true,
		"/api/issues": true, "/api/sessions": true, "/api/prs": true, "/api/runs": true, "/api/changes": true,
		"/api/repos": true, "/api/verifications": true, "/api/needs-attention": true, "/api/effectiveness": true, "/api/search": true,
		"/api/owners":      true,
		"/api/issues/{id}": true, "/api/sessions/{id}": true, "/api/prs/{owner}/{name}/{number}": true, "/api/runs/{file}": true,
		"/api/runs/{file}/diff": true, "/api/decisions": true, "/api/complete": true,
	}
	future := time.Now().AddDate(0, 0, 2).UTC()
	for _, r := range served() {
		if r.Method != "GET" {
			continue
		}
		template := apitest.Template(r.Path)
		list := strings.TrimSuffix(strings.TrimSuffix(template, ".csv"), ".json")
		path := w.paths(template) + "?"
		switch template {
		case "/api/search":
			path += "q=widgets&"
		case "/api/complete":
			path += "list=issues&q=repo:&"
		case "/api/dispatch/preflight":
			path += "target_repo=octo/widgets&"
		}
		want := 400
		if answering[list] {
			want = 200
		}
		past := w.do("GET", path+"as_of=2026-02-05", "")
		if past.StatusCode != want || want == 400 && !strings.Contains(string(past.body), `"no_past"`) {
			t.Errorf("%s as of a day: %s %.200s", template, past.Status, past.body)
		}
		if before := w.do("GET", path+"as_of=2026-01-01", ""); want == 200 && list != "/api/decisions" && // nobody had decided by either day
			string(before.body) == string(past.body) {
			t.Errorf("%s answers alike as of two days", template)
		}
		for _, at := range []string{future.Format(time.DateOnly), future.Format(time.RFC3339), "soon"} {
			if got := w.do("GET", path+"as_of="+at, ""); got.StatusCode != 400 || !strings.Contains(string(got.body), `"invalid"`) {
				t.Errorf("%s as of %s: %s %.200s", template, at, got.Status, got.body)
			}
		}
		today := w.do("GET", path+"as_of="+time.Now().UTC().Format(time.DateOnly), "")
		if today.StatusCode != 200 {
			t.Errorf("%s as of today: %s %.200s", template, today.Status, today.body)
		}
	}
}

// TestPastDateIsItsEnd: what happened on the day is in, what came after is not.
func TestPastDateIsItsEnd(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	for at, want := range map[string]float64{
		"2026-01-31": 2, "2026-02-01": 4, "2026-02-01T09:00:00Z": 3, "2026-02-02": 5, "2026-02-03": 6,
	} {
		var runs struct{ Total float64 }
		if err := json.Unmarshal(w.do("GET", "/api/runs?as_of="+at, "").body, &runs); err != nil || runs.Total != want {
			t.Errorf("as of %s: %v runs, %v, want %v", at, runs.Total, err, want)
		}
		if got := w.json("GET", "/api/stats?as_of="+at, "")["total_runs"]; got != want {
			t.Errorf("as of %s: total_runs %v, want %v", at, got, want)
		}
	}
}
