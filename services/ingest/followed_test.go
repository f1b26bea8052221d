package ingest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
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
	"telemetry-dashboard/services/upstream"
)

// follower is a program over a played GitHub, whose clock a test moves.
type follower struct {
	*storetest.Store
	gh     *githubtest.Player
	jobs   *ingest.Runner
	now    func() time.Time
	passed atomic.Int64 // a time.Duration
	log    lockedText
	start  func() (stop func()) // starts the jobs
	stop   func()
	seen   []seen
	owned  bool // code owners are asked for
}

// seen is what was open by repository when it was looked at.
type seen struct {
	what  string
	at    time.Time
	repos map[string]int64
}

// follow starts one with a refresh of what set puts into the action repository.
func follow(t *testing.T, set func(*githubtest.Player)) *follower {
	t.Helper()
	f := &follower{}
	f.now = func() time.Time {
		return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(f.passed.Load()))
	}
	f.gh = githubtest.New(githubtest.Options{Token: "a-token", Now: f.now})
	set(f.gh)
	server := httptest.NewServer(f.gh)
	t.Cleanup(server.Close)
	f.Store = storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/followed.db", Now: f.now})
	f.start = func() func() { return f.run(t, server.URL) }
	f.stop = f.start()
	t.Cleanup(func() { f.stop() })
	f.turn(t, 0)
	return f
}

// restart ends the program, and starts it again on the same database.
func (f *follower) restart(t *testing.T) {
	t.Helper()
	f.stop()
	f.passed.Add(int64(time.Second))
	f.stop = f.start()
}

