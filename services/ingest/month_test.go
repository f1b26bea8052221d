package ingest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
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

// The month has 15 for 1,000 repositories and 5 for 300 active sessions, with half the
// limit that would be in proportion to 5,000, so that it is met. Loops turn hourly and
// every 15 minutes, or the month would take a quarter of an hour.
const (
	monthRepos    = 15
	monthSessions = 5
	monthLimit    = 36
	monthRefresh  = time.Hour
	monthPoll     = 15 * time.Minute
)

// steady is a store of a single program, which has the lease whatever a test does to
// the clock.
type steady struct {
	*storetest.Store
	once  sync.Once
	lease telemetry.Lease
}

func (s *steady) Lead(ctx context.Context, resumed []string) (lease telemetry.Lease, err error) {
	s.once.Do(func() { s.lease, err = s.Store.Lead(ctx, resumed) })
	return s.lease, err
}

// Under gives the jobs a context without a lease: nobody else can have it.
func (*steady) Under(ctx context.Context, _ telemetry.Lease) context.Context { return ctx }

// alone need not look for what others queue either: the clock would stop for it every
// 4 s.
type alone struct{ *steady }

func (*alone) TakeJobs(context.Context, []string) (taken []telemetry.Job, cancel, unsure []string, err error) {
	return nil, nil, nil, nil
}

func (*alone) DueDeliveries(context.Context, []string, int) ([]telemetry.Delivery, error) {
	return nil, nil
}

// month is the program of a simulated month, and what plays its upstreams.
type month struct {
	t     *testing.T
	db    *storetest.Store
	gh    *githubtest.Player
	devin *devintest.Player
	jobs  *ingest.Runner
	stop  func()

	most   map[string]int // requests an hour, at most, by kind
	begun  time.Time
	hours  int // since then: those of the limit
	pauses int // hours after which the limit's rest was kept
}

// start runs the program with a token, as after a restart.
func (m *month) start(token string) {
	m.t.Helper()
	pass(30 * time.Second) // so that no loop turns on the hour
	c, err := github.New(github.Options{BaseURL: "http://127.0.0.1:1", Token: token, Transport: wire{m.gh}})
	if err != nil {
		m.t.Fatal(err)
	}
	d, err := devin.New(devin.Options{Key: "cog_1", OrgID: "org-demo", Transport: wire{m.devin}})
	if err != nil {
		m.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := ingest.New(ctx, ingest.Options{
		Store: &alone{&steady{Store: m.db}}, Sources: []ingest.Source{{Name: "acme/action", Files: c.Action("acme/action", "")}},
		Repositories: c, PullRequests: c, Owners: c,
		RunLogs: c, LogAllowance: upstream.NewAllowance(c.Limits(), "run logs"),
		Devin: d, Messenger: d, RefreshInterval: monthRefresh, PollInterval: monthPoll, Log: quiet(), Now: time.Now, NewID: rand.Text,
	})
	m.jobs = r
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.Run(ctx) // always nil
	}()
	m.stop = func() {
		cancel()
		<-ended
		c.Close()
	}
}

// pass lets hours go by, and counts what is asked in each.
func (m *month) pass(hours int) {
	m.t.Helper()
	for range hours {
		m.gh.Forget()
		m.devin.ResetCounts()
		m.hours++
		pass(time.Until(m.begun.Add(time.Duration(m.hours) * time.Hour)))
		counts := map[string]int{"GitHub, counted": m.gh.Counted()}
		for _, r := range m.gh.Requests() {
			counts["GitHub, "+kindOf(r.Path)]++
			if r.Status == http.StatusForbidden {
				m.t.Errorf("hour %d: GitHub refused %s: the limit was passed", m.hours, r.Path)
			}
		}
		for kind, n := range m.devin.Counts() {
			counts["Devin, "+string(kind)] += n
		}
		for kind, n := range counts {
			m.most[kind] = max(m.most[kind], n)
		}
		// The answers under way when the part is reached are a few more.
		if counts["GitHub, counted"] > monthLimit-monthLimit/telemetry.LimitPart+16 {
			m.t.Errorf("hour %d: %d counted requests, which leaves too little to people", m.hours, counts["GitHub, counted"])
		}
		if counts["GitHub, counted"] >= monthLimit-monthLimit/telemetry.LimitPart {
			m.pauses++
		}
	}
}

