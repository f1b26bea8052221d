package github_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// call is one question to GitHub of which the answer named by path is faulty.
type call struct {
	path  string
	exact bool // path is all of the path
	set   func(*githubtest.Player)
	ask   func(context.Context, *github.Action) error
	list  bool // the answer is a list, or has one
	post  bool
	part  bool // what the token may not see of it is a note in the answer
	// falls is set where the call does without this answer: files of a broken
	// archive are fetched one by one.
	falls bool
}

func askFiles(n int) func(context.Context, *github.Action) error {
	return func(ctx context.Context, c *github.Action) error {
		files, err := c.RunFiles(ctx)
		if err != nil {
			return err
		}
		bodies, failed, err := fetch(ctx, c, files)
		for _, e := range failed {
			err = e
		}
		if err == nil && len(bodies) != n {
			err = fmt.Errorf("%d files of %d", len(bodies), n)
		}
		return err
	}
}

func askRuns(ctx context.Context, c *github.Action) error {
	files, err := c.RunFiles(ctx)
	if err == nil && len(files) == 0 {
		err = errors.New("no files")
	}
	return err
}

func askPulls(ctx context.Context, c *github.Action) error {
	pulls, err := c.PullRequests(ctx, "o/r", time.Time{})
	if err == nil && len(pulls) != 130 {
		err = fmt.Errorf("%d pull requests", len(pulls))
	}
	return err
}

func askDetails(ctx context.Context, c *github.Action) error {
	d, err := c.PullDetails(ctx, "o/r", 1)
	if err == nil && (len(d.Checks) != 1 || len(d.Reviews) != 1) {
		err = fmt.Errorf("%d checks, %d reviews, %q", len(d.Checks), len(d.Reviews), d.Unseen)
	}
	return err
}

func calls() map[string]call {
	const runs = "/repos/" + actionRepo
	return map[string]call{
		"repository":    {path: runs, exact: true, ask: askRuns},
		"whole tree":    {path: "recursive=1", ask: askRuns, list: true},
		"walked tree":   {path: runs + "/git/trees/main", exact: true, ask: askRuns, list: true, set: func(p *githubtest.Player) { p.Repo(actionRepo).Truncate(true) }},
		"contents":      {path: "/contents/telemetry/runs", ask: askRuns, list: true, set: func(p *githubtest.Player) { p.Without(githubtest.Trees) }},
		"blob":          {path: "/git/blobs/", ask: askFiles(3)},
		"content":       {path: "/contents/telemetry/runs/run_00001.json", ask: askFiles(3), set: func(p *githubtest.Player) { p.Without(githubtest.Blobs) }},
		"archive link":  {path: "/tarball/", ask: askFiles(30), falls: true, set: func(p *githubtest.Player) { putRuns(p.Repo(actionRepo), 0, 30) }},
		"archive":       {path: "/_archive/", ask: askFiles(30), falls: true, set: func(p *githubtest.Player) { putRuns(p.Repo(actionRepo), 0, 30) }},
		"pull requests": {path: "direction=desc&per_page=100", ask: askPulls, list: true},
		"page 2":        {path: "per_page=100&page=2", ask: askPulls, list: true},
		"open ones":     {path: "state=open", ask: func(ctx context.Context, c *github.Action) error { _, err := c.OpenPulls(ctx, "o/r"); return err }, list: true},
		"pull request":  {path: "/repos/o/r/pulls/1", exact: true, ask: func(ctx context.Context, c *github.Action) error { _, err := c.PullRequest(ctx, "o/r", 1); return err }},
		"details":       {path: "/repos/o/r/pulls/1", exact: true, ask: askDetails},
		"checks":        {path: "/check-runs", ask: askDetails, list: true, part: true},
		"reviews":       {path: "/reviews", ask: askDetails, list: true, part: true},
		"dispatch": {path: "/dispatches", post: true, ask: func(ctx context.Context, c *github.Action) error {
			_, err := c.Dispatch(ctx, telemetry.Dispatch{TargetRepo: "o/r"})
			return err
		}},
		"dispatch branch": {path: runs, exact: true, ask: func(ctx context.Context, c *github.Action) error {
			_, err := c.Dispatch(ctx, telemetry.Dispatch{TargetRepo: "o/r"})
			return err
		}},
	}
}

