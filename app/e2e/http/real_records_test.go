package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// wired is the whole program between upstreams that are played.
type wired struct {
	t      *testing.T
	cfg    Config
	github *githubtest.Player
	devin  *devintest.Player
	url    string
	stop   func()
}

// newWired plays upstreams, with the run files of a directory in the action
// repository, and starts nothing yet.
func newWired(t *testing.T, key, database string, files map[string][]byte) *wired {
	t.Helper()
	p := &wired{t: t, github: githubtest.New(githubtest.Options{Token: "ghp_test"}), devin: devintest.New(devintest.Options{Key: key})}
	for name, body := range files {
		p.github.Repo("octo/fixer").PutFile("telemetry/runs/"+name, body)
	}
	hub, dev := httptest.NewServer(p.github), httptest.NewServer(p.devin)
	t.Cleanup(hub.Close)
	t.Cleanup(dev.Close)
	vars := map[string]string{"GITHUB_TOKEN": "ghp_test", "DEVIN_API_KEY": key, "ACTION_REPO": "octo/fixer", "GITHUB_API_URL": hub.URL, "DEVIN_API_URL": dev.URL + "/v1/",
		"DATABASE_URL": database, "LISTEN_ADDR": "127.0.0.1:0", "REFRESH_INTERVAL": "0", "POLL_INTERVAL": "0"}
	var err error
	if p.cfg, err = parseConfig(vars); err != nil {
		t.Fatal(err)
	}
	return p
}

// start runs the program until stop, or the end of the test.
func (p *wired) start() {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, p.cfg, false, slog.New(slog.NewTextHandler(p.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), func(a net.Addr) { ready <- a })
	}()
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the program ended with %v", err)
		}
	}
	p.t.Cleanup(p.stop)
	select {
	case a := <-ready:
		p.url = "http://" + a.String()
	case err := <-ended:
		ended <- err
		p.t.Fatal("the program did not start")
	}
}

// ask makes a request and returns its status and JSON object.
func (p *wired) ask(method, path string) (int, map[string]any) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	var object map[string]any
	if err == nil {
		err = json.Unmarshal(body, &object)
	}
	if err != nil {
		p.t.Fatalf("%s %s: %v: %.200s", method, path, err, body)
	}
	return res.StatusCode, object
}

// figures asks for an object and compares some of its numbers.
func (p *wired) figures(method, path string, want map[string]float64) {
	p.t.Helper()
	status, got := p.ask(method, path)
	for name, n := range want {
		if got[name] != n {
			p.t.Errorf("%s %s (%d): %s is %v, want %v", method, path, status, name, got[name], n)
		}
	}
}

// state is the state and upstream word of a session.
func (p *wired) state(id string) string {
	p.t.Helper()
	_, list := p.ask("GET", "/api/sessions?per_page=200")
	for _, item := range list["items"].([]any) {
		if s := item.(map[string]any); telemetry.BareID(s["session_id"].(string)) == id {
			return s["state"].(string) + " " + s["status"].(string)
		}
	}
	return "none"
}

