package github_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

const (
	token      = "ghp_s3cretS3cret"
	actionRepo = "acme/codeql-devin-fixer"
)

// What the write side asks of a client.
var (
	_ ingest.RunFiles     = (*github.Action)(nil)
	_ ingest.PullRequests = (*github.Client)(nil)
)

// start plays GitHub and returns the player, a client of it and its address.
func start(t *testing.T, options ...func(*github.Options)) (*githubtest.Player, *github.Action) {
	t.Helper()
	p := githubtest.New(githubtest.Options{Token: token})
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return p, client(t, srv.URL, options...)
}

func client(t *testing.T, url string, options ...func(*github.Options)) *github.Action {
	t.Helper()
	o := github.Options{BaseURL: url, Token: token, HTTPTimeout: 10 * time.Second, Transport: &http.Transport{}}
	for _, set := range options {
		set(&o)
	}
	c, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Action(actionRepo, "")
}

// another is one more client of the same player.
func another(t *testing.T, p *githubtest.Player) *github.Action {
	t.Helper()
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return client(t, srv.URL)
}

// putRuns writes n run files, the first of which is number from.
func putRuns(r *githubtest.Repo, from, n int) {
	for i := from; i < from+n; i++ {
		r.PutFile(fmt.Sprintf("telemetry/runs/run_%05d.json", i), fmt.Appendf(nil, `{"target_repo": "o/r", "run_number": %d}`, i))
	}
}

func paths(p *githubtest.Player) string {
	var text strings.Builder
	for _, r := range p.Requests() {
		fmt.Fprintf(&text, "%s %s %d\n", r.Method, r.Path, r.Status)
	}
	return text.String()
}

// fetch collects what FetchRunFiles gives.
func fetch(ctx context.Context, c *github.Action, files []telemetry.RunFile) (bodies map[string]string, failed map[string]error, err error) {
	var mu sync.Mutex
	bodies, failed = map[string]string{}, map[string]error{}
	err = c.FetchRunFiles(ctx, files, func(f telemetry.RunFile, body []byte, err error) error {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed[f.Name] = err
			return nil
		}
		if _, twice := bodies[f.Name]; twice {
			return fmt.Errorf("%s was given twice", f.Name)
		}
		bodies[f.Name] = string(body)
		return nil
	})
	return bodies, failed, err
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		o    github.Options
		want string
	}{
		"no scheme":  {github.Options{BaseURL: "api.github.com"}, "GITHUB_API_URL"},
		"a password": {github.Options{BaseURL: "https://me:s3cret@host"}, "GITHUB_API_URL"},
		"a query":    {github.Options{BaseURL: "https://host/?a=s3cret"}, "GITHUB_API_URL"},
		"a space":    {github.Options{Token: "s3cret token"}, "GITHUB_TOKEN"},
		"plain http": {github.Options{BaseURL: "http://ghes.example/api/v3", Token: "s3cret"}, "ALLOW_PLAIN_HTTP_UPSTREAM"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := github.New(tc.o)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v: wants %s and no secret", err, tc.want)
			}
		})
	}
}

