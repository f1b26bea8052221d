package ingest_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	"telemetry-dashboard/services/telemetry/testsize"
	"telemetry-dashboard/services/upstream"
)

// wholeMonth is what task month sets.
var wholeMonth = flag.Bool("month", false, "let TestMonth have 1,000 repositories, and not 50")

// monthSize is how large a month is.
type monthSize struct {
	repos, sessions int
	limit           int           // of GitHub, an hour
	days            int           // of the month
	refresh         time.Duration // the interval
}

// sizeOfMonth is the whole size or a part of it, with half the limit that would be in
// proportion, so that it is met. The loops turn seldom, or it would take hours.
func sizeOfMonth(t *testing.T) monthSize {
	if *wholeMonth {
		return monthSize{repos: 1000, sessions: 300, limit: 5000, refresh: 3 * time.Hour, days: 30}
	}
	return monthSize{repos: 50, sessions: 15, limit: 125, refresh: time.Hour, days: testsize.Of(t, "days", 8, 30)}
}

const (
	monthPoll    = 15 * time.Minute
	monthRenamed = 4 // repositories that do not change otherwise: two of them are renamed
)

// month is the program of a simulated month, and what plays its upstreams.
type month struct {
	monthSize
	t     *testing.T
	db    *storetest.Store
	gh    *githubtest.Player
	devin *devintest.Player
	jobs  *ingest.Runner
	stop  func()

	runs   int               // run files at GitHub
	titles map[string]string // of the pull request of each repository that is not renamed

	most, all map[string]int // requests, by kind: an hour at most, and in all
	begun     time.Time
	hours     int // since then: those of the limit
	pauses    int // hours after which the limit's rest was kept
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
		Devin: d, Messenger: d, RefreshInterval: m.refresh, PollInterval: monthPoll, Log: quiet(), Now: time.Now, NewID: rand.Text,
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
		counts := map[string]int{monthCounted: m.gh.Counted()}
		for _, r := range m.gh.Requests() {
			counts["GitHub: "+kindOf(r.Path)]++
			if r.Status == http.StatusForbidden {
				m.t.Errorf("hour %d: GitHub refused %s: the limit was passed", m.hours, r.Path)
			}
		}
		for kind, n := range m.devin.Counts() {
			counts["Devin: "+string(kind)] += n
		}
		for kind, n := range counts {
			m.most[kind] = max(m.most[kind], n)
			m.all[kind] += n
		}
		// The answers under way when the part is reached are a few more.
		most := m.limit - m.limit/telemetry.LimitPart
		if counts[monthCounted] > most+16 {
			m.t.Errorf("hour %d: %d counted requests, which leaves too little to people", m.hours, counts[monthCounted])
		}
		if counts[monthCounted] >= most {
			m.pauses++
		}
	}
}

// table is what was asked an hour, as docs/reliability.md has it.
func (m *month) table() string {
	text := fmt.Sprintf("%d repositories, %d sessions, %d hours; %d of them reached what is kept for people\n"+
		"| requests an hour | at most | on average |\n|---|---|---|\n", m.repos, m.sessions, m.hours, m.pauses)
	for _, kind := range slices.Sorted(maps.Keys(m.most)) {
		text += fmt.Sprintf("| %s | %d | %.1f |\n", kind, m.most[kind], float64(m.all[kind])/float64(m.hours))
	}
	return text
}

// monthCounted is the kind of those that count against the limit.
const monthCounted = "GitHub: counted against the limit"

func kindOf(path string) string {
	switch {
	case strings.Contains(path, "CODEOWNERS"):
		return "code owners"
	case strings.Contains(path, "/pulls?"):
		return "lists of pull requests"
	case strings.Contains(path, "/pulls/"), strings.Contains(path, "/commits/"):
		return "reviews, checks, mergeability"
	case strings.Contains(path, "/git/"), strings.Contains(path, "tarball"):
		return "files"
	}
	return "names and states of repositories"
}

// settled lets an interval go by without a change, and reports what is not fresh.
func (m *month) settled(when string) {
	m.t.Helper()
	m.pass(int(m.refresh / time.Hour))
	m.fresh(when)
}

