package ingest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// follower is a program over a played GitHub, whose clock a test moves.
type follower struct {
	*storetest.Store
	gh    *githubtest.Player
	jobs  *ingest.Runner
	hours atomic.Int64
}

// follow starts one with a refresh of what set puts into the action repository.
func follow(t *testing.T, set func(*githubtest.Player)) *follower {
	t.Helper()
	f := &follower{}
	now := func() time.Time {
		return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(f.hours.Load()) * time.Hour)
	}
	f.gh = githubtest.New(githubtest.Options{Token: "a-token", Now: now})
	set(f.gh)
	server := httptest.NewServer(f.gh)
	t.Cleanup(server.Close)
	f.Store = storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/followed.db", Now: now})
	c, err := github.New(github.Options{BaseURL: server.URL, Token: "a-token", ActionRepo: "acme/action", HTTPTimeout: 10 * time.Second, Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	f.jobs = ingest.New(ctx, ingest.Options{
		Store: f.Store, Sources: []ingest.Source{{Name: "acme/action", Files: c}}, Repositories: c, PullRequests: c, RateLimit: c.RateLimit,
		Log: quiet(), Now: now, NewID: rand.Text,
	})
	ended := make(chan error, 1)
	go func() { ended <- f.jobs.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		c.Close()
	})
	f.turn(t, 0)
	return f
}

// turn refreshes after so many hours, and returns which repositories GitHub was
// asked about.
func (f *follower) turn(t *testing.T, hours int64) []string {
	t.Helper()
	f.hours.Add(hours)
	f.gh.Forget()
	h, err := f.jobs.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByAPI})
	if err != nil {
		t.Fatal(err)
	}
	if job, err := h.Wait(t.Context()); err != nil || job.Error != "" {
		t.Fatalf("refresh: %v, %s", err, job.Error)
	}
	var asked []string
	for _, r := range f.gh.Requests() {
		if path := strings.TrimPrefix(r.Path, "/repos/"); strings.Count(path, "/") == 1 && path != "acme/action" {
			asked = append(asked, path)
		}
	}
	slices.Sort(asked)
	return asked
}

// repos are the repositories and how many issues are open in each.
func (f *follower) repos(t *testing.T) map[string]int64 {
	t.Helper()
	rows, err := lists.Repos(f.Store.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows.Items {
		out[string(r.Name)] = r.Open
	}
	return out
}

func scan(repo string, run int64, at string) []byte {
	return storetest.ScanRecord{Repo: repo, Run: run, At: at, Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File("x.json").Body
}

// TestRenamedTargetIsFollowed: that a target was renamed is learned from GitHub's
// redirect, soon, and with few requests; its pull requests are asked for under the
// new name.
func TestRenamedTargetIsFollowed(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", scan("acme/old", 1, "2026-11-10T10:00:00Z"))
		p.Repo("acme/old")
	})
	want := func(what string, repos map[string]int64, asked []string, wanted ...string) {
		t.Helper()
		if got := f.repos(t); !maps.Equal(got, repos) {
			t.Errorf("%s: repositories %v, want %v", what, got, repos)
		}
		if !slices.Equal(asked, wanted) {
			t.Errorf("%s: asked about %v, want %v", what, asked, wanted)
		}
	}
	want("at once again", map[string]int64{"acme/old": 1}, f.turn(t, 0))
	f.gh.Repo("acme/old").Rename("acme/new")
	want("renamed", map[string]int64{"acme/new": 1}, f.turn(t, 1), "acme/new", "acme/old")
	f.gh.Repo("acme/action").PutFile("telemetry/runs/2.json", scan("acme/new", 2, "2026-11-18T10:00:00Z"))
	want("recorded under the new name", map[string]int64{"acme/new": 1}, f.turn(t, 0))
	for _, r := range f.gh.Requests() {
		if strings.HasPrefix(r.Path, "/repos/acme/old/pulls") {
			t.Errorf("pull requests are asked for as %s", r.Path)
		}
	}
	var asked []string
	counted := 0
	for range 48 {
		asked = append(asked, f.turn(t, 1)...)
		counted += f.gh.Counted()
	}
	if n := len(asked); n < 4 || n > 20 || counted > 6 { // GitHub counts a redirect
		t.Errorf("asked %d times in two days about two names, %d of them counted: %v", n, counted, asked)
	}
	f.gh.Repo("acme/new").Rename("other/newest")
	f.turn(t, 48)
	want("transferred", map[string]int64{"other/newest": 1}, nil)
	f.gh.Repo("acme/old")
	f.turn(t, 8*24)
	want("another one under the first name", map[string]int64{"acme/old": 1, "other/newest": 1}, nil)
}

// TestNamesLeaveQuota: without requests left, names are asked for later.
func TestNamesLeaveQuota(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", scan("acme/old", 1, "2026-11-10T10:00:00Z"))
		p.Repo("acme/old").Rename("acme/new")
		p.SetRate(60, 11, time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), http.StatusForbidden)
	})
	if repos := f.repos(t); repos["acme/old"] != 1 {
		t.Errorf("repositories %v, want the name that the record has", repos)
	}
	f.gh.SetRate(5000, 5000, time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), http.StatusForbidden)
	f.turn(t, 2)
	if repos := f.repos(t); repos["acme/new"] != 1 {
		t.Errorf("repositories %v, want the new name", repos)
	}
}