func kindOf(path string) string {
	switch {
	case strings.Contains(path, "/pulls"):
		return "pull requests"
	case strings.Contains(path, "/git/"), strings.Contains(path, "tarball"):
		return "files"
	}
	return "repositories"
}

// fresh reports what is not as it is upstream, within an interval of each.
func (m *month) fresh(when string) {
	m.t.Helper()
	sources, err := m.db.Sources(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	for _, s := range sources {
		every := map[string]time.Duration{"runs": monthRefresh, "pulls": monthRefresh, "sessions": monthPoll}[s.Name]
		if age := time.Since(s.OKAt.Time); age > every+time.Minute || !s.FailedAt.IsZero() {
			m.t.Errorf("%s: %s was last read %s ago (%s)", when, s.Name, age, s.Error)
		}
	}
	for i := range monthSessions {
		id := fmt.Sprintf("%x0", i+1)
		there, _ := m.devin.Session(id)
		state, _ := telemetry.StateOf(id, telemetry.UpstreamStatus{API: "v3", Status: there.Status, Detail: there.Detail}, telemetry.PRSummary{})
		if d, _, err := m.db.SessionDetail(m.t.Context(), id, time.Time{}); err != nil || d.State != state {
			m.t.Errorf("%s: session %s is %s, want %s (%v)", when, id, d.State, state, err)
		}
	}
}

// repo puts a repository with a run and a pull request at GitHub.
func (m *month) repo(i int) {
	name, now := fmt.Sprintf("acme/r%d", i), time.Now()
	record := fmt.Sprintf(`{"target_repo":%q,"run_number":%d,"run_id":"%d","timestamp":%q,"issues_found":0,"sessions":[`,
		name, i+1, i+1, now.Format(time.RFC3339))
	if i < monthSessions {
		record += fmt.Sprintf(`{"session_id":"%x0","status":"created"}`, i+1)
		m.devin.Put(devintest.Session{ID: fmt.Sprintf("%x0", i+1), Status: "running", Detail: "working"})
	}
	m.gh.Repo("acme/action").PutFile(fmt.Sprintf("telemetry/runs/%d.json", i), []byte(record+"]}"))
	m.gh.Repo(name).PutPull(m.pull(i, now))
}

func (m *month) pull(i int, at time.Time) telemetry.PullRequest {
	return telemetry.PullRequest{Number: 1, Title: fmt.Sprintf("fix CQLF-R%d-0001 (%s)", i+1, at.Format("Jan 2 15:04")), State: "open",
		CreatedAt: at, UpdatedAt: at}
}

// inMonth runs try on a bubble's clock, with what plays the upstreams and an empty
// database.
func inMonth(t *testing.T, limit int, try func(m *month)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/d.db", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		m := &month{t: t, db: storetest.Of(db), gh: githubtest.New(githubtest.Options{Now: time.Now}),
			devin: devintest.New(devintest.Options{Key: "cog_1"}), most: map[string]int{}}
		for i := range monthRepos {
			m.repo(i)
		}
		pass(time.Minute)
		m.begun = time.Now()
		m.gh.SetRate(limit, limit, m.begun.Add(time.Hour), http.StatusForbidden)
		try(m)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestPeopleGoOnWhereBackgroundWorkPauses: the loop leaves a fifth of the limit, the
// button takes it, and hears at once when nothing is left; after the reset the loop
// goes on by itself, and nothing was noted as a failure of GitHub.
func TestPeopleGoOnWhereBackgroundWorkPauses(t *testing.T) {
	inMonth(t, 25, func(m *month) {
		t := m.t
		m.start("token")
		pass(10 * time.Minute)
		if n := m.gh.Counted(); n < 20 || n >= 25 {
			t.Errorf("the loop took %d of 25 requests, want 20 and the few under way", n)
		}
		sources, err := m.db.Sources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			if !s.FailedAt.IsZero() {
				t.Errorf("%s is said to have failed: %s", s.Name, s.Error)
			}
		}
		before := time.Now()
		h, err := m.jobs.Start(ingest.JobPollPRs, ingest.Order{By: telemetry.ByPage})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Wait(t.Context())
		if n := m.gh.Counted(); n < 25 {
			t.Errorf("the button stopped after %d of 25 requests", n)
		}
		if took := time.Since(before); took > 10*time.Second {
			t.Errorf("the limit was answered after %s", took)
		}
		m.gh.Forget()
		pass(2 * time.Hour)
		m.fresh("after the reset")
		if m.gh.Counted() == 0 {
			t.Error("the loop did not go on")
		}
		m.stop()
		if err != nil && telemetry.CodeOf(err) != telemetry.CodeRateLimited {
			t.Error(err)
		}
	})
}

