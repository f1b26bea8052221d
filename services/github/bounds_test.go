package github_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// endless answers page after page of rows that no earlier page had.
func endless(row, head, tail string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.URL.Query().Get("page"))
		number = max(number, 1)
		rows := make([]string, 100)
		for i := range rows {
			rows[i] = fmt.Sprintf(row, number*100+i)
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, number+1))
		fmt.Fprint(w, head, strings.Join(rows, ","), tail)
	}
}

const pullRow = `{"number": %d, "state": "open", "title": "t", "updated_at": "2026-01-01T00:00:00Z"}`

// TestListsWithoutEnd: a list ends at a number of pages, and says so.
func TestListsWithoutEnd(t *testing.T) {
	p, c := start(t)
	world(p)
	p.Fail(githubtest.Fault{Path: "state=", Answer: endless(pullRow, "[", "]")})
	p.Fail(githubtest.Fault{Path: "/check-runs", Answer: endless(`{"id": %d, "name": "n", "status": "queued"}`, `{"check_runs": [`, "]}")})
	p.Fail(githubtest.Fault{Path: "/reviews", Answer: endless(`{"id": %d, "state": "APPROVED"}`, "[", "]")})

	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(err.Error(), "has more than 100 pages") || len(pulls) != 10_000 {
		t.Errorf("pull requests: %d, error %v", len(pulls), err)
	}
	if n := len(p.Requests()); n != 100 {
		t.Errorf("%d requests, want 100", n)
	}
	open, err := c.OpenPulls(t.Context(), "o/r")
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(err.Error(), "more than 3000 open") {
		t.Errorf("open pull requests: %d, error %v", len(open), err)
	}
	d, err := c.PullDetails(t.Context(), "o/r", 1)
	if err != nil || len(d.Checks) != 1000 || len(d.Reviews) != 1000 || len(d.Unseen) != 2 || !strings.Contains(d.Unseen[0], "more than 1000 checks") {
		t.Errorf("details: %d checks, %d reviews, %q, error %v", len(d.Checks), len(d.Reviews), d.Unseen, err)
	}
}

// TestListsThatTakeTooLong: a call ends although each of its pages comes in
// time, and what came is there.
func TestListsThatTakeTooLong(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.HTTPTimeout = 300 * time.Millisecond })
	page := endless(pullRow, "[", "]")
	p.Fail(githubtest.Fault{Path: "/pulls", Delay: 100 * time.Millisecond, Answer: page})
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout || len(pulls) == 0 || len(pulls) == 10_000 {
		t.Errorf("%d pull requests, error %v", len(pulls), err)
	}
}

// TestStalledBody: an answer that stops in the middle ends before the time of
// the whole request is up.
func TestStalledBody(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.HTTPTimeout = 3 * time.Second })
	p.Fail(githubtest.Fault{Path: "/pulls", Stall: true, Raw: strings.Repeat(" ", 100)})
	_, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout || !strings.Contains(err.Error(), "no byte came in time") {
		t.Errorf("error %v", err)
	}
}

// TestSilentServer: of a connection that brings no answer the same holds.
func TestSilentServer(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.HTTPTimeout, o.Transport = 3*time.Second, nil })
	p.Fail(githubtest.Fault{Path: "/pulls", Delay: time.Hour})
	_, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout || !strings.Contains(err.Error(), "awaiting response headers") {
		t.Errorf("error %v", err)
	}
	if n := len(p.Requests()); n > 1 {
		t.Errorf("%d requests: a silent server was asked again", n)
	}
}