// fresh reports what is not as it is upstream, within an interval of each.
func (m *month) fresh(when string) {
	m.t.Helper()
	m.t.Logf("hour %d: %s", m.hours, when)
	sources, err := m.db.Sources(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	for _, s := range sources {
		every := map[string]time.Duration{"runs": m.refresh, "pulls": m.refresh, "sessions": monthPoll}[s.Name]
		if age := time.Since(s.OKAt.Time); age > every+time.Minute || !s.FailedAt.IsZero() {
			m.t.Errorf("%s: %s was last read %s ago (%s)", when, s.Name, age, s.Error)
		}
	}
	for i := range m.sessions {
		id := sessionOf(i)
		there, _ := m.devin.Session(id)
		state, _ := telemetry.StateOf(id, telemetry.UpstreamStatus{API: "v3", Status: there.Status, Detail: there.Detail}, telemetry.PRSummary{})
		if d, _, err := m.db.SessionDetail(m.t.Context(), id, time.Time{}); err != nil || d.State != state {
			m.t.Errorf("%s: session %s is %s, want %s (%v)", when, id, d.State, state, err)
		}
	}
	for repo, title := range m.titles {
		d, _, err := m.db.PullDetail(m.t.Context(), telemetry.PullRef{Repo: telemetry.RepoName(repo), Number: 1}, time.Time{})
		if err != nil || d.Title != title {
			m.t.Errorf("%s: the pull request of %s is %q, want %q (%v)", when, repo, d.Title, title, err)
		}
	}
	if n, err := m.db.Texts(m.t.Context(), `SELECT CAST(COUNT(*) AS TEXT) FROM runs`); err != nil || n[0] != fmt.Sprint(m.runs) {
		m.t.Errorf("%s: %s runs, want %d (%v)", when, n, m.runs, err)
	}
}

func sessionOf(i int) string { return fmt.Sprintf("%x0", i+1) }

// repo puts a repository with a run and a pull request at GitHub.
func (m *month) repo(i int) {
	var sessions string
	if i < m.sessions {
		sessions = fmt.Sprintf(`{"session_id":%q,"status":"created"}`, sessionOf(i))
		m.devin.Put(devintest.Session{ID: sessionOf(i), Status: "running", Detail: "working"})
	}
	m.run(i, sessions)
	m.pull(i)
}

// run puts a run of a repository.
func (m *month) run(i int, sessions string) {
	m.runs++
	m.gh.Repo("acme/action").PutFile(fmt.Sprintf("telemetry/runs/%d.json", m.runs), fmt.Appendf(nil,
		`{"target_repo":"acme/r%d","run_number":%d,"run_id":"%d","timestamp":%q,"issues_found":0,"sessions":[%s]}`,
		i, m.runs, m.runs, time.Now().Format(time.RFC3339), sessions))
}

// pull opens or changes the pull request of a repository: an open one where a session
// works, and else one that is merged.
func (m *month) pull(i int) {
	name, now := fmt.Sprintf("acme/r%d", i), time.Now()
	title := fmt.Sprintf("fix CQLF-R%d-0001 (%s)", i+1, now.Format("Jan 2 15:04"))
	pull := telemetry.PullRequest{Number: 1, Title: title, State: "open", CreatedAt: now, UpdatedAt: now}
	if i >= m.sessions {
		pull.State, pull.MergedAt = "closed", now
	}
	m.gh.Repo(name).PutPull(pull)
	if i >= monthRenamed {
		m.titles[name] = title
	}
}

// inMonth runs try on a bubble's clock, with what plays the upstreams and an empty
// database.
func inMonth(t *testing.T, size monthSize, try func(m *month)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/d.db", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		m := &month{monthSize: size, t: t, db: storetest.Of(db), gh: githubtest.New(githubtest.Options{Now: time.Now}),
			devin:  devintest.New(devintest.Options{Key: "cog_1"}),
			titles: map[string]string{}, most: map[string]int{}, all: map[string]int{}}
		for i := range m.repos {
			m.repo(i)
		}
		pass(time.Minute)
		m.begun = time.Now()
		m.gh.SetRate(m.limit, m.limit, m.begun.Add(time.Hour), http.StatusForbidden)
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
	inMonth(t, monthSize{repos: 40, sessions: 5, limit: 50, refresh: time.Hour}, func(m *month) {
		t := m.t
		m.start("token")
		pass(10 * time.Minute)
		if n := m.gh.Counted(); n < 40 || n >= 50 {
			t.Errorf("the loop took %d of 50 requests, want 40 and the few under way", n)
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
		if n := m.gh.Counted(); n < 50 {
			t.Errorf("the button stopped after %d of 50 requests", n)
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

// TestMonth: over a month with outages, renames and a token that expires, what is
// asked stays within the limit and leaves a part of it to people, and all is fresh
// again within its interval.
func TestMonth(t *testing.T) {
	if race {
		t.Skip("SKIPPED: a month takes a quarter of an hour under the race detector; it is run without")
	}
	inMonth(t, sizeOfMonth(t), func(m *month) {
		t := m.t
		m.start("first")
		m.pass(24)
		m.fresh("after a day")
		m.work(m.days / 3 * 24)
		m.settled("after working days")
		m.outage()

		m.gh.Repo("acme/r3").Rename("acme/renamed")
		m.gh.Repo("acme/r2").Rename("others/moved")
		m.pass(25)
		m.named("acme/renamed")
		m.named("others/moved")
		m.work(m.days / 4 * 24)
		m.outage()

		m.gh.Fail(githubtest.Fault{Status: http.StatusUnauthorized, Message: "Bad credentials"})
		m.pass(5)
		m.stop()
		m.gh.ClearFaults()
		m.gh.SetRate(m.limit, m.limit, time.Now().Add(time.Hour), http.StatusForbidden)
		m.start("second")
		m.pass(2)
		m.settled("after the token was replaced")
		m.work(m.days*24 - m.hours)
		m.settled("after a month")
		m.stop()
		if m.pauses == 0 && !*wholeMonth { // which takes two fifths of its limit
			t.Error("the limit was never near: the test shows nothing of it")
		}
		t.Log(m.table())
	})
}

// outage is an hour in which neither upstream answers.
func (m *month) outage() {
	m.t.Helper()
	m.gh.Fail(githubtest.Fault{Status: http.StatusBadGateway})
	m.devin.Fail(devintest.KindAny, devintest.Fault{Status: http.StatusServiceUnavailable})
	m.pass(1)
	m.gh.ClearFaults()
	m.devin.Fail(devintest.KindAny, devintest.Fault{})
	m.settled("an interval after an outage of an hour")
}

// work lets hours go by in which sessions and pull requests change, and scans run.
func (m *month) work(hours int) {
	m.t.Helper()
	words := [][2]string{{"running", "working"}, {"exit", ""}, {"running", "finished"}}
	for hour := range hours {
		for i := range max(1, m.sessions/15) {
			n := hour*max(1, m.sessions/15) + i
			to := words[n/m.sessions%len(words)]
			m.devin.Update(sessionOf(n%m.sessions), func(s *devintest.Session) { s.Status, s.Detail = to[0], to[1] })
		}
		for i := range max(1, m.repos/100) {
			n := monthRenamed + (hour*max(1, m.repos/100)+i)%(m.repos-monthRenamed)
			m.run(n, "")
			if hour%5 == 0 {
				m.pull(n)
			}
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