// world is what the calls find where nothing is wrong.
func world(p *githubtest.Player) {
	action := p.Repo(actionRepo)
	putRuns(action, 0, 3)
	action.PutWorkflow("codeql-fixer.yml", "target_repo")
	r := p.Repo("o/r")
	putPulls(r, 130)
	r.SetChecks(1, telemetry.Check{Name: "test", Status: "queued"})
	r.SetReviews(1, telemetry.Review{Reviewer: "ann", State: "APPROVED", At: day(2)})
}

// flawed is an answer of a known code that is not what it should be.
type flawed struct {
	fault githubtest.Fault
	code  telemetry.Code
	post  telemetry.Code // of a dispatch; "" is code
	slow  bool           // it takes a time-out
	says  string
}

const unknown = telemetry.CodeOutcomeUnknown

func flaws(elsewhere string) map[string]flawed {
	const broken, down, timeout = telemetry.CodeUpstreamBroken, telemetry.CodeUpstreamDown, telemetry.CodeUpstreamTimeout
	html := "<!doctype html><title>Sign in</title>"
	ok := func(raw string) githubtest.Fault { return githubtest.Fault{Status: 200, Raw: raw} }
	moved := func(to string) githubtest.Fault {
		return githubtest.Fault{Status: 302, Header: http.Header{"Location": {to}}}
	}
	secondary := githubtest.Secondary(429, 3)
	return map[string]flawed{
		"HTML":                {fault: ok(html), code: broken, post: unknown},
		"HTML, 502":           {fault: githubtest.Fault{Status: 502, Raw: html}, code: down, post: unknown},
		"empty":               {fault: githubtest.Fault{Status: 200, Empty: true}, code: broken, post: unknown},
		"no content":          {fault: githubtest.Fault{Status: 204, Empty: true}, code: broken, post: "started"},
		"accepted":            {fault: githubtest.Fault{Status: 202, Raw: "{}"}, code: broken, post: unknown, says: "status 202"},
		"null":                {fault: ok("null"), code: broken, post: unknown},
		"a number":            {fault: ok("42"), code: broken, post: unknown},
		"a string":            {fault: ok(`"sorry"`), code: broken, post: unknown},
		"an empty object":     {fault: ok("{}"), code: broken, post: unknown},
		"wrong types":         {fault: ok(`{"default_branch": 1, "tree": 7, "check_runs": "none", "number": "one", "state": {}, "content": [], "workflow_run_id": "x"}`), code: broken, post: unknown},
		"a list of null":      {fault: ok("[null]"), code: broken, post: unknown},
		"a list of numbers":   {fault: ok("[1,2]"), code: broken, post: unknown},
		"a list of lists":     {fault: ok("[[]]"), code: broken, post: unknown},
		"rows of nothing":     {fault: ok("[{}]"), code: broken, post: unknown},
		"null for the list":   {fault: ok(`{"tree": null, "check_runs": null}`), code: broken, post: unknown},
		"null for a row":      {fault: ok(`{"tree": [null], "check_runs": [null], "total_count": 1}`), code: broken, post: unknown},
		"rows of nothing, in": {fault: ok(`{"tree": [{}], "check_runs": [{}], "total_count": 1}`), code: broken, post: unknown},
		"ends early":          {fault: ok(`{"default_branch": "main", "number": 1, "state": "open", "tree": [{"path": "a", "sha": "b"}], "check_runs": [`), code: broken, post: unknown},
		"list ends early":     {fault: ok(`[{"number": 1, "state": "open", "name": "a.json", "sha": "b"},`), code: broken, post: unknown},
		"more after the end":  {fault: ok(`[] []`), code: broken, post: unknown},
		"cut short":           {fault: githubtest.Fault{CutShort: true, Raw: "  "}, code: broken, post: unknown, says: "cut short"},
		"not gzip":            {fault: githubtest.Fault{Status: 200, Raw: "[]", Header: http.Header{"Content-Encoding": {"gzip"}}}, code: broken, post: unknown},
		"dropped":             {fault: githubtest.Fault{Drop: true}, code: down, post: unknown},
		"never":               {fault: githubtest.Fault{Delay: time.Hour}, code: timeout, post: unknown, slow: true},
		"stalled":             {fault: githubtest.Fault{Stall: true, Raw: strings.Repeat(" ", 100)}, code: timeout, post: unknown, slow: true},
		"dripped":             {fault: githubtest.Fault{Status: 200, Drip: 20 * time.Millisecond, Raw: strings.Repeat(" ", 1000)}, code: timeout, post: unknown, slow: true},
		"401":                 {fault: githubtest.Fault{Status: 401}, code: telemetry.CodeUpstreamToken},
		"403":                 {fault: githubtest.Fault{Status: 403, Message: "Resource not accessible"}, code: telemetry.CodeUpstreamDenied},
		"429":                 {fault: secondary, code: telemetry.CodeRateLimited},
		"500":                 {fault: githubtest.Fault{}, code: down, post: unknown},
		"to another host":     {fault: moved(elsewhere + "/x"), code: telemetry.CodeUpstreamRejected, says: "points elsewhere"},
		"to the metadata":     {fault: moved("http://169.254.169.254/latest"), code: telemetry.CodeUpstreamRejected, says: "points elsewhere"},
		"redirects for ever": {fault: githubtest.Fault{Answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.RequestURI(), http.StatusTemporaryRedirect)
		}}, code: telemetry.CodeUpstreamRejected, says: "again and again"},
	}
}

