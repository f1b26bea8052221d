package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/decisions"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/static"
)

// world is a server with all that it needs: a store, and GitHub and Devin
// played on the wire.
type world struct {
	t      testing.TB
	url    string
	api    *api.API
	github *githubtest.Player
	devin  *devintest.Player
}

// newWorld serves the records of dir from SQLite. Without tokens no upstream
// is set.
func newWorld(t testing.TB, dir string, tokens bool) *world {
	t.Helper()
	return newWorldOn(t, "sqlite:"+filepath.Join(t.TempDir(), "api.db"), dir, tokens)
}

func newWorldOn(t testing.TB, database, dir string, tokens bool) *world {
	t.Helper()
	w := &world{t: t, github: githubtest.New(githubtest.Options{}), devin: devintest.New(devintest.Options{Key: "apk_test"})}
	db, err := store.Open(t.Context(), store.Options{URL: database, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var ids atomic.Int64
	jobs := ingest.Options{Store: derive.New(db), Sources: []ingest.Source{{Files: ingest.Dir{Path: dir}}}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		NewID: func() string { return fmt.Sprintf("job-%d", ids.Add(1)) }}
	reads := storetest.Reading(db)
	decider := decisions.New(derive.New(db))
	reads.Decider, reads.Campaigner, reads.Known = decider, decider, db.HasPerson
	if tokens {
		hub, dev := w.clients()
		jobs.PullRequests, jobs.Devin, jobs.Messenger, jobs.Starter = hub, dev, dev, dev
		jobs.Sources[0].Dispatcher = hub.Action("octo/fixer", "")
		reads.GitHub, reads.Messages = hub, dev
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	runner := ingest.New(ctx, jobs)
	if reads.SendLimits = (telemetry.SendLimits{PerDay: 20, MaxACUs: 10}); tokens {
		reads.Sender = runner
	}
	told, err := notify.New(notify.Options{Store: db, Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: func() string { return "one" }})
	if err != nil {
		t.Fatal(err)
	}
	w.api = &api.API{Dashboard: dashboard.New(reads), Jobs: runner, Scope: derive.New(db), Redeliver: db, Notify: told, Description: static.OpenAPI(),
		Settings: api.Settings{ActionRepo: "octo/fixer", ActionRepos: []string{"octo/fixer"}}}
	w.serve(ctx, stop, db, runner)
	return w
}

func (w *world) clients() (*github.Client, *devin.Client) {
	hubServer, devServer := httptest.NewServer(w.github), httptest.NewServer(w.devin)
	w.t.Cleanup(hubServer.Close)
	w.t.Cleanup(devServer.Close)
	hub, err := github.New(github.Options{BaseURL: hubServer.URL, Token: "t"})
	if err != nil {
		w.t.Fatal(err)
	}
	dev, err := devin.New(devin.Options{BaseURL: devServer.URL, Key: "apk_test"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(hub.Close)
	w.t.Cleanup(dev.Close)
	return hub, dev
}

func (w *world) serve(ctx context.Context, stop context.CancelFunc, db *store.Store, runner *ingest.Runner) {
	var routes []server.Route
	for _, r := range w.api.Routes() {
		routes = append(routes, server.Route(r))
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + ln.Addr().String()
	srv := server.New(server.Options{Log: slog.New(slog.DiscardHandler), BuildID: "test", DatabaseID: db.ID(), Versions: db.Versions,
		Access: access.Everyone("you"), Audit: db, ListenAddr: ln.Addr().String(), Now: time.Now}, routes)
	ended := make(chan error, 2)
	go func() { ended <- runner.Run(ctx) }()
	go func() { ended <- srv.Serve(ctx, ln) }()
	w.t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				w.t.Error(err)
			}
		}
	})
}

// answer is an answer with its body read.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request; headers are "Name: value".
func (w *world) do(method, path, body string, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp, read}
}

// json decodes a good answer.
func (w *world) json(method, path, body string) map[string]any {
	w.t.Helper()
	a := w.do(method, path, body)
	if a.StatusCode/100 != 2 {
		w.t.Fatalf("%s %s: %s: %s", method, path, a.Status, a.body)
	}
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(a.body))
	if err := d.Decode(&v); err != nil {
		w.t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
	}
	return v
}

// first is a field of the first item of a list.
func (w *world) first(path, field string) string {
	w.t.Helper()
	items, _ := w.json("GET", path, "")["items"].([]any)
	if len(items) == 0 {
		w.t.Fatalf("%s has no items", path)
	}
	return fmt.Sprint(items[0].(map[string]any)[field])
}

const (
	waiting = "0123456789abcdef0123456789abcdef" // a session that waits for its user
	fixing  = "1123456789abcdef0123456789abcdef" // one with a pull request
)

