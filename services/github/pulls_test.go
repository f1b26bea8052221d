package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

func day(n int) time.Time { return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func putPulls(r *githubtest.Repo, n int) {
	for i := 1; i <= n; i++ {
		r.PutPull(telemetry.PullRequest{Number: i, Title: fmt.Sprintf("fix %d", i), CreatedAt: day(i), UpdatedAt: day(i)})
	}
}

func numbers(pulls []telemetry.PullRequest) []int {
	list := make([]int, len(pulls))
	for i := range pulls {
		list[i] = pulls[i].Number
	}
	return list
}

func TestPullRequestFields(t *testing.T) {
	p, c := start(t)
	want := telemetry.PullRequest{
		Repo: "Octo/Shop", RenamedTo: "Octo/Shop", Number: 7, Title: "fix(CQLF-R1-0001): <b>", Body: "Session 0123", HTMLURL: "https://github.com/Octo/Shop/pull/7",
		State: "closed", Draft: true, User: "devin-ai[bot]", HeadRef: "devin/1-fix",
		HeadSHA: strings.Repeat("a1", 20), CreatedAt: day(1), UpdatedAt: day(4), ClosedAt: day(3), MergedAt: day(3),
	}
	p.Repo("Octo/Shop").PutPull(want)
	pulls, err := c.PullRequests(t.Context(), "octo/shop", time.Time{})
	if err != nil || len(pulls) != 1 {
		t.Fatalf("%d pull requests, error %v", len(pulls), err)
	}
	if diff := cmp.Diff(want, pulls[0]); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	one, err := c.PullRequest(t.Context(), "https://github.com/octo/shop", 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("alone (-want +got):\n%s", diff)
	}
	_, err = c.PullRequest(t.Context(), "octo/shop", 8)
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound || !strings.Contains(err.Error(), "octo/shop#8") {
		t.Errorf("an unknown number: %v", err)
	}
	if _, err := c.PullRequest(t.Context(), "shop", 7); telemetry.CodeOf(err) != telemetry.CodeInvalid {
		t.Errorf("no repository: %v", err)
	}
}

// TestPullRequestPages: all pages the first time, then those with something
// new, whatever the server says of further pages.
func TestPullRequestPages(t *testing.T) {
	for _, without := range [][]githubtest.Feature{{}, {githubtest.Links}, {githubtest.Links, githubtest.ETags}} {
		t.Run(fmt.Sprint("without", without), func(t *testing.T) {
			p, c := start(t)
			p.Without(without...)
			r := p.Repo("o/r")
			putPulls(r, 250)
			pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
			if got := numbers(pulls); err != nil || len(got) != 250 || got[0] != 250 || got[249] != 1 {
				t.Fatalf("%d pull requests (%v), error %v", len(got), got, err)
			}
			if n := len(p.Requests()); n != 3 {
				t.Errorf("%d requests, want 3:\n%s", n, paths(p))
			}
			p.Forget()
			r.PutPull(telemetry.PullRequest{Number: 3, Title: "merged", CreatedAt: day(3), UpdatedAt: day(300), MergedAt: day(300)})
			pulls, err = c.PullRequests(t.Context(), "o/r", day(249))
			if got := numbers(pulls); err != nil || !slices.Equal(got, []int{3, 250, 249}) {
				t.Errorf("since day 249: %v, error %v", got, err)
			}
			if n := len(p.Requests()); n != 1 {
				t.Errorf("%d requests, want 1:\n%s", n, paths(p))
			}
		})
	}
}

// TestLinksOfOtherServers: a next page is asked for however its link is
// written; what no page number is in is a link too.
func TestLinksOfOtherServers(t *testing.T) {
	for _, links := range [][]string{
		{`</pulls?page=2>; rel=next`}, {`</pulls?page=2>;REL="Next"`}, {`</pulls?page=2>; rel="next last"`},
		{`</pulls?after=Y3Vyc29y>; rel="next"`}, {`<https://elsewhere.example/?p=two>; title="a, b"; rel="next"`},
		{`</pulls?page=1>; rel="first"`, `</pulls?page=2>; rel="next"`},
	} {
		p, c := start(t)
		p.Fail(githubtest.Fault{Path: "/pulls", Answer: func(w http.ResponseWriter, r *http.Request) {
			number := 7
			if r.URL.Query().Get("page") == "2" {
				number = 8
			} else {
				w.Header()["Link"] = links
			}
			fmt.Fprintf(w, "["+pullRow+"]", number)
		}})
		pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
		if got := numbers(pulls); err != nil || !slices.Equal(got, []int{7, 8}) {
			t.Errorf("%q: %v, error %v", links, got, err)
		}
	}
}

// TestExactlyOnePage: a full last page without Link headers ends the list.
func TestExactlyOnePage(t *testing.T) {
	p, c := start(t)
	p.Without(githubtest.Links)
	putPulls(p.Repo("o/r"), 100)
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if err != nil || len(pulls) != 100 {
		t.Errorf("%d pull requests, error %v", len(pulls), err)
	}
}

// TestServerThatIgnoresPages: it answers the same for each page.
func TestServerThatIgnoresPages(t *testing.T) {
	p, c := start(t)
	items := make([]string, 100)
	for i := range items {
		items[i] = fmt.Sprintf(`{"number": %d, "title": "t", "state": "open"}`, i+1)
	}
	p.Fail(githubtest.Fault{Path: "/pulls", Status: 200, Raw: "[" + strings.Join(items, ",") + "]"})
	pulls, err := c.PullRequests(t.Context(), "o/r", day(1))
	if err != nil || len(pulls) != 100 || len(p.Requests()) != 2 {
		t.Errorf("%d pull requests by %d requests, error %v", len(pulls), len(p.Requests()), err)
	}
	if pulls[0].Repo != "o/r" || !pulls[0].UpdatedAt.IsZero() {
		t.Errorf("%+v", pulls[0])
	}
}

// TestUnchangedPullRequestsCostNothing: and yet nothing is lost, whether the
// caller kept the last answer or not.
func TestUnchangedPullRequestsCostNothing(t *testing.T) {
	const overlap = 10 * time.Minute
	for _, n := range []int{0, 3, 60, 250} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			p, c := start(t)
			r := p.Repo("o/r")
			putPulls(r, n)
			var after time.Time
			if _, err := c.PullRequests(t.Context(), "o/r", after); err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				after = day(n).Add(-overlap)
			}
			p.Forget()
			pulls, err := c.PullRequests(t.Context(), "o/r", after)
			if got := numbers(pulls); err != nil || len(got) != min(n, 1) {
				t.Errorf("unchanged: %v, error %v", got, err)
			}
			if counted := p.Counted(); counted != 0 || len(p.Requests()) != 1 {
				t.Errorf("%d counted of %d requests, want 0 of 1", counted, len(p.Requests()))
			}
			pulls, err = c.PullRequests(t.Context(), "o/r", time.Time{})
			if err != nil || len(pulls) != n {
				t.Errorf("a caller that lost the first answer gets %d of %d, error %v", len(pulls), n, err)
			}
			r.PutPull(telemetry.PullRequest{Number: n + 1, Title: "new", UpdatedAt: day(n + 1)})
			pulls, err = c.PullRequests(t.Context(), "o/r", after)
			if err != nil || len(pulls) == 0 || pulls[0].Number != n+1 {
				t.Errorf("after a change: %v, error %v", numbers(pulls), err)
			}
		})
	}
}