// TestEachCallMeetsEachFault: whatever the wire brings, a call ends with the
// error that says so, nothing is taken for an answer that is none, the token
// stays, and the next call is whole.
func TestEachCallMeetsEachFault(t *testing.T) {
	t.Parallel()
	var strangers atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { strangers.Add(1) }))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "127.0.0.2", 1)
	for callName, call := range calls() {
		for faultName, f := range flaws(elsewhere) {
			t.Run(callName+"/"+faultName, func(t *testing.T) {
				t.Parallel()
				meet(t, call, f)
			})
		}
	}
	t.Cleanup(func() {
		if n := strangers.Load(); n > 0 {
			t.Errorf("%d requests went to another host", n)
		}
	})
}

func meet(t *testing.T, call call, f flawed) {
	t.Helper()
	var logged bytes.Buffer
	p, c := start(t, func(o *github.Options) {
		o.CacheTTL = time.Hour
		o.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if f.slow {
			o.HTTPTimeout = 100 * time.Millisecond
		}
	})
	world(p)
	if call.set != nil {
		call.set(p)
	}
	f.fault.Path, f.fault.Exact = call.path, call.exact
	p.Fail(f.fault)
	err := call.ask(t.Context(), c)
	want := f.code
	if call.post && f.post != "" {
		want = f.post
	}
	e, ok := errors.AsType[*telemetry.Error](err)
	switch {
	case call.part && want == telemetry.CodeUpstreamDenied && strings.Contains(err.Error(), "lacks the permission"):
	case want == "started", call.falls && want == telemetry.CodeUpstreamBroken && err == nil:
		if err != nil {
			t.Errorf("error %v", err)
		}
	case call.falls && f.slow && err == nil: // what the archive does not bring in time is fetched one by one
	case !ok || e.Code != want || !strings.Contains(e.Message, f.says):
		t.Errorf("error %v (%s), want %s and %q", err, telemetry.CodeOf(err), want, f.says)
	case want == unknown && !strings.Contains(e.Message, "It is unknown"):
		t.Errorf("the error does not say that it is not known: %v", err)
	}
	if text := fmt.Sprint(err, logged.String()); strings.Contains(text, token) {
		t.Errorf("the token is in %q", text)
	}
	p.ClearFaults()
	if f.code == telemetry.CodeRateLimited || f.slow || call.part {
		c = another(t, p) // a limit is believed for a moment, a note is kept, and the short time-out is the test's
	}
	if err := call.ask(t.Context(), c); err != nil {
		t.Errorf("when GitHub answers again: %v", err)
	}
}