// run runs jobs, until the function is called that it returns.
func (f *follower) run(t *testing.T, gitHub string) (end func()) {
	t.Helper()
	c, err := github.New(github.Options{BaseURL: gitHub, Token: "a-token", HTTPTimeout: 10 * time.Second,
		Transport: &http.Transport{}, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	o := ingest.Options{
		Store: &steady{Store: f.Store}, Sources: []ingest.Source{{Name: "acme/action", Files: c.Action("acme/action", "")}}, Repositories: c, PullRequests: c,
		LogAllowance: upstream.NewAllowance(c.Limits(), "run logs"),
		Log:          slog.New(slog.NewTextHandler(&f.log, nil)), Now: f.now, NewID: rand.Text,
	}
	if f.owned {
		o.Owners = c
	}
	f.jobs = ingest.New(ctx, o)
	ended := make(chan error, 1)
	go func() { ended <- f.jobs.Run(ctx) }()
	return func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		c.Close()
	}
}

// deliver works off a webhook.
func (f *follower) deliver(t *testing.T, d telemetry.Delivery) telemetry.Delivery {
	t.Helper()
	d.ID, d.Received, d.State = rand.Text(), telemetry.At(f.now()), telemetry.DeliveryQueued
	if _, _, err := f.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for raised, end := f.Watch(); ; <-raised {
		rows, err := lists.Deliveries(f.Store.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil {
			t.Fatal(err)
		}
		if at := slices.IndexFunc(rows.Items, func(r telemetry.Delivery) bool { return r.ID == d.ID && r.State != telemetry.DeliveryQueued }); at >= 0 {
			end()
			return rows.Items[at]
		}
	}
}

// turn refreshes after so many hours, and returns which repositories GitHub was
// asked about.
func (f *follower) turn(t *testing.T, hours int64) []string {
	t.Helper()
	f.refresh(t, time.Duration(hours)*time.Hour, telemetry.ByAPI)
	var asked []string
	for _, r := range f.gh.Requests() {
		if path := strings.TrimPrefix(r.Path, "/repos/"); strings.Count(path, "/") == 1 && path != "acme/action" {
			asked = append(asked, path)
		}
	}
	slices.Sort(asked)
	return asked
}

// refresh refreshes after a while, and returns what the job says went wrong.
func (f *follower) refresh(t *testing.T, after time.Duration, by telemetry.StartedBy) []string {
	t.Helper()
	f.passed.Add(int64(after))
	f.gh.Forget()
	h, err := f.jobs.Start(ingest.JobRefresh, ingest.Order{By: by})
	if err != nil {
		t.Fatal(err)
	}
	job, err := h.Wait(t.Context())
	if err != nil || job.Error != "" {
		t.Fatalf("refresh: %v, %s", err, job.Error)
	}
	return job.Errors
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

// TestRetiredTargets: a repository that was archived, or that GitHub no longer
// has, is retired from when that is certain: its issues are open no more, in every
// figure alike, and no scan of it is due. Unarchived, it is as before.
func TestRetiredTargets(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		for i, name := range []string{"acme/kept", "acme/gone", "acme/counted"} {
			p.Repo(name)
			for day := 1; day < 4; day++ {
				body := scan(name, int64(10*i+day), fmt.Sprintf("2026-11-0%dT10:00:00Z", day))
				if name == "acme/counted" { // its records name no findings
					body = storetest.TinyScan(int64(10*i+day), fmt.Sprintf("2026-11-0%dT10:00:00Z", day), 2, nil).Body
					body = bytes.ReplaceAll(body, []byte("github.com/a/b"), []byte("github.com/"+name))
				}
				p.Repo("acme/action").PutFile(fmt.Sprintf("telemetry/runs/%d-%d.json", i, day), body)
			}
		}
	})
	want := func(what string, repos map[string]int64, retired int64) {
		t.Helper()
		if got := f.repos(t); !maps.Equal(got, repos) {
			t.Errorf("%s: open by repository %v, want %v", what, got, repos)
		}
		f.sameFigures(t, what, repos)
		f.seen = append(f.seen, seen{what, f.now(), repos})
		if n, _ := storetest.Total(t, lists.Repos(f.Store.Store), query.Ask{Query: storetest.Parse(t, lists.Repos(f.Store.Store), "is:retired")}); n != retired {
			t.Errorf("%s: %d retired repositories, want %d", what, n, retired)
		}
	}
	all := map[string]int64{"acme/kept": 1, "acme/gone": 1, "acme/counted": 2}
	want("in use", all, 0)
	f.gh.Repo("acme/gone").Hide(true)
	f.turn(t, 24)
	want("one 404", all, 0)
	f.turn(t, 2)
	want("again, and others are seen", map[string]int64{"acme/kept": 1, "acme/gone": 0, "acme/counted": 2}, 1)
	f.gh.Repo("acme/counted").Archive(true)
	f.turn(t, 48)
	want("another one archived", map[string]int64{"acme/kept": 1, "acme/gone": 0, "acme/counted": 0}, 2)
	before := storetest.DumpOf(t, f.Store)
	if err := f.Exec(t.Context(), `UPDATE files SET derived = 'old rules'`); err != nil {
		t.Fatal(err)
	}
	if err := f.Rebuild(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	storetest.SameDump(t, "rebuilt", storetest.DumpOf(t, f.Store), before)
	f.gh.Repo("acme/action").PutFile("telemetry/runs/late.json", scan("acme/gone", 14, "2026-11-04T10:00:00Z"))
	f.gh.Repo("acme/action").PutFile("telemetry/runs/later.json", scan("acme/gone", 15, f.now().Format(time.RFC3339)))
	f.turn(t, 0)
	want("scanned nevertheless", map[string]int64{"acme/kept": 1, "acme/gone": 0, "acme/counted": 0}, 2)
	for _, name := range []string{"acme/kept", "acme/gone", "acme/counted"} {
		f.gh.Repo(name).Hide(true)
	}
	f.turn(t, 48)
	f.turn(t, 48)
	f.turn(t, 48)
	want("a token that sees nothing", map[string]int64{"acme/kept": 1, "acme/gone": 0, "acme/counted": 0}, 2)
	for _, name := range []string{"acme/kept", "acme/gone", "acme/counted"} {
		f.gh.Repo(name).Hide(false)
	}
	f.gh.Repo("acme/counted").Archive(false)
	f.turn(t, 48)
	want("back", all, 0)
	f.sameThen(t)
	f.gh.Repo("acme/action").PutFile("telemetry/runs/meanwhile.json", scan("acme/gone", 16, f.now().Add(-72*time.Hour).Format(time.RFC3339)))
	f.gh.Repo("acme/gone").Archive(true)
	f.turn(t, 48)
	want("archived again", map[string]int64{"acme/kept": 1, "acme/gone": 0, "acme/counted": 2}, 1)
	f.gh.Repo("acme/gone").Archive(false)
	f.turn(t, 48)
	want("back again", all, 0)
	f.sameThen(t)
	before = storetest.DumpOf(t, f.Store)
	if err := f.Exec(t.Context(), `UPDATE files SET derived = 'old rules'`); err != nil {
		t.Fatal(err)
	}
	if err := f.Rebuild(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	storetest.SameDump(t, "rebuilt, in use", storetest.DumpOf(t, f.Store), before)
}

// sameThen compares what is open as of each time that was looked at, and at the end
// of its day in the trend, with what it was then.
func (f *follower) sameThen(t *testing.T) {
	t.Helper()
	for i, seen := range f.seen {
		var sum int64
		for _, n := range seen.repos {
			sum += n
		}
		then, _, err := f.TotalsAsOf(t.Context(), seen.at, "")
		if err != nil || then.Latest != sum {
			t.Errorf("%s, as of %s: %d open, want %d (%v)", seen.what, seen.at, then.Latest, sum, err)
		}
		f.sameLists(t, seen.what, seen.at, seen.repos, sum-then.Unlisted)
		for name, n := range seen.repos {
			trend, _, err := f.Trends(t.Context(), telemetry.TrendQuery{
				Period: telemetry.Period{Since: seen.at.Truncate(24 * time.Hour), Until: f.now()}, Repo: name})
			if err != nil {
				t.Fatal(err)
			}
			last := i+1 == len(f.seen) || !f.seen[i+1].at.Before(seen.at.Truncate(24*time.Hour).AddDate(0, 0, 1))
			if day := trend.Open[0]; last && day.Listed+day.Unlisted != n {
				t.Errorf("%s: the trend of %s has %d and %d on %v, want %d", seen.what, name, day.Listed, day.Unlisted, day.Day, n)
			}
		}
	}
}

// sameFigures compares what is open in totals, lists, the trend, and as of now with
// what it is by repository; and no scan is due of a repository that is retired.
func (f *follower) sameFigures(t *testing.T, what string, repos map[string]int64) {
	t.Helper()
	var sum int64
	for _, n := range repos {
		sum += n
	}
	now := f.now()
	totals, err := f.Totals(t.Context())
	then, _, thenErr := f.TotalsAsOf(t.Context(), now, "")
	if err != nil || thenErr != nil || totals.Latest != sum || then.Latest != sum || totals.Unlisted != then.Unlisted {
		t.Errorf("%s: %d open (%d unlisted), as of now %d (%d), want %d (%v, %v)",
			what, totals.Latest, totals.Unlisted, then.Latest, then.Unlisted, sum, err, thenErr)
	}
	for _, at := range []time.Time{{}, now} {
		f.sameLists(t, what, at, repos, sum-totals.Unlisted)
	}
	for name, n := range repos {
		for _, asOf := range []bool{false, true} {
			trend, _, err := f.Trends(t.Context(), telemetry.TrendQuery{
				Period: telemetry.Period{Since: now.AddDate(0, 0, -30), Until: now}, Repo: name, AsOf: asOf})
			if last := trend.Open[len(trend.Open)-1]; err != nil || last.Listed+last.Unlisted != n {
				t.Errorf("%s: the trend of %s ends at %d and %d, want %d (%v)", what, name, last.Listed, last.Unlisted, n, err)
			}
			if n == 0 && len(trend.Overdue) != 0 {
				t.Errorf("%s: a scan of %s is overdue", what, name)
			}
		}
	}
}

// sameLists compares the issues that are open at a time, and all others, which are
// retired, and what each repository has open, with what it is by repository.
func (f *follower) sameLists(t *testing.T, what string, at time.Time, repos map[string]int64, listed int64) {
	t.Helper()
	issues, _ := storetest.Total(t, lists.Issues(f.Store.Store), query.Ask{AsOf: at, Query: storetest.Parse(t, lists.Issues(f.Store.Store), "is:open")})
	retired, _ := storetest.Total(t, lists.Issues(f.Store.Store), query.Ask{AsOf: at, Query: storetest.Parse(t, lists.Issues(f.Store.Store), "is:retired")})
	all, _ := storetest.Total(t, lists.Issues(f.Store.Store), query.Ask{AsOf: at})
	if issues != listed || retired != all-issues {
		t.Errorf("%s, as of %s: %d open and %d retired of %d, want %d open", what, at, issues, retired, all, listed)
	}
	rows, err := lists.Repos(f.Store.Store).Rows(t.Context(), query.Ask{AsOf: at, Page: storetest.AllRows()})
	for _, r := range rows.Items {
		if n := repos[string(r.Name)]; r.Open != n || (n == 0) != (r.Retired != "") {
			t.Errorf("%s, as of %s: %d open in %s (%s), want %d (%v)", what, at, r.Open, r.Name, r.Retired, n, err)
		}
	}
}