func realRuns(t *testing.T) map[string][]byte {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no records in REAL_RUNS: %v", err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestRealRecordsOverTheWire takes the real records from a played GitHub:
// the figures of the specification, all four POST endpoints, a polled state
// that outlives a refresh and a restart, and a GitHub that falls silent.
func TestRealRecordsOverTheWire(t *testing.T) {
	const id = "2324fa5c543d4e7ab725243d3ee6291e" // of a real record, recorded as created
	for name, key := range map[string]string{"Devin v1": "apk_test", "Devin v3": "cog_test"} {
		t.Run(name, func(t *testing.T) {
			p := newWired(t, key, "sqlite:"+filepath.Join(t.TempDir(), "d.db"), realRuns(t))
			p.devin.Put(devintest.Session{ID: id, Status: "running", Detail: "waiting_for_user"})
			p.github.Repo("marius-posa/juice-shop").PutPull(telemetry.PullRequest{Number: 777, Title: "CQLF-R34-0010: escape", Body: "by devin-" + id, User: "devin"})
			p.github.Repo("marius-posa/juice-shop").PutPull(telemetry.PullRequest{Number: 778, Title: "unrelated"})
			p.start()
			p.figures("POST", "/api/refresh", map[string]float64{"total_files": 54, "prs_found": 1})
			p.figures("POST", "/api/refresh", map[string]float64{"downloaded": 0, "total_files": 54, "prs_found": 1})
			want := map[string]float64{"total_runs": 48, "total_issues": 1585, "latest_issues": 98, "sessions_created": 32, "prs_total": 18, "prs_unknown": 17}
			p.figures("GET", "/api/stats", want)
			p.figures("POST", "/api/poll", map[string]float64{"polled": 1, "prs_found": 1})
			polled := p.state(id)
			if !strings.HasPrefix(polled, "pr_ready ") {
				t.Errorf("the polled session reads %q", polled)
			}
			p.figures("POST", "/api/poll-prs", map[string]float64{"total": 18})
			p.figures("POST", "/api/backfill", map[string]float64{})
			p.ask("POST", "/api/refresh")
			if got := p.state(id); got != polled {
				t.Errorf("after a refresh the session reads %q, before %q", got, polled)
			}
			p.stop()
			p.start()
			if got := p.state(id); got != polled {
				t.Errorf("after a restart the session reads %q, before %q", got, polled)
			}
			p.ask("POST", "/api/refresh") // not the start's own, which the next would join
			p.github.Fail(githubtest.Fault{Status: http.StatusUnauthorized})
			if status, answer := p.ask("POST", "/api/refresh"); status != http.StatusBadGateway || answer["code"] != string(telemetry.CodeUpstreamToken) {
				t.Errorf("with a token that GitHub refuses: %d %v", status, answer)
			}
			p.figures("GET", "/api/stats", want)
		})
	}
}

// TestDemo starts the demo: it is said on its pages, its jobs do real work
// over HTTP, and it leaves nothing behind.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cfg, err := demoConfig([]string{"LISTEN_ADDR=127.0.0.1:0", "DATABASE_URL=postgres://nobody@127.0.0.1:1/none", "GITHUB_TOKEN=mine"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	defer cancel()
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- runDemo(ctx, cfg, slog.New(slog.DiscardHandler), func(a net.Addr) { ready <- a }) }()
	p := &wired{t: t}
	select {
	case a := <-ready:
		p.url = "http://" + a.String()
	case err := <-ended:
		t.Fatal(err)
	}
	if status, result := p.ask("POST", "/api/refresh"); status != http.StatusOK || result["total_files"].(float64) < 100 {
		t.Errorf("refresh: %d %v", status, result)
	}
	if status, result := p.ask("POST", "/api/poll"); status != http.StatusOK || result["polled"].(float64) < 50 {
		t.Errorf("poll: %d, %v polled", status, result["polled"])
	}
	_, stats := p.ask("GET", "/api/stats")
	for _, name := range []string{"repos_scanned", "latest_issues", "prs_open", "prs_merged", "sessions_waiting", "sessions_working"} {
		if n, _ := stats[name].(float64); n < 1 {
			t.Errorf("%s is %v", name, stats[name])
		}
	}
	if _, config := p.ask("GET", "/api/config"); config["demo"] != true || config["action_repo"] != demoActionRepo {
		t.Errorf("config: %v", config)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDemoMovesOn lets the demo's time go on by hand: run files appear,
// sessions change their words, and a reply wakes a waiting one.
func TestDemoMovesOn(t *testing.T) {
	now := time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC)
	d := newDemo(func() time.Time { return now })
	words := func() map[string]string {
		all := map[string]string{}
		for _, s := range d.world.Sessions() {
			all[s.ID] = s.V3 + " " + s.V3Detail
		}
		return all
	}
	before, files := words(), len(d.world.Files())
	waiting := ""
	for id, word := range before {
		if s, _ := d.devin.Session(id); word == "running waiting_for_user" && s.Detail == "waiting_for_user" && len(s.PRs) == 0 {
			waiting = id
		}
	}
	if waiting == "" {
		t.Fatal("no session waits for its user")
	}
	d.world.Reply(waiting, "Yes, go ahead.", now)
	now = now.Add(15 * time.Minute)
	d.write(d.world.Advance(now))
	d.show()
	after, changed := words(), 0
	for id, word := range after {
		if before[id] != word {
			changed++
		}
	}
	if changed < 3 || len(d.world.Files()) <= files {
		t.Errorf("in 15 minutes %d sessions changed and %d run files appeared", changed, len(d.world.Files())-files)
	}
	if s, _ := d.devin.Session(waiting); len(s.Messages) == 0 || s.UpdatedAt.Before(now.Add(-15*time.Minute)) {
		t.Errorf("the session that got a reply reads %+v", s)
	}
}