func TestNewTakesPlainHTTP(t *testing.T) {
	for name, o := range map[string]github.Options{
		"loopback":  {BaseURL: "http://127.0.0.1:9", Token: token},
		"localhost": {BaseURL: "http://localhost:9", Token: token},
		"IPv6":      {BaseURL: "http://[::1]:9", Token: token},
		"no token":  {BaseURL: "http://ghes.example/api/v3"},
		"allowed":   {BaseURL: "http://ghes.example/api/v3", Token: token, AllowPlainHTTP: true},
	} {
		if _, err := github.New(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFailures: each failure of the wire has its code, its own sentence that
// says what to do, and no token in it or in the log.
func TestFailures(t *testing.T) {
	const path = "/pulls"
	reset := time.Now().Add(20 * time.Minute)
	spent := http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(reset.Unix())}}
	tests := map[string]struct {
		fault    githubtest.Fault
		code     telemetry.Code
		says     string
		wait     time.Duration // 0: none; else at least so long, and less than a minute longer
		requests int
	}{
		"401":                               {githubtest.Fault{Status: 401, Message: "Bad credentials " + token}, telemetry.CodeUpstreamToken, "GITHUB_TOKEN is wrong, expired or revoked", 0, 1},
		"403":                               {githubtest.Fault{Status: 403, Message: "Resource not accessible by personal access token"}, telemetry.CodeUpstreamDenied, "lacks the permission for pull requests of o/r (403); give it Pull requests: read", 0, 1},
		"403 IP allow list":                 {githubtest.Fault{Status: 403, Message: "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."}, telemetry.CodeUpstreamDenied, "IP allow list does not include this machine's address (403)", 0, 1},
		"403 single sign-on, told in words": {githubtest.Fault{Status: 403, Message: "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization."}, telemetry.CodeUpstreamDenied, "Configure SSO", 0, 1},
		"403 lifetime":                      {githubtest.Fault{Status: 403, Message: "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: https://github.com/settings/personal-access-tokens/1"}, telemetry.CodeUpstreamDenied, "valid for so long (403)", 0, 1},
		"403 kind of token":                 {githubtest.Fault{Status: 403, Message: "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions."}, telemetry.CodeUpstreamDenied, "does not accept this kind of token (403)", 0, 1},
		"403 blocked":                       {githubtest.Fault{Status: 403, Raw: `{"message":"Repository access blocked","block":{"reason":"tos","created_at":"2023-02-02T15:50:17Z","html_url":"https://github.com/tos"}}`}, telemetry.CodeUpstreamDenied, "GitHub has blocked access to the repository", 0, 1},
		"451":                               {githubtest.Fault{Status: 451, Raw: `{"message":"Repository access blocked","block":{"reason":"dmca"}}`}, telemetry.CodeUpstreamDenied, "GitHub has blocked access to the repository", 0, 1},
		"403 suspended":                     {githubtest.Fault{Status: 403, Message: "Sorry. Your account was suspended."}, telemetry.CodeUpstreamDenied, "suspended the account of GITHUB_TOKEN", 0, 1},
		"403 of a firewall":                 {githubtest.Fault{Status: 403, Raw: "<html>Access denied", Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}, telemetry.CodeUpstreamDown, "a proxy or firewall answered in its place with a web page (403)", 0, 1},
		"407":                               {githubtest.Fault{Status: 407, Raw: "<html>", Header: http.Header{"Content-Type": {"text/html"}}}, telemetry.CodeUpstreamDown, "HTTPS_PROXY", 0, 1},
		"403 single sign-on":                {githubtest.Fault{Status: 403, Header: http.Header{"X-Github-Sso": {"required; url=https://x"}}}, telemetry.CodeUpstreamDenied, "single sign-on", 0, 1},
		"404":                               {githubtest.Fault{Status: 404}, telemetry.CodeUpstreamNotFound, "no repository o/r (404)", 0, 1},
		"422":                               {githubtest.Fault{Status: 422, Raw: `{"message": "Validation Failed", "errors": [{"message": "sort is odd"}]}`}, telemetry.CodeUpstreamRejected, "Validation Failed; sort is odd", 0, 1},
		"primary limit, 403":                {githubtest.Fault{Status: 403, Header: spent, Message: "API rate limit exceeded for user ID 1."}, telemetry.CodeRateLimited, "resets at " + reset.UTC().Format("15:04"), 19 * time.Minute, 1},
		"primary limit, 429":                {githubtest.Fault{Status: 429, Header: spent, Message: "API rate limit exceeded"}, telemetry.CodeRateLimited, "hourly limit", 19 * time.Minute, 1},
		"secondary limit, 403":              {githubtest.Secondary(403, 30), telemetry.CodeRateLimited, "slow down", 30 * time.Second, 1},
		"secondary limit, 429":              {githubtest.Secondary(429, 30), telemetry.CodeRateLimited, "slow down", 30 * time.Second, 1},
		"secondary without wait":            {githubtest.Secondary(403, 0), telemetry.CodeRateLimited, "try again in 1m0s", time.Minute, 1},
		"429 without words":                 {githubtest.Fault{Status: 429, Raw: "slow", Header: http.Header{"Retry-After": {"7"}}}, telemetry.CodeRateLimited, "try again in 7s", 7 * time.Second, 1},
		"429 that tells no wait":            {githubtest.Fault{Status: 429, Raw: "slow"}, telemetry.CodeRateLimited, "try again in 1m0s", time.Minute, 1},
		"429, wait 0":                       {githubtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"0"}}}, telemetry.CodeRateLimited, "try again in 1m0s", time.Minute, 1},
		"429, wait negative":                {githubtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"-5"}}}, telemetry.CodeRateLimited, "try again in 1m0s", time.Minute, 1},
		"429, wait of years":                {githubtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"99999999999"}}}, telemetry.CodeRateLimited, "try again in 1h0m0s", time.Hour, 1},
		"429, wait beyond words":            {githubtest.Fault{Status: 429, Header: http.Header{"Retry-After": {strings.Repeat("9", 40)}}}, telemetry.CodeRateLimited, "try again in 1m0s", time.Minute, 1},
		"limit until 2099":                  {githubtest.Fault{Status: 403, Header: http.Header{"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"4070908800"}}}, telemetry.CodeRateLimited, "hourly limit", time.Hour, 1},
		"500":                               {githubtest.Fault{}, telemetry.CodeUpstreamDown, "failed on pull requests of o/r (500); try again later", 0, 3},
		"503 as a page":                     {githubtest.Fault{Status: 503, Raw: "<html>Unicorn!</html>"}, telemetry.CodeUpstreamDown, "(503)", 0, 3},
		"not JSON":                          {githubtest.Fault{Status: 200, Raw: "<html>"}, telemetry.CodeUpstreamBroken, "is not the JSON", 0, 1},
		"other JSON":                        {githubtest.Fault{Status: 200, Raw: `{"a": 1}`}, telemetry.CodeUpstreamBroken, "is not the list", 0, 1},
		"null":                              {githubtest.Fault{Status: 200, Raw: `null`}, telemetry.CodeUpstreamBroken, "is not the list", 0, 1},
		"cut short":                         {githubtest.Fault{CutShort: true, Raw: `[{"number": 1, "title": "a`}, telemetry.CodeUpstreamBroken, "was cut short", 0, 1},
		"dropped":                           {githubtest.Fault{Drop: true}, telemetry.CodeUpstreamDown, "closed the connection", 0, 3},
		"too slow":                          {githubtest.Fault{Delay: time.Minute}, telemetry.CodeUpstreamTimeout, "did not answer in time", 0, 1},
		"elsewhere":                         {githubtest.Fault{Status: 301, Header: http.Header{"Location": {"http://127.0.0.2:1/x"}}}, telemetry.CodeUpstreamRejected, "points elsewhere", 0, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			p, c := start(t, func(o *github.Options) {
				o.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				if tc.fault.Delay > 0 {
					o.HTTPTimeout = 50 * time.Millisecond
				}
			})
			p.Repo("o/r")
			tc.fault.Path = path
			p.Fail(tc.fault)
			_, err := c.PullRequests(t.Context(), "o/r", time.Time{})
			e, ok := errors.AsType[*telemetry.Error](err)
			if !ok || e.Code != tc.code || !strings.Contains(e.Message, tc.says) {
				t.Fatalf("error %v (%s): wants %s and %q", err, telemetry.CodeOf(err), tc.code, tc.says)
			}
			if e.RetryAfter < tc.wait || e.RetryAfter > tc.wait+time.Minute || (tc.wait == 0 && e.RetryAfter != 0) {
				t.Errorf("RetryAfter is %v, want about %v", e.RetryAfter, tc.wait)
			}
			if text := err.Error() + logged.String(); strings.Contains(text, token) {
				t.Errorf("the token is in %q", text)
			}
			if n := len(p.Requests()); tc.fault.Delay == 0 && n != tc.requests {
				t.Errorf("%d requests, want %d:\n%s", n, tc.requests, paths(p))
			}
		})
	}
}