// TestRepeatedPage: a server that links on and yet repeats a page has more
// than it shows.
func TestRepeatedPage(t *testing.T) {
	p, c := start(t)
	world(p)
	same := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=7>; rel="next"`, r.Host, r.URL.Path))
			fmt.Fprint(w, body)
		}
	}
	p.Fail(githubtest.Fault{Path: "state=", Answer: same("[" + fmt.Sprintf(pullRow, 1) + "]")})
	p.Fail(githubtest.Fault{Path: "/check-runs", Answer: same(`{"check_runs": [{"id": 1, "name": "n", "status": "queued"}]}`)})
	for name, ask := range map[string]func() error{
		"pull requests": func() error { _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); return err },
		"open ones":     func() error { _, err := c.OpenPulls(t.Context(), "o/r"); return err },
		"checks":        func() error { _, err := c.PullDetails(t.Context(), "o/r", 1); return err },
	} {
		if err := ask(); telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(err.Error(), "next page") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(p.Requests()); n > 10 {
		t.Errorf("%d requests", n)
	}
}

// TestPullRequestsReadBeforeAFailure are returned beside it.
func TestPullRequestsReadBeforeAFailure(t *testing.T) {
	p, c := start(t)
	putPulls(p.Repo("o/r"), 250)
	p.Fail(githubtest.Fault{Path: "page=3", Status: 500})
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamDown || len(pulls) != 200 || pulls[0].Number != 250 {
		t.Errorf("%d pull requests, error %v", len(pulls), err)
	}
	p.ClearFaults()
	if pulls, err = c.PullRequests(t.Context(), "o/r", time.Time{}); err != nil || len(pulls) != 250 {
		t.Errorf("again: %d pull requests, error %v", len(pulls), err)
	}
}

// TestTimesThatAreYetToCome are taken for now, so that nobody waits for years
// until something is newer.
func TestTimesThatAreYetToCome(t *testing.T) {
	p, c := start(t)
	r := p.Repo("o/r")
	far := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	putPulls(r, 8)
	r.PutPull(telemetry.PullRequest{Number: 9, Title: "far", CreatedAt: far, UpdatedAt: far, MergedAt: far})
	r.SetReviews(9, telemetry.Review{Reviewer: "ann", State: "APPROVED", At: far})
	before := time.Now()
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if err != nil || len(pulls) != 9 {
		t.Fatalf("%d pull requests, error %v", len(pulls), err)
	}
	one, err := c.PullDetails(t.Context(), "o/r", 9)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{
		"created": pulls[0].CreatedAt, "updated": pulls[0].UpdatedAt, "closed": pulls[0].ClosedAt, "merged": pulls[0].MergedAt,
		"alone": one.Pull.MergedAt, "review": one.Reviews[0].At,
	} {
		if at.Before(before) || at.After(time.Now()) {
			t.Errorf("%s at %v, want now", name, at)
		}
	}
	mark := pulls[0].UpdatedAt
	r.PutPull(telemetry.PullRequest{Number: 3, Title: "merged", CreatedAt: day(3), MergedAt: mark.Add(time.Millisecond), UpdatedAt: mark.Add(time.Millisecond)})
	pulls, err = c.PullRequests(t.Context(), "o/r", mark.Add(-10*time.Minute))
	if got := numbers(pulls); err != nil || !slices.Contains(got, 3) {
		t.Errorf("a later merge is not seen: %v, error %v", got, err)
	}
}

func TestUnusualRateLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		limit, remaining, reset string
		want                    telemetry.RateLimit
	}{
		"until 2099": {"60", "5", "4070908800", telemetry.RateLimit{Known: true, Limit: 60, Remaining: 5}},
		"negative":   {"60", "-5", "-1", telemetry.RateLimit{Known: true, Limit: 60}},
		"too many":   {"60", "9000", "0", telemetry.RateLimit{Known: true, Limit: 60, Remaining: 60}},
		"no limit":   {"-1", "5", "0", telemetry.RateLimit{}},
		"words":      {"many", "some", "soon", telemetry.RateLimit{}},
		"zero":       {"0", "0", "0", telemetry.RateLimit{Known: true}},
	} {
		p, c := start(t)
		p.Fail(githubtest.Fault{Status: 200, Raw: "[]", Header: http.Header{
			"X-Ratelimit-Limit": {tc.limit}, "X-Ratelimit-Remaining": {tc.remaining}, "X-Ratelimit-Reset": {tc.reset},
		}})
		if _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); err != nil || c.RateLimit() != tc.want {
			t.Errorf("%s: %+v, error %v; want %+v", name, c.RateLimit(), err, tc.want)
		}
	}
}

// TestDownloadElsewhere: an address in an answer is followed only to where
// GitHub serves downloads.
func TestDownloadElsewhere(t *testing.T) {
	p, c := start(t)
	world(p)
	p.Without(githubtest.Blobs)
	for _, address := range []string{"http://127.0.0.2:9/x", "http://169.254.169.254/latest", "http://localhost:9/x", "file:///etc/passwd", "https://evil.example/x", "//evil.example/x", "http://me:pw@127.0.0.1:9/x", "::"} {
		files, err := c.RunFiles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Fail(githubtest.Fault{Path: "/contents/telemetry/runs/", Status: 200, Raw: fmt.Sprintf(`{"encoding": "none", "content": "", "download_url": %q}`, address)})
		bodies, failed, _ := fetch(t.Context(), c, files)
		if len(bodies) > 0 || len(failed) != 3 {
			t.Errorf("%s: %d bodies, failed %v", address, len(bodies), failed)
		}
		for name, err := range failed {
			code := telemetry.CodeOf(err)
			if code != telemetry.CodeUpstreamRejected && code != telemetry.CodeUpstreamBroken {
				t.Errorf("%s: %s: %v", address, name, err)
			}
		}
		p.ClearFaults()
	}
}

// TestCloseEndsWhatIsUnderWay: nobody waits for a server that is silent.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	asked := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	c := client(t, silent.URL, func(o *github.Options) { o.HTTPTimeout = time.Hour })
	failed := make(chan error, 1)
	go func() {
		_, err := c.PullRequests(context.WithoutCancel(t.Context()), "o/r", time.Time{})
		failed <- err
	}()
	<-asked
	c.Close()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a canceled context", err)
	}
}

// TestPanicOfAReceiver is that file's failure, and ends nothing.
func TestPanicOfAReceiver(t *testing.T) {
	p, c := start(t)
	world(p)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = c.FetchRunFiles(t.Context(), files, func(telemetry.RunFile, []byte, error) error { panic("nil") })
	if telemetry.CodeOf(err) != telemetry.CodeInternal || !strings.Contains(err.Error(), "run_0000") {
		t.Errorf("error %v", err)
	}
}

// TestTwiceListed: a tree of Git has each name once.
func TestTwiceListed(t *testing.T) {
	p, c := start(t)
	world(p)
	p.Fail(githubtest.Fault{Path: "recursive=1", Status: 200, Raw: `{"tree": [{"path": "telemetry/runs/a.json", "type": "blob", "sha": "1"},
		{"path": "telemetry/runs/a.json", "type": "blob", "sha": "2"}]}`})
	if files, err := c.RunFiles(t.Context()); telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(err.Error(), "lists a file twice") {
		t.Errorf("%v, error %v", files, err)
	}
}

// TestUnusualBranch: a name that would lead to another address is not asked.
func TestUnusualBranch(t *testing.T) {
	p, c := start(t)
	world(p)
	p.Fail(githubtest.Fault{Path: "/repos/" + actionRepo, Exact: true, Status: 200, Raw: `{"default_branch": "../../../../user"}`})
	if _, err := c.RunFiles(t.Context()); telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || len(p.Requests()) != 1 {
		t.Errorf("error %v:\n%s", err, paths(p))
	}
}

// TestBlobThatIsNotWhole: fewer bytes than listed are no file.
func TestBlobThatIsNotWhole(t *testing.T) {
	p, c := start(t)
	world(p)
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{`{"encoding": "base64", "content": ""}`, `{"encoding": "base64", "content": "e30="}`, `{"encoding": "rot13", "content": "e30="}`, `{"encoding": "base64", "content": "%"}`} {
		p.Fail(githubtest.Fault{Path: "/git/blobs/", Status: 200, Raw: raw, Times: 3})
		bodies, failed, _ := fetch(t.Context(), c, files)
		if len(bodies) > 0 || len(failed) != 3 || telemetry.CodeOf(failed[files[0].Name]) != telemetry.CodeUpstreamBroken {
			t.Errorf("%s: %v, failed %v", raw, bodies, failed)
		}
	}
}

// TestTextsOfPullRequests are bounded, and can be stored.
func TestTextsOfPullRequests(t *testing.T) {
	p, c := start(t)
	long := strings.Repeat("é", 1<<20)
	p.Fail(githubtest.Fault{Path: "/pulls", Status: 200, Raw: `[{"number": 1, "state": "open", "title": "a\u0000b", "html_url": "javascript:alert(1)", "body": "` + long + `"}]`})
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if err != nil || len(pulls) != 1 || pulls[0].Title != "a\ufffdb" || pulls[0].HTMLURL != "" || len(pulls[0].Body) > 256<<10+3 {
		t.Errorf("%d pull requests, error %v", len(pulls), err)
	}
}

// TestDispatchOutcome: what was sent, and nobody knows what became of it, is
// not called a failure, and what was never sent is.
func TestDispatchOutcome(t *testing.T) {
	dispatch := func(ctx context.Context, c *github.Action) error {
		_, err := c.Dispatch(ctx, telemetry.Dispatch{TargetRepo: "o/r", Ref: "main"})
		return err
	}
	p, c := start(t)
	world(p)
	p.Fail(githubtest.Fault{Path: "/dispatches", Status: 200, Times: 1, Raw: `{"workflow_run_id": 7, "run_url": "https://x", "html_url": "https://y"}`})
	if err := dispatch(t.Context(), c); err != nil {
		t.Errorf("the documented answer of 200: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Fail(githubtest.Fault{Path: "/dispatches", Answer: func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }})
	if err := dispatch(ctx, c); telemetry.CodeOf(err) != unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled once it was sent: %v (%s)", err, telemetry.CodeOf(err))
	}
	if err := dispatch(ctx, c); telemetry.CodeOf(err) == unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before it was sent: %v (%s)", err, telemetry.CodeOf(err))
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	err = dispatch(t.Context(), client(t, "http://"+ln.Addr().String()))
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamDown || strings.Contains(err.Error(), "not known") {
		t.Errorf("a refused connection: %v (%s)", err, telemetry.CodeOf(err))
	}
}

// TestLongETags: an ETag too long for a header is not sent back, or each later
// question would be refused.
func TestLongETags(t *testing.T) {
	p := githubtest.New(githubtest.Options{Token: token})
	world(p)
	var long atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Get("If-None-Match")) > 8<<10 {
			w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
			return
		}
		heard := httptest.NewRecorder()
		p.ServeHTTP(heard, r)
		maps.Copy(w.Header(), heard.Header())
		if long.Load() {
			w.Header().Set("ETag", `"`+strings.Repeat("e", 100_000)+`"`)
		}
		w.WriteHeader(heard.Code)
		_, _ = w.Write(heard.Body.Bytes())
	}))
	t.Cleanup(srv.Close)
	c := client(t, srv.URL)
	for i := range 3 {
		long.Store(i == 0)
		_, files := c.RunFiles(t.Context())
		_, pulls := c.PullRequests(t.Context(), "o/r", time.Time{})
		_, pull := c.PullRequest(t.Context(), "o/r", 1)
		if err := errors.Join(files, pulls, pull); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}