// handmade is a directory of records of each kind, a broken one among them.
func handmade(t testing.TB) string {
	t.Helper()
	finding := func(id, print string, line int) string {
		return fmt.Sprintf(`{"id":%q,"fingerprint":%q,"rule_id":"js/xss","severity_tier":"high","cwe_family":"xss","file":"a.js","start_line":%d}`, id, print, line)
	}
	many := make([]string, 20)
	for i := range many {
		many[i] = finding(fmt.Sprintf("CQLF-R4-%04d", i+1), fmt.Sprintf("%016x", i+1), 10*i+10)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"octo_widgets_run_1.json": `{"target_repo":"https://github.com/octo/widgets","fork_url":"https://github.com/fixer/widgets","run_number":1,"run_id":"11","run_url":"https://github.com/octo/fixer/actions/runs/11",
			"run_label":"run-1","timestamp":"2026-02-01T10:00:00.5+00:00","issues_found":2,"severity_breakdown":{"high":2},"category_breakdown":{"xss":2},"batches_created":2,"sessions":[
			{"session_id":"devin-` + waiting + `","session_url":"https://app.devin.ai/sessions/` + waiting + `","batch_id":1,"status":"created","issue_ids":["CQLF-R1-0001",""],"pr_url":""},
			{"session_id":"","session_url":"","batch_id":2,"status":"error: 429 Client Error: Too Many Requests","issue_ids":[],"pr_url":""},
			{"session_id":"dry-run","session_url":"","batch_id":3,"status":"dry-run","issue_ids":[],"pr_url":""}],
			"issue_fingerprints":[` + finding("CQLF-R1-0001", "aaaaaaaaaaaaaaaa", 10) + `,` + finding("CQLF-R1-0002", "bbbbbbbbbbbbbbbb", 20) + `]}`,
		"octo_widgets_run_2.json": `{"target_repo":"https://github.com/octo/widgets","fork_url":"https://github.com/fixer/widgets","run_number":2,"timestamp":"2026-02-02T10:00:00Z","issues_found":1,"severity_breakdown":{"high":1},
			"category_breakdown":{"xss":1},"batches_created":1,"run_id":"12","sessions":[{"session_id":"` + fixing + `","batch_id":1,"status":"finished","issue_ids":["CQLF-R2-0001"],"pr_url":"https://github.com/fixer/widgets/pull/5"}],
			"issue_fingerprints":[` + finding("CQLF-R2-0001", "aaaaaaaaaaaaaaaa", 11) + `]}`,
		"octo_widgets_dispatch.json": `{"target_repo":"https://github.com/octo/widgets","fork_url":"","run_number":0,"run_id":"","run_url":"","run_label":"orchestrator_dispatch_1","timestamp":"2026-02-03T10:00:00+00:00","issues_found":0,
			"zero_issue_run":true,"sessions":[],"severity_breakdown":{},"category_breakdown":{}}`,
		"other_unnamed.json":  `{"target_repo":"https://github.com/octo/gadgets","run_number":3,"run_id":"13","timestamp":"2026-02-01T09:00:00Z","issues_found":7,"severity_breakdown":{"low":7},"category_breakdown":{"other":7}}`,
		"octo_big_run_4.json": `{"target_repo":"https://github.com/octo/big","run_number":4,"run_id":"14","timestamp":"2026-01-01T09:00:00Z","issues_found":20,"issue_fingerprints":[` + strings.Join(many, ",") + `]}`,
		"octo_big_run_5.json": `{"target_repo":"https://github.com/octo/big","run_number":5,"run_id":"15","timestamp":"2026-01-02T09:00:00Z","issues_found":2,"issue_fingerprints":[` + strings.Join(many[:2], ",") + `]}`,
		"verification.json": `{"verified_at":"2026-02-04T10:00:00Z","pr_number":"5","pr_url":"https://github.com/fixer/widgets/pull/5","pr_title":"fix(CQLF-R2-0001): xss","session_id":"` + fixing + `","source_run_number":"2",
			"cwe_family":"xss","summary":{"total_original":1,"total_targeted":1,"fixed_count":1,"remaining_count":0,"fix_rate":100.0,"new_issues_in_scan":0},
			"verified_fixed":[{"id":"CQLF-R2-0001","fingerprint":"aaaaaaaaaaaaaaaa","rule_id":"js/xss","severity_tier":"high","cwe_family":"xss","file":"a.js"}],"still_present":[]}`,
		"broken.json": `{"target_repo":`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// populate gives the players what belongs to the handmade records.
func (w *world) populate() {
	w.devin.Put(devintest.Session{ID: waiting, Status: "running", Detail: "waiting_for_user", Messages: []telemetry.Message{{From: "devin", Text: "Which branch?"}}})
	w.devin.Put(devintest.Session{ID: fixing, Status: "exit"})
	w.github.Repo("octo/fixer").PutWorkflow("codeql-fixer.yml", "target_repo", "languages", "queries", "persist_logs", "include_paths", "exclude_paths", "batch_size", "max_sessions", "severity_threshold", "dry_run", "default_branch")
	w.github.Repo("octo/widgets").PutPull(telemetry.PullRequest{Number: 9, Title: "Bump lodash", User: "bot"})
	fork := w.github.Repo("fixer/widgets")
	fork.PutPull(telemetry.PullRequest{Number: 5, Title: "fix(CQLF-R2-0001): xss", User: "devin"})
	fork.PutPull(telemetry.PullRequest{Number: 6, Title: "Another attempt", Body: "https://app.devin.ai/sessions/" + waiting, User: "devin"})
}

// deliver puts webhooks that GitHub delivered, and what came of them.
func (w *world) deliver() {
	for i, d := range []telemetry.Delivery{
		{Event: telemetry.EventPull, Action: "closed", Repo: "octo/other", Pull: 7, State: telemetry.DeliveryIgnored, Tries: 1, Result: "No run names it."},
		{Event: telemetry.EventPing, State: telemetry.DeliveryDone, Result: "The webhook works.", Ended: telemetry.At(time.Now())},
	} {
		d.ID = fmt.Sprintf("delivery-%d", i)
		if _, _, err := w.api.Redeliver.(*store.Store).PutDelivery(w.t.Context(), d); err != nil {
			w.t.Fatal(err)
		}
	}
}

// writeRecord puts a file into a directory of records.
func writeRecord(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