// TestManyPullRequestsAtOnce: more were updated at the last moment than a
// page holds, so that page 1 alone does not tell what is new.
func TestManyPullRequestsAtOnce(t *testing.T) {
	p, c := start(t)
	r := p.Repo("o/r")
	for i := 1; i <= 150; i++ {
		r.PutPull(telemetry.PullRequest{Number: i, Title: "x", UpdatedAt: day(1).Add(time.Duration(i%7) * time.Second)})
	}
	for range 2 {
		pulls, err := c.PullRequests(t.Context(), "o/r", day(1).Add(-time.Minute))
		if err != nil || len(pulls) != 150 {
			t.Fatalf("%d of 150, error %v", len(pulls), err)
		}
	}
}

// TestOneFlight: the same question of many at the same moment is one request.
func TestOneFlight(t *testing.T) {
	p, c := start(t)
	putPulls(p.Repo("o/r"), 3)
	p.Fail(githubtest.Fault{Path: "/pulls", Status: 503, Delay: 200 * time.Millisecond, Times: 1})
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if pulls, err := c.PullRequests(t.Context(), "O/r", time.Time{}); err != nil || len(pulls) != 3 {
				t.Errorf("%d pull requests, error %v", len(pulls), err)
			}
		})
	}
	wait.Wait()
	if n := len(p.Requests()); n != 2 {
		t.Errorf("%d requests, want 2 (the failure and its repetition):\n%s", n, paths(p))
	}
}

// TestFlightOutlivesWhoBeganIt: one who leaves takes nothing from the others.
func TestFlightOutlivesWhoBeganIt(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		<-answer
		_, _ = w.Write([]byte(`[{"number": 1, "state": "open"}]`))
	}))
	t.Cleanup(srv.Close)
	c := client(t, srv.URL)
	ctx, leave := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := c.OpenPulls(ctx, "o/r"); !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	})
	<-asked
	second := make(chan struct{})
	wait.Go(func() {
		// Its context tells when it waits: Done is asked for at that moment.
		pulls, err := c.OpenPulls(&told{Context: t.Context(), waits: second}, "o/r")
		if err != nil || len(pulls) != 1 {
			t.Errorf("who stayed: %v, error %v", pulls, err)
		}
	})
	<-second
	leave()
	time.AfterFunc(20*time.Millisecond, func() { close(answer) })
	wait.Wait()
}

