package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/static"
)

// lifecycle is the API on the wire, over records of a directory.
type lifecycle struct {
	t        *testing.T
	base     string
	contract *apitest.Contract
}

func newLifecycle(t *testing.T, dir string) *lifecycle {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "lifecycle.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	log := slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(t.Context())
	jobs := ingest.New(ctx, ingest.Options{Store: db, Sources: []ingest.Source{{Files: ingest.Dir{Path: dir}}}, Log: log, Now: time.Now, NewID: newID})
	surface := &api.API{Dashboard: dashboard.New(dashboard.Options{Lists: listsOf(db), Sums: lists.SumsOf(db), Store: db}), Jobs: jobs, Scope: db, Now: time.Now}
	var routes []server.Route
	for _, r := range surface.Routes() {
		routes = append(routes, server.Route(r))
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := server.New(server.Options{Log: log, BuildID: "test", DatabaseID: db.ID(), Versions: db.Versions, ListenAddr: ln.Addr().String(), Now: time.Now}, routes)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	contract, err := apitest.Load(t.Context(), static.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	l := &lifecycle{t, "http://" + ln.Addr().String(), contract}
	l.ask(http.MethodPost, "/api/refresh", "/api/refresh", http.StatusOK)
	return l
}

// ask sends a request, holds its answer against the description, and
// returns the body. Without described it is held against nothing.
func (l *lifecycle) ask(method, path, described string, status int) []byte {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.base+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if res.StatusCode != status {
		l.t.Errorf("%s %s: %d %.300s, want %d", method, path, res.StatusCode, body, status)
	}
	if described == "" {
		return body
	}
	if err := l.contract.Check(method, described, res, body); err != nil {
		l.t.Errorf("%s %s: %.600s", method, path, err)
	}
	return body
}

func (l *lifecycle) get(path, described string, into any) {
	l.t.Helper()
	if err := json.Unmarshal(l.ask(http.MethodGet, path, described, http.StatusOK), into); err != nil {
		l.t.Fatal(path, err)
	}
}

// refused asks for what cannot be answered; words must stand in the error.
func (l *lifecycle) refused(method, path, described string, status int, words string) {
	l.t.Helper()
	if body := l.ask(method, path, described, status); !strings.Contains(string(body), words) {
		l.t.Errorf("%s %s: %s does not say %q", method, path, body, words)
	}
}

const (
	narrowFile = "marius-posa_juice-shop_run_21803457070_20260208_185211.json" // run 29
	juiceFile  = "marius-posa_juice-shop_run_21888089889_20260211_004106.json" // run 40
	fixerFile  = "marius-posa_codeql-devin-fixer_run_21888090352_20260211_004115.json"
)

// TestLifecycleOfRealRecords walks every detail that the API has of the real
// records, each answer held against its description.
func TestLifecycleOfRealRecords(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	l := newLifecycle(t, dir)
	type items struct {
		Total int64
		Items []map[string]any
	}
	var issues, sessions, pulls, runs, verifications items
	l.get("/api/issues?per_page=200", "/api/issues", &issues)
	for _, i := range issues.Items[:40] {
		l.get(fmt.Sprint("/api/issues/", i["id"]), "/api/issues/{id}", &map[string]any{})
	}
	l.get("/api/sessions?per_page=200", "/api/sessions", &sessions)
	for _, s := range sessions.Items {
		l.get(fmt.Sprint("/api/sessions/", s["session_id"]), "/api/sessions/{id}", &map[string]any{})
	}
	l.get("/api/prs?per_page=200", "/api/prs", &pulls)
	for _, p := range pulls.Items {
		l.get(fmt.Sprintf("/api/prs/%s/%v", p["repo"], p["pr_number"]), "/api/prs/{owner}/{name}/{number}", &map[string]any{})
	}
	l.get("/api/runs?per_page=200", "/api/runs", &runs)
	for _, r := range runs.Items {
		l.get(fmt.Sprint("/api/runs/", r["_file"]), "/api/runs/{file}", &map[string]any{})
	}
	l.get("/api/verifications?per_page=200", "/api/verifications", &verifications)
	if verifications.Total != 5 {
		t.Errorf("%d verifications, want 5", verifications.Total)
	}
	l.get("/api/verifications?outcome=verified_gone", "/api/verifications", &verifications)
	if verifications.Total != 2 {
		t.Errorf("%d verified and gone, want 2", verifications.Total)
	}
	var diff struct{ Counts map[string]int }
	l.get("/api/runs/"+fixerFile+"/diff", "/api/runs/{file}/diff", &diff)
	if want := map[string]int{"new": 0, "reopened": 0, "gone": 8, "moved": 5, "unchanged": 8}; fmt.Sprint(diff.Counts) != fmt.Sprint(want) {
		t.Errorf("run 41 against the one before: %v, want %v", diff.Counts, want)
	}
	raw := l.ask(http.MethodGet, "/api/runs/"+fixerFile+"/raw", "/api/runs/{file}/raw", http.StatusOK)
	if file, err := os.ReadFile(filepath.Join(dir, fixerFile)); err != nil || string(file) != string(raw) {
		t.Errorf("the raw record is not the file (%v)", err)
	}
	l.get("/api/runs/"+narrowFile, "/api/runs/{file}", &map[string]any{})
}

// TestLifecycleRefusals: what cannot be answered is refused in words.
func TestLifecycleRefusals(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	l := newLifecycle(t, dir)
	const run, diff, accept = "/api/runs/{file}", "/api/runs/{file}/diff", "/api/runs/{file}/accept-scope"
	dispatch := "marius-posa_juice-shop_dispatch_20260211T115601_3.json"
	l.refused(http.MethodGet, "/api/issues/0123456789ab", "/api/issues/{id}", 404, "no issue 0123456789ab")
	l.refused(http.MethodGet, "/api/sessions/devin-nobody", "/api/sessions/{id}", 404, "names a session")
	l.refused(http.MethodGet, "/api/prs/o/r/7", "/api/prs/{owner}/{name}/{number}", 404, "o/r#7")
	l.refused(http.MethodGet, "/api/prs/o/r/x", "/api/prs/{owner}/{name}/{number}", 400, "whole number")
	l.refused(http.MethodGet, "/api/runs/none.json", run, 404, "no run file none.json")
	l.refused(http.MethodGet, "/api/runs/none.json/raw", "/api/runs/{file}/raw", 404, "none.json")
	l.refused(http.MethodGet, "/api/runs/"+url.PathEscape("../../etc/passwd")+"/raw", "/api/runs/{file}/raw", 404, "passwd")
	l.refused(http.MethodGet, "/api/runs/verification_458b63aaba9e4fa39eae9cb522095e40_20260209_071521.json", run, 404, "is a verification")
	l.refused(http.MethodGet, "/api/verifications?outcome=perfect", "/api/verifications", 400, "outcome")
	l.refused(http.MethodGet, "/api/runs/"+juiceFile+"/diff?against="+fixerFile, diff, 400, "same repository")
	l.refused(http.MethodGet, "/api/runs/"+narrowFile+"/diff?against="+juiceFile, diff, 400, "later")
	l.refused(http.MethodGet, "/api/runs/"+juiceFile+"/diff?against="+juiceFile, diff, 400, "itself")
	l.refused(http.MethodGet, "/api/runs/"+juiceFile+"/diff?against=none.json", diff, 404, "none.json")
	l.refused(http.MethodGet, "/api/runs/"+dispatch+"/diff", diff, 400, "is a dispatch")
	l.refused(http.MethodGet, "/api/runs/marius-posa_juice-shop_run_12_20260207_113139.json/diff", diff, 400, "names none")
	l.refused(http.MethodGet, "/api/runs/marius-posa_juice-shop_run_16_20260207_130704.json/diff", diff, 404, "first scan")
	l.refused(http.MethodPost, "/api/runs/"+juiceFile+"/accept-scope", accept, 400, "not scope-reduced")
	l.refused(http.MethodPost, "/api/runs/none.json/accept-scope", accept, 404, "none.json")
	l.refused(http.MethodPost, "/api/backfill?undo=perhaps", "/api/backfill", 400, "undo")
}

// TestLifecycleScope: an accepted narrow scan closes what it does not name,
// and undo brings that back.
func TestLifecycleScope(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	l := newLifecycle(t, dir)
	const accept = "/api/runs/{file}/accept-scope"
	state := func() string {
		var s map[string]any
		l.get("/api/stats", "", &s)
		delete(s, "as_of")
		text, _ := json.Marshal(s)
		var d struct {
			Accepted bool `json:"scope_accepted"`
			Reduced  bool `json:"scope_reduced"`
			Gone     []any
		}
		l.get("/api/runs/"+narrowFile, "/api/runs/{file}", &d)
		return fmt.Sprintf("accepted %v, reduced %v, gone %d, %s", d.Accepted, d.Reduced, len(d.Gone), text)
	}
	before := state()
	if !strings.HasPrefix(before, "accepted false, reduced true, gone 0") {
		t.Errorf("before: %.80s", before)
	}
	for range 2 {
		l.ask(http.MethodPost, "/api/runs/"+narrowFile+"/accept-scope", accept, http.StatusOK)
		if after := state(); !strings.HasPrefix(after, "accepted true, reduced false, gone 90") {
			t.Errorf("accepted: %.80s", after)
		}
	}
	l.ask(http.MethodDelete, "/api/runs/"+narrowFile+"/accept-scope", accept, http.StatusOK)
	if after := state(); after != before {
		t.Errorf("undone:\n%s\nwant\n%s", after, before)
	}
	l.ask(http.MethodPost, "/api/runs/"+narrowFile+"/accept-scope", accept, http.StatusOK)
	l.ask(http.MethodPost, "/api/runs/"+narrowFile+"/accept-scope?undo=true", accept, http.StatusOK)
	if after := state(); after != before {
		t.Errorf("undone by ?undo=true:\n%s\nwant\n%s", after, before)
	}
}

// TestLifecycleRedirect: an id that a late record changed leads to the one
// that the issue has now.
func TestLifecycleRedirect(t *testing.T) {
	dir := t.TempDir()
	write := func(name, at string, line int, print string) {
		t.Helper()
		body := fmt.Sprintf(`{"target_repo": "https://github.com/o/r", "run_number": %d, "run_id": "x", "timestamp": %q, "issues_found": 1, "sessions": [],
			"issue_fingerprints": [{"id": "", "fingerprint": %q, "rule_id": "go/x", "severity_tier": "high", "cwe_family": "xss", "file": "a.go", "start_line": %d}]}`, line, at, print, line)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("2.json", "2026-02-02T10:00:00Z", 12, "2222222222222222")
	l := newLifecycle(t, dir)
	id := func() string {
		t.Helper()
		var list struct{ Items []struct{ ID string } }
		l.get("/api/issues", "/api/issues", &list)
		if len(list.Items) != 1 {
			t.Fatalf("%d issues, want 1", len(list.Items))
		}
		return list.Items[0].ID
	}
	old := id()
	write("1.json", "2026-02-01T10:00:00Z", 10, "1111111111111111")
	l.ask(http.MethodPost, "/api/refresh", "/api/refresh", http.StatusOK)
	now := id()
	if now == old {
		t.Fatal("the late record did not change the id")
	}
	var moved struct{ ID, Location string }
	if err := json.Unmarshal(l.ask(http.MethodGet, "/api/issues/"+old, "/api/issues/{id}", http.StatusMovedPermanently), &moved); err != nil || moved.ID != now || moved.Location != "/api/issues/"+now {
		t.Errorf("the old id leads to %+v (%v), want %s", moved, err, now)
	}
	l.get(moved.Location, "/api/issues/{id}", &map[string]any{})
}
