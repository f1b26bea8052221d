package shell_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// TestDocument: the document around every page.
func TestDocument(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/runs").Check(t, webtest.Want{Status: 200,
		Text: []string{"Runs · Telemetry Dashboard", "Overview Needs you 5 Issues Sessions Pull requests Runs Repositories Campaigns Effectiveness Activity",
			"octo/action",
			"Refresh Poll sessions", "Poll pull requests Backfill old records…", "1 not found by Devin", "GitHub 4,9", "/5,000 left",
			"Devin cannot find 1 session (404)."},
		HTML:  []string{`href="/runs" aria-current="page"`, `action="/search"`, `name="dry_run" value="true"`},
		Lacks: []string{"No sign-in."}})
	s.Get("/search?q=rule-03").Check(t, webtest.Want{Status: 200, HTML: []string{`value="rule-03"`}})
	s = webtest.Open(t, func(o *web.Options) { o.Settings.Demo, o.Settings.Open = true, true })
	s.Get("/runs").Check(t, webtest.Want{Status: 200,
		Text: []string{"demo octo/action", "No sign-in. Anyone who can reach this address can read everything and make changes."}})
}

// TestProblems: an error is said in the form of the request, with what to do.
func TestProblems(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		header     []string
		want       webtest.Want
	}{
		{"a page that there is not", "/nowhere", nil, webtest.Want{Status: 404, Text: []string{"Not found", "Overview"},
			HTML: []string{"<html"}}},
		{"a panel that there is not", "/panels/nothing", []string{"HX-Request", "true"},
			webtest.Want{Status: 404, Text: []string{"Cannot load this panel."}, Lacks: []string{"<html"}}},
		{"a query typed in place", "/panels/issues?q=is:x&push=1", []string{"HX-Request", "true"},
			webtest.Want{Status: 400, Text: []string{`Invalid is "x"`}, HTML: []string{"field-fault"},
				Lacks: []string{"Cannot load"}}},
		{"another host's name", "/runs", []string{"Host", "evil.example"},
			webtest.Want{Status: 421, Text: []string{"Unknown host name"}, Lacks: []string{"Saved views"}}},
		{"an address that is too long", "/issues?q=" + strings.Repeat("x", 20000), nil,
			webtest.Want{Status: 431, Text: []string{"Address too long"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path, tc.header...).Check(t, tc.want) })
	}
	s.Post("/issues", nil).Check(t, webtest.Want{Status: 405, Text: []string{"Method not allowed"}})
	s.Post("/actions/refresh", nil, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").Check(t,
		webtest.Want{Status: 403, Text: []string{"Not allowed"}})
	s.Post("/actions/poll", nil, "HX-Request", "true", "Sec-Fetch-Site", "cross-site").Check(t,
		webtest.Want{Status: 403, Text: []string{"Not started."}})
}

// TestPanelsFailAlone: where a panel cannot be drawn the page is whole, and
// the panel says what happened.
func TestPanelsFailAlone(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/runs?per_page=x&sort=time").Check(t, webtest.Want{Status: 400,
		Text: []string{"Cannot show this list", "Records that could not be read 1"}})
	s.Get("/repo/octo/shop?period=9d").Check(t, webtest.Want{Status: 200,
		Text: []string{"octo/shop", "want one of 7d, 30d, 90d, all.", "All open 24"}})
}

// TestStripSaysWhatIsWrong: a source that cannot be read is said with its
// cause, since when, and what to do; what was stored stays.
func TestStripSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(s *webtest.Site)
		kind  string
		want  webtest.Want
	}{
		{"GitHub is down", func(s *webtest.Site) { s.GitHub.Fail(githubtest.Fault{Status: 503}) }, ingest.JobRefresh, webtest.Want{
			Text: []string{"GitHub unreachable since 12:00.", "Showing what was stored at 12:00.", "Try again"}}},
		{"GitHub refuses the token", func(s *webtest.Site) { s.GitHub.Fail(githubtest.Fault{Status: 401, Message: "Bad credentials"}) },
			ingest.JobRefresh, webtest.Want{
				Text: []string{"GitHub refuses the token (401).", "Set a new GITHUB_TOKEN and restart.", "Where to get one"},
				HTML: []string{`href="https://github.com/settings/tokens"`}}},
		{"GitHub's limit is reached", func(s *webtest.Site) {
			s.GitHub.SetRate(5000, 0, webtest.Now().Add(12*time.Minute), 403)
		}, ingest.JobRefresh, webtest.Want{Text: []string{"GitHub rate limit reached.", "Resumes 12:12 (12 min)."},
			HTML: []string{"disabled"}}},
		{"Devin refuses the key", func(s *webtest.Site) { s.Devin.Fail(devintest.KindAny, devintest.Fault{Status: 401}) }, ingest.JobPoll,
			webtest.Want{
				Text: []string{"Devin refuses the token (401).", "Set a new DEVIN_API_KEY and restart."},
				HTML: []string{`href="https://app.devin.ai/settings/api-keys"`}}},
		{"Devin is down", func(s *webtest.Site) { s.Devin.Fail(devintest.KindAny, devintest.Fault{Status: 500}) }, ingest.JobPoll, webtest.Want{
			Text: []string{"Devin unreachable since 12:00.", "Try again"}, HTML: []string{`action="/actions/poll"`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := webtest.Shop(t)
			tc.spoil(s)
			if h, err := s.Jobs.Start(tc.kind, ingest.Order{}); err != nil {
				t.Fatal(err)
			} else if _, err = h.Wait(t.Context()); err == nil && tc.kind == ingest.JobRefresh {
				t.Fatal("the job did not fail")
			}
			tc.want.Status = 200
			s.Get("/issues").Check(t, tc.want)
			s.Panel("freshness").Check(t, tc.want)
		})
	}
}

// TestSavedViewsMenu: saved views are under the name of their list, in the
// order of a search.
func TestSavedViewsMenu(t *testing.T) {
	s := webtest.Shop(t)
	for list, name := range map[string]string{"sessions": "Mine", "repos": "Clean ones", "issues": "Worst"} {
		if a := s.Post("/actions/views", url.Values{"name": {name}, "list": {list}, "query": {"q="}}); a.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", list, a.Status, a.Text())
		}
	}
	s.Panel("saved").Check(t, webtest.Want{Status: 200, Text: []string{"Repositories Clean ones Issues Worst Sessions Mine"},
		HTML: []string{`href="/repos?q="`}})
}

// TestEvents: a page gets the versions at once and when something changes,
// and how fresh the data is.
func TestEvents(t *testing.T) {
	s := webtest.Shop(t)
	ctx, leave := context.WithTimeout(t.Context(), time.Minute)
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func(event string) string {
		for lines.Scan() {
			if lines.Text() == "event: "+event && lines.Scan() {
				return strings.TrimPrefix(lines.Text(), "data: ")
			}
		}
		t.Fatalf("no event %s: %v", event, lines.Err())
		return ""
	}
	before := next("versions")
	for _, topic := range []string{telemetry.TopicRecords + "=", telemetry.TopicViews + "="} {
		if !strings.Contains(before, topic) {
			t.Errorf("the versions %q have no %s", before, topic)
		}
	}
	freshness := next("freshness")
	for _, word := range []string{"needs=5", "pulls=", "runs=1773144030", "sessions=", "quota=4,9", "digest="} {
		if !strings.Contains(freshness, word) {
			t.Errorf("the event %q has no %q", freshness, word)
		}
	}
	s.Post("/actions/views", url.Values{"name": {"x"}, "list": {"issues"}, "query": {"q="}})
	for after := next("versions"); after == before; after = next("versions") {
	}
}
