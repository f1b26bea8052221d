package http

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/static"
)

// described is the running program, whose answers are held against the
// description of its API.
type described struct {
	*program.Program
	contract *apitest.Contract
}

func newDescribed(t *testing.T, records map[string]any) described {
	t.Helper()
	contract, err := apitest.Load(t.Context(), static.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	p := described{program.WithRuns(t, records, nil), contract}
	p.ask(http.MethodPost, "/api/refresh", "/api/refresh", http.StatusOK)
	return p
}

// ask sends a request, holds its answer against the description of a path,
// and returns the body. Without a path it is held against nothing.
func (p described) ask(method, path, template string, status int) []byte {
	p.T.Helper()
	res, err := p.Client().Do(p.Request(method, path, ""))
	if err != nil {
		p.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	if res.StatusCode != status {
		p.T.Errorf("%s %s: %d %.300s, want %d", method, path, res.StatusCode, body, status)
	}
	if template == "" {
		return body
	}
	if err := p.contract.Check(method, template, res, body); err != nil {
		p.T.Errorf("%s %s: %.600s", method, path, err)
	}
	return body
}

func (p described) get(path, template string, into any) {
	p.T.Helper()
	if err := json.Unmarshal(p.ask(http.MethodGet, path, template, http.StatusOK), into); err != nil {
		p.T.Fatal(path, err)
	}
}

// refused asks for what cannot be answered; the error must contain words.
func (p described) refused(method, path, template string, status int, words string) {
	p.T.Helper()
	if body := p.ask(method, path, template, status); !strings.Contains(string(body), words) {
		p.T.Errorf("%s %s: %s does not say %q", method, path, body, words)
	}
}

const (
	reducedFile   = "marius-posa_juice-shop_run_21803457070_20260208_185211.json" // run 29
	juiceShopFile = "marius-posa_juice-shop_run_21888089889_20260211_004106.json" // run 40
	fixerFile     = "marius-posa_codeql-devin-fixer_run_21888090352_20260211_004115.json"
)

// TestAPIDetailsOfRealRecords walks every detail that the API has of the real
// records, each answer held against its description.
func TestAPIDetailsOfRealRecords(t *testing.T) {
	p := newDescribed(t, program.RealRuns(t))
	type items struct {
		Total int64
		Items []map[string]any
	}
	var issues, sessions, pulls, runs, verifications items
	p.get("/api/issues?per_page=200", "/api/issues", &issues)
	for _, i := range issues.Items[:40] {
		p.get(fmt.Sprint("/api/issues/", i["id"]), "/api/issues/{id}", &map[string]any{})
	}
	p.get("/api/sessions?per_page=200", "/api/sessions", &sessions)
	for _, s := range sessions.Items {
		p.get(fmt.Sprint("/api/sessions/", s["session_id"]), "/api/sessions/{id}", &map[string]any{})
	}
	p.get("/api/prs?per_page=200", "/api/prs", &pulls)
	for _, pull := range pulls.Items {
		p.get(fmt.Sprintf("/api/prs/%s/%v", pull["repo"], pull["pr_number"]), "/api/prs/{owner}/{name}/{number}", &map[string]any{})
	}
	p.get("/api/runs?per_page=200", "/api/runs", &runs)
	for _, r := range runs.Items {
		p.get(fmt.Sprint("/api/runs/", r["_file"]), "/api/runs/{file}", &map[string]any{})
	}
	p.get("/api/verifications?per_page=200", "/api/verifications", &verifications)
	if verifications.Total != 5 {
		t.Errorf("%d verifications, want 5", verifications.Total)
	}
	p.get("/api/verifications?outcome=verified_gone", "/api/verifications", &verifications)
	if verifications.Total != 2 {
		t.Errorf("%d verified and gone, want 2", verifications.Total)
	}
	var diff struct{ Counts map[string]int }
	p.get("/api/runs/"+fixerFile+"/diff", "/api/runs/{file}/diff", &diff)
	if want := map[string]int{"new": 0, "reopened": 0, "gone": 8, "moved": 5, "unchanged": 8}; fmt.Sprint(diff.Counts) != fmt.Sprint(want) {
		t.Errorf("run 41 against the one before: %v, want %v", diff.Counts, want)
	}
	raw := p.ask(http.MethodGet, "/api/runs/"+fixerFile+"/raw", "/api/runs/{file}/raw", http.StatusOK)
	if file, err := os.ReadFile(filepath.Join(p.Runs, fixerFile)); err != nil || string(file) != string(raw) {
		t.Errorf("the raw record is not the file (%v)", err)
	}
	p.get("/api/runs/"+reducedFile, "/api/runs/{file}", &map[string]any{})
}

// TestAPIDetailsAreRefused: what cannot be answered is refused in words.
func TestAPIDetailsAreRefused(t *testing.T) {
	p := newDescribed(t, program.RealRuns(t))
	const run, diff, accept = "/api/runs/{file}", "/api/runs/{file}/diff", "/api/runs/{file}/accept-scope"
	dispatch := "marius-posa_juice-shop_dispatch_20260211T115601_3.json"
	p.refused(http.MethodGet, "/api/issues/0123456789ab", "/api/issues/{id}", 404, "Issue 0123456789ab not found")
	p.refused(http.MethodGet, "/api/sessions/devin-nobody", "/api/sessions/{id}", 404, "Session devin-nobody not found")
	p.refused(http.MethodGet, "/api/prs/o/r/7", "/api/prs/{owner}/{name}/{number}", 404, "o/r#7")
	p.refused(http.MethodGet, "/api/prs/o/r/x", "/api/prs/{owner}/{name}/{number}", 400, "whole number")
	p.refused(http.MethodGet, "/api/runs/none.json", run, 404, "Run file none.json not found")
	p.refused(http.MethodGet, "/api/runs/none.json/raw", "/api/runs/{file}/raw", 404, "none.json")
	p.refused(http.MethodGet, "/api/runs/"+url.PathEscape("../../etc/passwd")+"/raw", "/api/runs/{file}/raw", 404, "passwd")
	p.refused(http.MethodGet, "/api/runs/verification_458b63aaba9e4fa39eae9cb522095e40_20260209_071521.json", run, 404, "is a verification")
	p.refused(http.MethodGet, "/api/verifications?outcome=perfect", "/api/verifications", 400, "outcome")
	p.refused(http.MethodGet, "/api/runs/"+juiceShopFile+"/diff?against="+fixerFile, diff, 400, "same repository")
	p.refused(http.MethodGet, "/api/runs/"+reducedFile+"/diff?against="+juiceShopFile, diff, 400, "later")
	p.refused(http.MethodGet, "/api/runs/"+juiceShopFile+"/diff?against="+juiceShopFile, diff, 400, "itself")
	p.refused(http.MethodGet, "/api/runs/"+juiceShopFile+"/diff?against=none.json", diff, 404, "none.json")
	p.refused(http.MethodGet, "/api/runs/"+dispatch+"/diff", diff, 400, "is a dispatch")
	p.refused(http.MethodGet, "/api/runs/marius-posa_juice-shop_run_12_20260207_113139.json/diff", diff, 400, "lists none")
	p.refused(http.MethodGet, "/api/runs/marius-posa_juice-shop_run_16_20260207_130704.json/diff", diff, 404, "first scan")
	p.refused(http.MethodPost, "/api/runs/"+juiceShopFile+"/accept-scope", accept, 400, "not scope-reduced")
	p.refused(http.MethodPost, "/api/runs/none.json/accept-scope", accept, 404, "none.json")
	p.refused(http.MethodPost, "/api/backfill?undo=perhaps", "/api/backfill", 400, "undo")
}

// TestAcceptedScope: an accepted scope-reduced scan closes what it does not name,
// and undo brings that back.
func TestAcceptedScope(t *testing.T) {
	p := newDescribed(t, program.RealRuns(t))
	const accept = "/api/runs/{file}/accept-scope"
	state := func() string {
		var s map[string]any
		p.get("/api/stats", "", &s)
		delete(s, "as_of")
		text, _ := json.Marshal(s)
		var d struct {
			Accepted bool `json:"scope_accepted"`
			Reduced  bool `json:"scope_reduced"`
			Gone     []any
		}
		p.get("/api/runs/"+reducedFile, "/api/runs/{file}", &d)
		return fmt.Sprintf("accepted %v, reduced %v, gone %d, %s", d.Accepted, d.Reduced, len(d.Gone), text)
	}
	before := state()
	if !strings.HasPrefix(before, "accepted false, reduced true, gone 0") {
		t.Errorf("before: %.80s", before)
	}
	for range 2 {
		p.ask(http.MethodPost, "/api/runs/"+reducedFile+"/accept-scope", accept, http.StatusOK)
		if after := state(); !strings.HasPrefix(after, "accepted true, reduced false, gone 90") {
			t.Errorf("accepted: %.80s", after)
		}
	}
	p.ask(http.MethodDelete, "/api/runs/"+reducedFile+"/accept-scope", accept, http.StatusOK)
	if after := state(); after != before {
		t.Errorf("undone:\n%s\nwant\n%s", after, before)
	}
	p.ask(http.MethodPost, "/api/runs/"+reducedFile+"/accept-scope", accept, http.StatusOK)
	p.ask(http.MethodPost, "/api/runs/"+reducedFile+"/accept-scope?undo=true", accept, http.StatusOK)
	if after := state(); after != before {
		t.Errorf("undone by ?undo=true:\n%s\nwant\n%s", after, before)
	}
}

// TestChangedIssueIDRedirects: an id that a late record changed leads to the one
// that the issue has now.
func TestChangedIssueIDRedirects(t *testing.T) {
	record := func(at string, line int, print string) any {
		return []byte(
			fmt.Sprintf(
				`{"target_repo": "https://github.com/o/r", "run_number": %d, "run_id": "x", "timestamp": %q, "issues_found": 1, "sessions": [],
			"issue_fingerprints": [{"id": "", "fingerprint": %q, "rule_id": "go/x", "severity_tier": "high", "cwe_family": "xss",
				"file": "a.go", "start_line": %d}]}`,
				line,
				at,
				print,
				line,
			),
		)
	}
	p := newDescribed(t, map[string]any{"2.json": record("2026-02-02T10:00:00Z", 12, "2222222222222222")})
	id := func() string {
		t.Helper()
		var list struct{ Items []struct{ ID string } }
		p.get("/api/issues", "/api/issues", &list)
		if len(list.Items) != 1 {
			t.Fatalf("%d issues, want 1", len(list.Items))
		}
		return list.Items[0].ID
	}
	old := id()
	p.Write(map[string]any{"1.json": record("2026-02-01T10:00:00Z", 10, "1111111111111111")})
	p.ask(http.MethodPost, "/api/refresh", "/api/refresh", http.StatusOK)
	now := id()
	if now == old {
		t.Fatal("the late record did not change the id")
	}
	var moved struct{ ID, Location string }
	if err := json.Unmarshal(p.ask(http.MethodGet, "/api/issues/"+old, "/api/issues/{id}", http.StatusMovedPermanently), &moved); err != nil ||
		moved.ID != now ||
		moved.Location != "/api/issues/"+now {
		t.Errorf("the old id leads to %+v (%v), want %s", moved, err, now)
	}
	p.get(moved.Location, "/api/issues/{id}", &map[string]any{})
}
