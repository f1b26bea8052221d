package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// scan is a record of a scan; each finding is a rule.
func scan(repo string, run int, at time.Time, rules []string, sessions ...map[string]any) []byte {
	severity, family := map[string]int{}, map[string]int{}
	findings := []map[string]any{}
	for i, rule := range rules {
		severity["high"]++
		family["xss"]++
		findings = append(findings, map[string]any{
			"id": fmt.Sprintf("CQLF-R%d-%04d", run, i+1), "fingerprint": fmt.Sprintf("%s-0123456789abcdef", rule), "rule_id": rule,
			"severity_tier": "high", "cwe_family": "xss", "file": "src/" + rule + ".ts", "start_line": 10 + i,
		})
	}
	if sessions == nil {
		sessions = []map[string]any{}
	}
	body, _ := json.Marshal(map[string]any{ // texts and numbers only
		"target_repo": "https://github.com/" + repo, "fork_url": "https://github.com/forks/" + repo[strings.Index(repo, "/")+1:],
		"run_number": run, "run_id": fmt.Sprint(1000 + run), "run_url": fmt.Sprintf("https://github.com/octo/action/actions/runs/%d", 1000+run),
		"run_label": fmt.Sprintf("run-%d", run), "timestamp": at.UTC().Format(time.RFC3339), "issues_found": len(findings),
		"severity_breakdown": severity, "category_breakdown": family, "batches_created": len(sessions), "sessions": sessions,
		"issue_fingerprints": findings,
	})
	return body
}

func session(id, pull string, issues ...string) map[string]any {
	return map[string]any{
		"session_id": "devin-" + id, "session_url": "https://app.devin.ai/sessions/" + id, "batch_id": 1, "status": "working",
		"issue_ids": issues, "pr_url": pull,
	}
}

// title is that of a pull request: some are of sessions, some are not.
func title(number int) string {
	switch number {
	case 2:
		return "Fix CQLF-R3-0001"
	case 7, 8:
		return "Fix CQLF-R2-0001"
	}
	return "Bump a dependency"
}

// before sets the upstreams as they are at the first reading.
func (w *world) before() {
	at := start().Add(-2 * time.Hour)
	action := w.gh.Repo(actionRepo)
	action.PutWorkflow("codeql-fixer.yml", "target_repo")
	put := func(name string, body []byte) { action.PutFile("telemetry/runs/"+name, body) }
	action.PutFile("README.md", []byte("# Action"))
	put("a.json", scan(shop, 1, at, []string{"r1", "r2", "r3"}))
	put("b.json", scan(shop, 2, at.Add(time.Minute), []string{"r1", "r2"}, session(sessionA, "https://github.com/octo/shop/pull/7",
		"CQLF-R2-0001")))
	put("c.json", scan("acme/web", 3, at.Add(2*time.Minute), []string{"w1"}, session(sessionB,
		"https://github.com/"+library+"/pull/5", "CQLF-R3-0001")))
	put("d.json", scan("acme/web", 4, at.Add(3*time.Minute), []string{"w1", "w2"}))
	w.gh.Repo("forks/shop")
	w.gh.Repo("acme/web")
	w.gh.Repo("forks/web")
	r := w.gh.Repo(shop)
	for _, n := range []int{7, 8, 9} {
		r.PutPull(telemetry.PullRequest{Number: n, Title: title(n), User: "devin", HeadRef: fmt.Sprint("fix-", n), CreatedAt: at, UpdatedAt: at})
	}
	for repo, n := range map[string]int{"forks/shop": 1, "acme/web": 2, "forks/web": 3} {
		w.gh.Repo(repo).PutPull(telemetry.PullRequest{Number: n, Title: title(n), CreatedAt: at, UpdatedAt: at})
	}
	r.SetChecks(7, telemetry.Check{Name: "test", Status: "completed", Conclusion: "success", URL: "https://github.com/octo/shop/runs/1"},
		telemetry.Check{Name: "ci", Status: "completed", Conclusion: "success", Commit: true})
	r.SetReviews(7, telemetry.Review{Reviewer: "mona", State: "APPROVED", At: at})
	for _, id := range []string{sessionA, sessionB} {
		w.dv.Put(devintest.Session{ID: id, Status: "running", Detail: "working", Title: "Fix XSS", CreatedAt: at, UpdatedAt: at,
			Messages: []telemetry.Message{{From: "user", Text: "Please fix it.", At: telemetry.At(at)}, {From: "devin", Text: "I look.",
				At: telemetry.At(at.Add(time.Minute))}}})
	}
}

// after changes the upstreams, so that the fault has something to hide.
func (w *world) after() {
	at := w.now().Add(-10 * time.Minute)
	action := w.gh.Repo(actionRepo)
	put := func(name string, body []byte) { action.PutFile("telemetry/runs/"+name, body) }
	put("e.json", scan(shop, 5, at, []string{"r1", "r4"}))
	put("f.json", scan("acme/web", 6, at.Add(time.Minute), []string{"w2", "w3"}))
	for n := range w.more {
		put(fmt.Sprintf("more-%02d.json", n), scan(shop, 10+n, at.Add(time.Duration(2+n)*time.Second), []string{"r1", "r4"}))
	}
	for repo, n := range map[string]int{"forks/shop": 1, "acme/web": 2, "forks/web": 3, shop: 8} {
		w.gh.Repo(repo).PutPull(telemetry.PullRequest{Number: n, Title: title(n), CreatedAt: at.Add(-time.Hour), UpdatedAt: at, MergedAt: at})
	}
	for n := range w.pullsMore {
		w.gh.Repo(shop).PutPull(telemetry.PullRequest{Number: 100 + n, Title: "Bump", CreatedAt: at, UpdatedAt: at})
	}
	w.gh.Repo(library).PutPull(telemetry.PullRequest{Number: 5, Title: "Elsewhere", CreatedAt: at, UpdatedAt: at})
	if w.sides {
		action.PutFile("telemetry/repo_registry.json", []byte(registry))
	}
	w.dv.Update(sessionA, func(s *devintest.Session) { s.Detail, s.UpdatedAt = "finished", at })
}

// withoutContent answers a file as GitHub does one that is large: without its
// content, and with the address to fetch it from.
func (w *world) withoutContent(rw http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	w.gh.ServeHTTP(rec, r)
	file, ok := decode(rec.Body.Bytes()).(map[string]any)
	if ok && file["content"] != nil {
		file["content"], file["encoding"] = "", "none"
		file["download_url"] = "http://" + r.Host + "/raw" + r.URL.Path
		rec.Body.Reset()
		rec.Body.Write(encode(file))
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write(rec.Body.Bytes())
}

// download answers the bytes of a file.
func (w *world) download(rw http.ResponseWriter, r *http.Request) {
	again := r.Clone(r.Context())
	again.URL.Path = strings.TrimPrefix(r.URL.Path, "/raw")
	again.Header.Set("Authorization", "Bearer "+secretToken)
	again.Header.Set("Accept", "application/json")
	rec := httptest.NewRecorder()
	w.gh.ServeHTTP(rec, again)
	file, _ := decode(rec.Body.Bytes()).(map[string]any)
	text, _ := file["content"].(string)
	var body []byte
	if json.Unmarshal(encode(strings.ReplaceAll(text, "\n", "")), &body) != nil {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "application/octet-stream")
	_, _ = rw.Write(body)
}