// TestMonth: over a month with outages, a rename and a token that expires, what is
// asked stays within the limit and leaves a part of it to people, and all is fresh
// again within its interval.
func TestMonth(t *testing.T) {
	if race {
		t.Skip("SKIPPED: a month takes a quarter of an hour under the race detector; it is run without")
	}
	inMonth(t, monthLimit, func(m *month) {
		t := m.t
		m.start("first")
		m.pass(24)
		m.fresh("after a day")
		m.work(10 * 24)
		m.fresh("after working days")

		m.gh.Fail(githubtest.Fault{Status: http.StatusBadGateway})
		m.devin.Fail(devintest.KindAny, devintest.Fault{Status: http.StatusServiceUnavailable})
		m.pass(1)
		m.gh.ClearFaults()
		m.devin.Fail(devintest.KindAny, devintest.Fault{})
		m.pass(1)
		m.fresh("an hour after an outage of an hour")

		m.gh.Repo("acme/r3").Rename("acme/renamed")
		m.pass(25)
		m.named("acme/renamed")
		m.work(8 * 24)

		m.gh.Fail(githubtest.Fault{Status: http.StatusUnauthorized, Message: "Bad credentials"})
		m.pass(5)
		m.stop()
		m.gh.ClearFaults()
		m.gh.SetRate(monthLimit, monthLimit, time.Now().Add(time.Hour), http.StatusForbidden)
		m.start("second")
		m.pass(2)
		m.fresh("two hours after the token was replaced")
		m.work(30*24 - m.hours)
		m.fresh("after a month")
		m.stop()
		if m.pauses == 0 {
			t.Error("the limit was never near: the test shows nothing of it")
		}
		t.Logf("%d hours; at most an hour: %v; %d hours reached what is kept for people", m.hours, m.most, m.pauses)
	})
}

// work lets hours go by in which sessions and pull requests change.
func (m *month) work(hours int) {
	m.t.Helper()
	for hour := range hours {
		id, words := fmt.Sprintf("%x0", hour%monthSessions+1), [][2]string{{"running", "working"}, {"exit", ""}, {"running", "finished"}}
		to := words[hour/monthSessions%len(words)]
		m.devin.Update(id, func(s *devintest.Session) { s.Status, s.Detail = to[0], to[1] })
		if hour%5 == 0 {
			m.gh.Repo(fmt.Sprintf("acme/r%d", 4+hour%10)).PutPull(m.pull(4+hour%10, time.Now()))
		}
		m.pass(1)
	}
}

// named reports whether a repository is known by a name.
func (m *month) named(name string) {
	m.t.Helper()
	rows, err := lists.Repos(m.db.Store).Rows(m.t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, r := range rows.Items {
		if string(r.Name) == name {
			return
		}
	}
	m.t.Errorf("no repository is called %s", name)
}