func TestWithoutToken(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.Token = "" })
	p.Repo("o/r")
	if _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); telemetry.CodeOf(err) != telemetry.CodeUpstreamToken || !strings.Contains(err.Error(), "set GITHUB_TOKEN") {
		t.Errorf("error %v", err)
	}
	if sent := p.Requests()[0].Token; sent != "" {
		t.Errorf("the Authorization header is %q", sent)
	}
}

func TestAnyCacheTTL(t *testing.T) {
	for _, ttl := range []time.Duration{-1, 0, 1, time.Microsecond, time.Hour} {
		p, c := start(t, func(o *github.Options) { o.CacheTTL = ttl })
		p.Repo("o/r")
		if _, err := c.OpenPulls(t.Context(), "o/r"); err != nil {
			t.Errorf("%v: %v", ttl, err)
		}
	}
}

func TestRefusedConnection(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	_, err = client(t, "http://"+ln.Addr().String()).RunFiles(t.Context())
	if telemetry.CodeOf(err) != telemetry.CodeUpstreamDown || !strings.Contains(err.Error(), "refused the connection. Check GITHUB_API_URL") {
		t.Errorf("error %v", err)
	}
}

func TestCancelledIsNoUpstreamFailure(t *testing.T) {
	p, c := start(t)
	p.Fail(githubtest.Fault{Delay: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.RunFiles(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a canceled context", err)
	}
}

// TestPassingFailure: a failure that ends within a moment is not seen.
func TestPassingFailure(t *testing.T) {
	p, c := start(t)
	p.Repo("o/r").PutPull(telemetry.PullRequest{Number: 1, Title: "one"})
	p.Fail(githubtest.Fault{Status: 502, Times: 2})
	pulls, err := c.PullRequests(t.Context(), "o/r", time.Time{})
	if err != nil || len(pulls) != 1 {
		t.Errorf("%d pull requests, error %v", len(pulls), err)
	}
}

// TestLimitStopsTheRest: after a limit the next thousand repositories are
// not asked, and who asks later hears what GitHub says then.
func TestLimitStopsTheRest(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	p, c := start(t, func(o *github.Options) {
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	p.Repo("o/r")
	p.SetRate(60, 0, now.Add(time.Hour), http.StatusTooManyRequests)
	for i := range 10 {
		_, err := c.PullRequests(t.Context(), fmt.Sprintf("o/r%d", i), time.Time{})
		if telemetry.CodeOf(err) != telemetry.CodeRateLimited {
			t.Fatalf("repository %d: error %v", i, err)
		}
	}
	if n := len(p.Requests()); n != 1 {
		t.Errorf("%d requests after the limit, want 1", n)
	}
	if rate := c.RateLimit(); !rate.Known || rate.Limit != 60 || rate.Remaining != 0 || rate.Reset.Unix() != now.Add(time.Hour).Unix() {
		t.Errorf("RateLimit %+v", rate)
	}
	p.SetRate(60, 60, now.Add(time.Hour), http.StatusTooManyRequests)
	mu.Lock()
	now = now.Add(2 * time.Second)
	mu.Unlock()
	if _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); err != nil {
		t.Errorf("when GitHub answers again: %v", err)
	}
}

// TestLastAllowedRequest: an answer that says "0 remaining" is an answer.
func TestLastAllowedRequest(t *testing.T) {
	p, c := start(t)
	p.Repo("o/r")
	p.SetRate(60, 1, time.Now().Add(time.Hour), http.StatusForbidden)
	if _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); err != nil || c.RateLimit().Remaining != 0 {
		t.Fatalf("error %v, %+v", err, c.RateLimit())
	}
	p.SetRate(60, 60, time.Now().Add(time.Hour), http.StatusForbidden)
	if _, err := c.PullRequests(t.Context(), "o/r", time.Time{}); err != nil {
		t.Errorf("it blocks itself: %v", err)
	}
}

// TestLimitOfAnotherProgram: while a limit lasts that another program with the
// same token met, nothing is asked; afterwards it is.
func TestLimitOfAnotherProgram(t *testing.T) {
	p, met := start(t)
	p.Repo("o/r")
	other := another(t, p)
	p.SetRate(60, 0, time.Now().Add(time.Hour), http.StatusTooManyRequests)
	if _, err := met.PullRequests(t.Context(), "o/r", time.Time{}); telemetry.CodeOf(err) != telemetry.CodeRateLimited {
		t.Fatalf("the limit: %v", err)
	}
	p.SetRate(60, 60, time.Now().Add(time.Hour), http.StatusTooManyRequests)
	asked := len(p.Requests())
	other.Limits().Heed(met.Limits().Known())
	_, err := other.PullRequests(t.Context(), "o/r", time.Time{})
	if e, ok := errors.AsType[*telemetry.Error](err); !ok || e.Code != telemetry.CodeRateLimited || e.RetryAfter < time.Minute {
		t.Errorf("during the limit: %v", err)
	}
	if n := len(p.Requests()); n != asked || other.RateLimit().Limit != 60 {
		t.Errorf("%d requests during the limit, which it knows as %+v", n-asked, other.RateLimit())
	}
	other.Limits().Heed(telemetry.Limit{Until: time.Now().Add(-time.Second)})
	if _, err := other.PullRequests(t.Context(), "o/r", time.Time{}); err != nil {
		t.Errorf("after the limit: %v", err)
	}
}