// bomb is an answer that is small on the wire and large once unpacked.
type bomb struct {
	head, part, tail string
	calls            string // the names of those that meet it; "" is all
}

// packed returns what answers with a bomb, which it packs once.
func (b bomb) packed(t *testing.T) http.HandlerFunc {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	block := strings.Repeat(b.part, 64<<10/len(b.part))
	_, _ = io.WriteString(zip, b.head) // to a buffer
	for range 63 << 20 / len(block) {
		_, _ = io.WriteString(zip, block)
	}
	_, _ = io.WriteString(zip, b.tail)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes()) // the client may leave
	}
}

func TestHugeAnswersAreNotRead(t *testing.T) {
	bombs := map[string]bomb{
		"rows of nothing": {head: "[", part: "{},", tail: "{}]"},
		"spaces":          {part: " "},
		"one text":        {head: `{"default_branch": "`, part: "x", tail: `"}`, calls: "repository, blob"},
		"entries":         {head: `{"tree": [`, part: `{"path":"a","sha":"b"},`, tail: `{}]}`, calls: "whole tree, walked tree"},
		"list in a row":   {head: `[{"number":1,"state":"open","labels":[`, part: "{},", tail: "{}]}]", calls: "pull requests"},
		"deep":            {part: "[", calls: "contents, pull request, checks"},
	}
	for bombName, bomb := range bombs {
		answer := bomb.packed(t)
		for callName, call := range calls() {
			if call.falls || (bomb.calls != "" && !strings.Contains(bomb.calls, callName)) {
				continue // see TestArchiveIsBounded
			}
			t.Run(callName+"/"+bombName, func(t *testing.T) {
				p, c := start(t, func(o *github.Options) { o.HTTPTimeout = time.Minute })
				world(p)
				if call.set != nil {
					call.set(p)
				}
				// A whole tree that is too large is walked, and walking meets the second bomb.
				walks := bombName == "entries"
				p.Fail(githubtest.Fault{Path: call.path, Exact: call.exact, Answer: answer, Times: map[bool]int{true: 2, false: 1}[walks]})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := call.ask(t.Context(), c)
				runtime.ReadMemStats(&after)
				code := telemetry.CodeOf(err)
				if walks && callName == "whole tree" {
					if err != nil {
						t.Errorf("the tree was not walked: %v", err)
					}
				} else if code != telemetry.CodeUpstreamBroken && code != unknown {
					t.Errorf("error %v (%s)", err, code)
				}
				// All that was ever allocated, not what was in use at a time.
				if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 200 {
					t.Errorf("%d MB were allocated", grown)
				}
				if err := call.ask(t.Context(), c); err != nil {
					t.Errorf("when GitHub answers again: %v", err)
				}
			})
		}
	}
}

// TestOnlyWholeAnswersAreKept: an answer that ends early, in right framing and
// with the ETag of the whole one, is not what the next 304 stands for.
func TestOnlyWholeAnswersAreKept(t *testing.T) {
	for name, call := range calls() {
		if call.falls || call.post {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			world(p)
			if call.set != nil {
				call.set(p)
			}
			first := p // the true answer comes from the player, and half of it goes out
			p.Fail(githubtest.Fault{Path: call.path, Exact: call.exact, Times: 1, Answer: func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				first.ServeHTTP(rec, r)
				for name, values := range rec.Header() {
					w.Header()[name] = values
				}
				half := rec.Body.Bytes()[:rec.Body.Len()/2]
				w.Header().Set("Content-Length", strconv.Itoa(len(half)))
				_, _ = w.Write(half)
			}})
			if err := call.ask(t.Context(), c); telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken {
				t.Errorf("half an answer: %v (%s)", err, telemetry.CodeOf(err))
			}
			for range 2 {
				if err := call.ask(t.Context(), c); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			}
		})
	}
}
