package http

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// barrier holds the requests of a path back until it is opened.
type barrier struct {
	player http.Handler
	path   string // a part of it
	closed atomic.Bool
	at     chan bool // a request waits
	open   chan bool
}

func (b *barrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.closed.Load() && strings.Contains(r.URL.Path, b.path) {
		b.at <- true
		select {
		case <-b.open:
		case <-r.Context().Done():
			return
		}
	}
	b.player.ServeHTTP(w, r)
}

// oneScan is a run file with one finding.
func oneScan() map[string]any {
	return map[string]any{"a.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)}
}

// TestWhoJoinsSeesWhatWasPushed: a refresh is past its listing when a file is
// pushed; who asks then joins it, and has the file in the answer.
func TestWhoJoinsSeesWhatWasPushed(t *testing.T) {
	p := program.NewPlayed(t, "cog_played", oneScan())
	g := &barrier{player: p.GitHub, path: "/pulls", at: make(chan bool, 100), open: make(chan bool)}
	p.Start(p.Settings(program.Fronts{"GITHUB_API_URL": func(http.Handler) http.Handler { return g }}))
	p.Job("refresh")
	g.closed.Store(true)
	type answer struct {
		status int
		files  any
	}
	refresh := func() chan answer {
		got := make(chan answer, 1)
		go func() {
			status, result := p.Ask("POST", "/api/refresh")
			got <- answer{status, result["total_files"]}
		}()
		return got
	}
	first := refresh()
	<-g.at
	p.Put(map[string]any{"pushed.json": program.SmallScan(2, "2026-02-02T10:00:00Z", nil)})
	joined := []chan answer{refresh(), refresh()}
	p.Until("nobody joined", func() bool {
		id := p.Items("/api/jobs?per_page=1")[0]["id"].(string)
		return p.Object(http.MethodGet, "/api/jobs/"+id)["joined"] == 2.0
	})
	g.closed.Store(false)
	close(g.open)
	if got := <-first; got.status != http.StatusOK || got.files != 1.0 {
		t.Errorf("the first refresh: %+v", got)
	}
	for _, j := range joined {
		if got := <-j; got.status != http.StatusOK || got.files != 2.0 {
			t.Errorf("who joined after the push got %+v", got)
		}
	}
}

// TestPullRequestOfTheFuture: one pull request dated 2099 does not hide those
// that are merged later.
func TestPullRequestOfTheFuture(t *testing.T) {
	p := program.WithPlayers(t, oneScan(), nil)
	shop := p.GitHub.Repo("octo/shop")
	shop.PutPull(
		telemetry.PullRequest{Number: 1, Title: "CQLF-R1-0001: fix", State: "open", UpdatedAt: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)},
	)
	p.Figures("POST", "/api/refresh", map[string]float64{"prs_found": 1})
	for number := 2; number <= 4; number++ {
		now := time.Now()
		shop.PutPull(
			telemetry.PullRequest{
				Number:    number,
				Title:     fmt.Sprintf("CQLF-R1-0001: try %d", number),
				State:     "closed",
				CreatedAt: now,
				UpdatedAt: now,
				MergedAt:  now,
			},
		)
		p.Figures("POST", "/api/poll-prs", map[string]float64{"prs_found": float64(number)})
	}
	p.Figures("GET", "/api/stats", map[string]float64{"prs_merged": 3})
}

// TestSessionsThatDevinDoesNotKnow: 404 for every session is said by the job,
// the strip and the session's page, and none counts as active; once Devin
// knows them again, all of that ends.
func TestSessionsThatDevinDoesNotKnow(t *testing.T) {
	for name, key := range map[string]string{"v1": "apk_test", "v3": "cog_test"} {
		t.Run(name, func(t *testing.T) {
			id := program.SampleSession
			session := program.RecordedSession(map[string]any{"status": "working"})
			p := program.NewPlayed(t, key, map[string]any{
				"a.json": program.SmallScan(1, "2026-02-01T10:00:00Z", map[string]any{"sessions": []any{session}}),
			})
			p.Start(p.Settings(nil))
			p.Job("refresh")
			if got := sessionState(p, id); got != "working working" {
				t.Fatalf("as recorded it is %q", got)
			}
			for range 2 { // the second time nothing changes
				status, result := p.Ask("POST", "/api/poll")
				if status != http.StatusOK || result["polled"] != 0.0 || result["skipped"] != 0.0 || result["missing"] != 1.0 ||
					!strings.Contains(fmt.Sprint(result["errors"]), "cannot find 1 of the 1 sessions") {
					t.Errorf("%d %v", status, result)
				}
			}
			if got := sessionState(p, id); got != "unknown working" {
				t.Errorf("it is %q", got)
			}
			for path, words := range map[string]string{"/": "Devin cannot find 1 session (404).",
				"/sessions/" + id: "Devin cannot find this session with this key (404"} {
				if body := p.Page(path); !strings.Contains(body, words) || strings.Contains(body, "Up to date") {
					t.Errorf("%s does not say %q", path, words)
				}
			}
			p.Devin.Put(devintest.Session{ID: id, Status: "running", Detail: "working"})
			p.Figures("POST", "/api/poll", map[string]float64{"polled": 1, "missing": 0, "skipped": 0})
			if got := sessionState(p, id); !strings.HasPrefix(got, "working ") {
				t.Errorf("known again it is %q", got)
			}
			p.Devin.Remove(id)
			p.Figures("POST", "/api/poll", map[string]float64{"polled": 0, "missing": 1})
			if got := sessionState(p, id); !strings.HasPrefix(got, "unknown ") {
				t.Errorf("gone again it is %q", got)
			}
		})
	}
}