// told is a context that tells when someone waits for its end.
type told struct {
	context.Context
	once  sync.Once
	waits chan struct{}
}

func (c *told) Done() <-chan struct{} {
	c.once.Do(func() { close(c.waits) })
	return c.Context.Done()
}

func TestOpenPulls(t *testing.T) {
	for name, tc := range map[string]struct {
		ttl      time.Duration
		requests int // of two questions
	}{"kept": {time.Hour, 2}, "CACHE_TTL=0": {0, 4}} {
		t.Run(name, func(t *testing.T) {
			p, c := start(t, func(o *github.Options) { o.CacheTTL = tc.ttl })
			r := p.Repo("o/r")
			putPulls(r, 130)
			r.PutPull(telemetry.PullRequest{Number: 5, Title: "merged", MergedAt: day(7)})
			for range 2 {
				pulls, err := c.OpenPulls(t.Context(), "o/r")
				if err != nil || len(pulls) != 129 || pulls[0].Number != 130 || slices.Contains(numbers(pulls), 5) {
					t.Fatalf("%v, error %v", numbers(pulls), err)
				}
			}
			if n := len(p.Requests()); n != tc.requests {
				t.Errorf("%d requests, want %d:\n%s", n, tc.requests, paths(p))
			}
			if n := p.Counted(); n != 2 {
				t.Errorf("%d counted requests, want 2", n)
			}
		})
	}
	t.Run("a failure is not kept", func(t *testing.T) {
		p, c := start(t, func(o *github.Options) { o.CacheTTL = time.Hour })
		if _, err := c.OpenPulls(t.Context(), "o/r"); telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
			t.Errorf("error %v", err)
		}
		putPulls(p.Repo("o/r"), 1)
		if pulls, err := c.OpenPulls(t.Context(), "o/r"); err != nil || len(pulls) != 1 {
			t.Errorf("%d pull requests, error %v", len(pulls), err)
		}
	})
}

func TestPullDetails(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.CacheTTL = time.Hour })
	r := p.Repo("o/r")
	putPulls(r, 1)
	r.SetChecks(1, telemetry.Check{Name: "test", Status: "completed", Conclusion: "failure", URL: "https://ci/2"},
		telemetry.Check{Name: "build", Status: "in_progress", URL: "https://ci/1"})
	r.SetReviews(1, telemetry.Review{Reviewer: "ann", State: "CHANGES_REQUESTED", URL: "https://r/1", At: day(2)})
	got, err := c.PullDetails(t.Context(), "o/r", 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []telemetry.Check{{Name: "build", Status: "in_progress", URL: "https://ci/1"}, {Name: "test", Status: "completed", Conclusion: "failure", URL: "https://ci/2"}}
	if diff := cmp.Diff(want, got.Checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]telemetry.Review{{Reviewer: "ann", State: "CHANGES_REQUESTED", URL: "https://r/1", At: day(2)}}, got.Reviews); diff != "" {
		t.Errorf("reviews (-want +got):\n%s", diff)
	}
	if got.Pull.Title != "fix 1" || len(got.Unseen) > 0 || got.AskedAt.IsZero() {
		t.Errorf("%+v", got)
	}
	before := len(p.Requests())
	if _, err := c.PullDetails(t.Context(), "O/R", 1); err != nil || len(p.Requests()) != before {
		t.Errorf("asked again: %d requests more, error %v", len(p.Requests())-before, err)
	}

	putPulls(r, 2)
	p.Fail(githubtest.Fault{Path: "check-runs", Status: 403, Message: "Resource not accessible by personal access token"})
	got, err = c.PullDetails(t.Context(), "o/r", 2)
	if err != nil || len(got.Unseen) != 1 || !strings.Contains(got.Unseen[0], "give it Checks: read") {
		t.Errorf("without the permission for checks: %+v, error %v", got, err)
	}
	if _, err = c.PullDetails(t.Context(), "o/r", 3); telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
		t.Errorf("no such pull request: %v", err)
	}

	t.Run("an outage", func(t *testing.T) {
		p, c := start(t, func(o *github.Options) { o.CacheTTL = time.Millisecond })
		putPulls(p.Repo("o/r"), 1)
		fresh, err := c.PullDetails(t.Context(), "o/r", 1)
		if err != nil || fresh.Stale != "" {
			t.Fatalf("%+v, error %v", fresh, err)
		}
		p.Fail(githubtest.Fault{Path: "reviews", Status: 500})
		stale := fresh
		for deadline := time.Now().Add(10 * time.Second); err == nil && stale.Stale == "" && time.Now().Before(deadline); {
			stale, err = c.PullDetails(t.Context(), "o/r", 1)
		}
		if err != nil || !strings.Contains(stale.Stale, "try again later") || stale.AskedAt != fresh.AskedAt {
			t.Errorf("during an outage: %+v, error %v", stale, err)
		}
	})
}
