package ingest_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// statuses are what is known of pull requests: "#1 approved success mergeable".
func (f *follower) statuses(t *testing.T) (all []string) {
	t.Helper()
	rows, err := lists.Pulls(f.Store.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rows.Items {
		all = append(all, strings.TrimSpace(fmt.Sprintf("#%d %s %s %s", p.Number, p.Review, p.Checks, p.Mergeable)))
	}
	slices.Sort(all)
	return all
}

// checked are the numbers of the pull requests that were asked for by themselves.
func (f *follower) checked() (numbers []string) {
	for _, r := range f.gh.Requests() {
		if _, number, ok := strings.Cut(r.Path, "/pulls/"); ok && !strings.Contains(number, "/") {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func (f *follower) want(t *testing.T, what string, statuses []string, checked ...string) {
	t.Helper()
	if got := f.statuses(t); !slices.Equal(got, statuses) {
		t.Errorf("%s: %q, want %q", what, got, statuses)
	}
	if got := f.checked(); !slices.Equal(got, checked) {
		t.Errorf("%s: asked for %q, want %q", what, got, checked)
	}
}

// loop is a turn of the loop after a while.
func (f *follower) loop(t *testing.T, after time.Duration) {
	t.Helper()
	if said := f.refresh(t, after, telemetry.ByInterval(5*time.Minute)); len(said) > 0 {
		t.Errorf("the job says %q", said)
	}
}

func passed(name string) telemetry.Check {
	return telemetry.Check{Name: name, Status: "completed", Conclusion: "success"}
}

// fix opens, or changes, a pull request of the list.
func (f *follower) fix(number int, change func(*telemetry.PullRequest)) {
	p := telemetry.PullRequest{Number: number, Title: "fix(CQLF-R1-0001): x", HeadRef: fmt.Sprint("fix-", number), UpdatedAt: f.now()}
	if change != nil {
		change(&p)
	}
	f.gh.Repo("acme/app").PutPull(p)
}

func followPulls(t *testing.T) *follower {
	t.Helper()
	return follow(t, func(p *githubtest.Player) {
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", scan("acme/app", 1, "2026-11-10T10:00:00Z"))
		p.Repo("acme/app").PutPull(telemetry.PullRequest{Number: 99, Title: "Bump a library"})
	})
}

// TestReviewsAndChecksAreAsked: of open pull requests of the list, soon while
// something is under way or after a change, and at growing distance while all stays
// as it is; unchanged answers cost nothing. A closed one keeps what was known.
func TestReviewsAndChecksAreAsked(t *testing.T) {
	f := followPulls(t)
	repo, yes, no := f.gh.Repo("acme/app"), true, false
	f.fix(1, nil)
	f.fix(2, func(p *telemetry.PullRequest) { p.MergedAt = f.now() })
	f.loop(t, 5*time.Minute)
	f.want(t, "opened", []string{"#1 none none unknown", "#2"}, "1")

	repo.SetMergeable(1, &yes)
	repo.SetChecks(1, passed("build"), telemetry.Check{Name: "test", Status: "in_progress"})
	f.loop(t, 5*time.Minute)
	f.want(t, "computed", []string{"#1 none pending mergeable", "#2"}, "1")
	repo.SetChecks(1, passed("build"), passed("test"))
	f.loop(t, 5*time.Minute)
	f.want(t, "the checks ended", []string{"#1 none success mergeable", "#2"}, "1")

	minutes, counted := []int{}, 0
	for minute := 5; minute <= 600; minute += 5 {
		f.loop(t, 5*time.Minute)
		if len(f.checked()) > 0 {
			minutes = append(minutes, minute)
		}
		counted += f.gh.Counted()
	}
	if want := []int{15, 45, 105, 225, 465}; !slices.Equal(minutes, want) || counted != 0 {
		t.Errorf("unchanged: asked after %v minutes, want %v; %d requests count, want none", minutes, want, counted)
	}

	repo.SetReviews(1, telemetry.Review{Reviewer: "ann", State: "APPROVED", At: f.now()})
	f.fix(1, func(p *telemetry.PullRequest) { p.UpdatedAt = f.now().Add(time.Minute) })
	f.loop(t, 5*time.Minute)
	f.want(t, "approved, which updates it", []string{"#1 approved success mergeable", "#2"}, "1")

	f.gh.Fail(githubtest.Fault{Path: "/pulls/1", Status: http.StatusNotFound, Message: "Not Found"})
	f.fix(1, func(p *telemetry.PullRequest) {
		p.UpdatedAt, p.HeadSHA = f.now().Add(time.Minute), strings.Repeat("b2", 20)
	})
	f.loop(t, 5*time.Minute)
	f.want(t, "another head commit, of which nothing is known", []string{"#1 approved", "#2"}, "1")
	f.loop(t, 5*time.Minute)
	f.want(t, "what is not shown is put off", []string{"#1 approved", "#2"})
	f.gh.ClearFaults()
	repo.SetMergeable(1, &no)
	f.refresh(t, time.Minute, telemetry.ByPage)
	f.want(t, "a person asks", []string{"#1 approved success conflict", "#2"}, "1")

	f.fix(1, func(p *telemetry.PullRequest) { p.UpdatedAt, p.MergedAt = f.now().Add(time.Minute), f.now() })
	f.refresh(t, 24*time.Hour, telemetry.ByPage)
	f.want(t, "merged", []string{"#1 approved success conflict", "#2"})
}

// TestReviewsAndChecksAreBounded: a turn asks for fifty, the longest unasked first,
// and none where little is left of the hourly limit, unless a person asks.
func TestReviewsAndChecksAreBounded(t *testing.T) {
	f := followPulls(t)
	numbers := func(from, to int) (list []string) {
		for n := from; n <= to; n++ {
			list = append(list, fmt.Sprint(n))
		}
		slices.Sort(list)
		return list
	}
	for n := 10; n < 70; n++ {
		f.fix(n, nil)
	}
	f.loop(t, 5*time.Minute)
	first := f.checked()
	if !slices.Equal(first, numbers(10, 59)) {
		t.Errorf("first %q", first)
	}
	f.loop(t, 30*time.Second)
	if got := f.checked(); !slices.Equal(got, numbers(60, 69)) {
		t.Errorf("then %q, want the others", got)
	}
	f.gh.SetRate(5000, 900, f.now().Add(time.Hour), http.StatusForbidden)
	for range 2 { // the first learns of the limit
		f.passed.Add(int64(10 * time.Minute))
		f.gh.Forget()
		h, err := f.jobs.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByInterval(5 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if job, err := h.Wait(t.Context()); err != nil && !errors.Is(err, telemetry.ErrReserved) {
			t.Errorf("%v, %+v", err, job)
		}
	}
	if got := f.checked(); len(got) > 0 {
		t.Errorf("under a fifth of the limit is left, and %q were asked for", got)
	}
	f.refresh(t, time.Minute, telemetry.ByPage)
	if got := f.checked(); len(got) != 50 {
		t.Errorf("a person asked, and %d were", len(got))
	}
}

// TestWebhooksTellOfReviewsAndChecks: a review, or checks that have ended, have the
// pull request asked for at once, found by its number, branch or head commit.
func TestWebhooksTellOfReviewsAndChecks(t *testing.T) {
	f := followPulls(t)
	repo, yes := f.gh.Repo("acme/app"), true
	sha := strings.Repeat("c3", 20)
	f.fix(1, func(p *telemetry.PullRequest) { p.HeadSHA = sha })
	repo.SetMergeable(1, &yes)
	f.loop(t, 5*time.Minute)
	f.want(t, "opened", []string{"#1 none none mergeable"}, "1")
	for _, tc := range []struct {
		delivery telemetry.Delivery
		set      func()
		want     string
	}{
		{telemetry.Delivery{Event: telemetry.EventReview, Action: "submitted", Pull: 1, Hook: telemetry.Hook{Pulls: []int64{1}}},
			func() { repo.SetReviews(1, telemetry.Review{Reviewer: "ann", State: "CHANGES_REQUESTED", At: f.now()}) },
			"#1 changes_requested none mergeable"},
		{telemetry.Delivery{Event: telemetry.EventCheckSuite, Action: "completed", Hook: telemetry.Hook{Branch: "fix-1"}},
			func() { repo.SetChecks(1, passed("build")) }, "#1 changes_requested success mergeable"},
		{telemetry.Delivery{Event: telemetry.EventStatus, Hook: telemetry.Hook{SHA: sha}},
			func() {
				repo.SetChecks(1, passed("build"), telemetry.Check{Name: "ci", Status: "completed", Conclusion: "failure", Commit: true})
			}, "#1 changes_requested failure mergeable"},
	} {
		tc.set()
		f.passed.Add(int64(time.Second))
		f.gh.Forget()
		tc.delivery.Repo = "acme/app"
		if d := f.deliver(t, tc.delivery); d.State != telemetry.DeliveryDone {
			t.Errorf("%s: %s, %s", d.Event, d.State, d.Result)
		}
		f.want(t, tc.delivery.Event, []string{tc.want}, "1")
	}
}
