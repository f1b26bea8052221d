package actions_test

import (
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// jobsCookie is the cookie that an answer sets, as a browser sends it back.
func jobsCookie(t *testing.T, a webtest.Answer) string {
	t.Helper()
	cookie, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
	if !strings.HasPrefix(cookie, "jobs=") {
		t.Fatalf("%d sets %q: %s", a.Status, a.Header.Get("Set-Cookie"), a.Text())
	}
	return cookie
}

// ended waits until the panel of jobs shows one that has ended.
func ended(t *testing.T, s *webtest.Site, cookie, title string) webtest.Answer {
	t.Helper()
	for {
		a := s.Panel("jobs", "Cookie", cookie)
		if strings.Contains(a.Text(), title+": ") && !strings.Contains(a.Text(), ": running") {
			return a
		}
		if err := t.Context().Err(); err != nil {
			t.Fatalf("%v: %s", err, a.Text())
		}
	}
}

// TestButtonsStartJobs: a button shows its job at once, in place or on the
// page that it stood on, and the browser remembers it until it is closed.
func TestButtonsStartJobs(t *testing.T) {
	s := webtest.Shop(t)
	for path, title := range map[string]string{
		"/actions/refresh": "Refresh", "/actions/poll": "Poll sessions", "/actions/poll-prs": "Poll pull requests",
	} {
		a := s.Post(path, nil, "HX-Request", "true")
		a.Check(t, webtest.Want{Status: 200, Text: []string{title, "by you"}, HTML: []string{`id="jobs"`}, Lacks: []string{"<html"}})
		ended(t, s, jobsCookie(t, a), title).Check(t, webtest.Want{Status: 200, Text: []string{title + ": done", "by you"}})
	}
	a := s.Post("/actions/refresh", nil, "Referer", s.URL()+"/runs?q=is:reduced")
	if a.Status != 303 || a.Header.Get("Location") != "/runs?q=is:reduced" {
		t.Errorf("without JavaScript: %d to %q", a.Status, a.Header.Get("Location"))
	}
	cookie := jobsCookie(t, a)
	card := ended(t, s, cookie, "Refresh")
	card.Check(t, webtest.Want{Status: 200, Text: []string{"Close", "0 new files, 0 updated"}})
	s.Get("/issues", "Cookie", cookie).Check(t, webtest.Want{Status: 200, Text: []string{"Refresh: done", "All open"}})
	id := regexp.MustCompile(`name="id" value="([a-z0-9]+)"`).FindStringSubmatch(card.HTML)
	closed := s.Post("/actions/dismiss", url.Values{"id": {id[1]}}, "HX-Request", "true", "Cookie", cookie)
	closed.Check(t, webtest.Want{Status: 200, Lacks: []string{"Refresh"}})
	if cookie := closed.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "jobs=;") {
		t.Errorf("the browser keeps %q", cookie)
	}
	s.Get("/issues", "Cookie", "jobs=none.<>.id0001").Check(t, webtest.Want{Status: 200, Text: []string{"All open"}})
}

// TestOneCardOfAKind: how an older job of a kind ended is not shown beside a
// newer one.
func TestOneCardOfAKind(t *testing.T) {
	s := webtest.Shop(t)
	first, second := s.Run(ingest.JobRefresh, ingest.Order{}), s.Run(ingest.JobRefresh, ingest.Order{})
	a := s.Panel("jobs", "Cookie", "jobs="+second.ID+"."+first.ID)
	if n := strings.Count(a.HTML, "<article"); n != 1 || !strings.Contains(a.Text(), "Refresh: done") {
		t.Errorf("%d cards: %s", n, a.Text())
	}
	a.Check(t, webtest.Want{Status: 200, HTML: []string{`value="` + second.ID + `"`}, Lacks: []string{`value="` + first.ID + `"`}})
}

// TestLeadsBackOnlyHere: a form leads back to a page of this server only.
func TestLeadsBackOnlyHere(t *testing.T) {
	s := webtest.Open(t)
	for _, referer := range []string{"", "https://evil.example/x", "//evil.example/x", s.URL() + "//evil.example", "%zz"} {
		if a := s.Post("/actions/dismiss", nil, "Referer", referer); a.Status != 303 || a.Header.Get("Location") != "/" {
			t.Errorf("%q: %d to %q", referer, a.Status, a.Header.Get("Location"))
		}
	}
}

// TestBackfillIsShownFirst: the menu's backfill changes nothing; its card
// lists what would change, and applies it.
func TestBackfillIsShownFirst(t *testing.T) {
	s := webtest.Shop(t)
	record := webtest.Scan("octo/api", 8, webtest.Day(6), nil,
		webtest.Session("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeee5", 1, "finished", "", "CQLF-R8-0001"))
	s.Put("api-8.json", record)
	a := s.Post("/actions/backfill", url.Values{"dry_run": {"true"}}, "HX-Request", "true")
	card := ended(t, s, jobsCookie(t, a), "Backfill, dry run")
	card.Check(t, webtest.Want{Status: 200,
		Text: []string{"Backfill, dry run: done", "Nothing has been changed yet.", "api-8.json", "issue_ids", "Apply"},
		HTML: []string{`name="replaces"`}})
	replaces := regexp.MustCompile(`name="replaces" value="([a-z0-9]+)"`).FindStringSubmatch(card.HTML)
	a = s.Post("/actions/backfill", url.Values{"replaces": {replaces[1]}}, "HX-Request", "true", "Cookie", jobsCookie(t, a))
	ended(t, s, jobsCookie(t, a), "Backfill").Check(t, webtest.Want{Status: 200, Text: []string{"applied."}, Lacks: []string{"dry run"}})
	a = s.Post("/actions/backfill", nil, "HX-Request", "true")
	ended(t, s, jobsCookie(t, a), "Backfill").Check(t, webtest.Want{Status: 200, Text: []string{"Nothing to correct"}})
}

// TestCancel: a job ends at its next commit; one that has ended is shown as it
// ended, and an unknown one is said to be none.
func TestCancel(t *testing.T) {
	s := webtest.Shop(t)
	job := s.Run(ingest.JobRefresh, ingest.Order{})
	s.Post("/actions/cancel", url.Values{"id": {job.ID}}, "HX-Request", "true", "Cookie", "jobs="+job.ID).Check(t, webtest.Want{Status: 200,
		Text: []string{"Refresh: done"}})
	s.Post("/actions/cancel", url.Values{"id": {"none"}}, "HX-Request", "true").Check(t,
		webtest.Want{Status: 404, Text: []string{"Not started."}})
}

// TestHeldListing: files that are missing from the directory are marked gone
// only when a person confirms it.
func TestHeldListing(t *testing.T) {
	s := webtest.Shop(t)
	for _, name := range []string{"a", "b", "c"} {
		s.Put("more-"+name+".json", webtest.Scan("octo/api", 20+int(name[0]), webtest.Day(6), nil))
	}
	repo := s.GitHub.Repo(webtest.ActionRepo)
	for _, name := range []string{"shop-1", "shop-2", "shop-3", "shop-4", "api-5", "ledger-6", "ledger-7", "more-a", "more-b"} {
		repo.DeleteFile("telemetry/runs/" + name + ".json")
	}
	s.Refresh()
	page := s.Get("/")
	page.Check(t, webtest.Want{Status: 200, Text: []string{"Run files are missing.", "Mark 9 files as gone"},
		HTML: []string{`name="kept" value="3"`}})
	s.Post("/actions/accept-listing", url.Values{"source": {webtest.ActionRepo}, "kept": {"x"}}, "HX-Request", "true").Check(t,
		webtest.Want{Status: 400,
			Text: []string{"Not changed.", "The form is incomplete. Reload the page."}})
	s.Post("/actions/accept-listing", url.Values{"source": {webtest.ActionRepo}, "kept": {"99"}}, "HX-Request", "true").Check(t,
		webtest.Want{Status: 409, Text: []string{"Not changed."}})
	a := s.Post("/actions/accept-listing", url.Values{"source": {webtest.ActionRepo}, "kept": {"3"}}, "HX-Request", "true")
	ended(t, s, jobsCookie(t, a), "Refresh").Check(t, webtest.Want{Status: 200, Text: []string{"9 gone"}})
	s.Get("/").Check(t, webtest.Want{Status: 200, Lacks: []string{"Run files are missing."}})
}

// token finds the token of the form that is shown.
func token(t *testing.T, a webtest.Answer) string {
	t.Helper()
	found := regexp.MustCompile(`name="token" value="([a-z0-9-]+)"`).FindStringSubmatch(a.HTML)
	if found == nil {
		t.Fatalf("no form: %d %.600s", a.Status, a.Text())
	}
	return found[1]
}

// TestDispatch: the form, what is open before a run, and a run that is started
// once.
func TestDispatch(t *testing.T) {
	s := webtest.Shop(t)
	s.GitHub.Repo(webtest.ActionRepo).PutWorkflow(ingest.Workflow, "target_repo", "languages", "batch_size")
	var started []map[string]string
	s.GitHub.OnDispatch(func(inputs map[string]string) { started = append(started, inputs) })
	page := s.Get("/repo/OCTO/shop/dispatch?preflight=1")
	page.Check(t, webtest.Want{Status: 200,
		Text: []string{"Repositories / octo/shop / Start a run", "fix(CQLF-R3-0003): check the path #8 open", "Languages", "Issues per batch",
			"Fixes go to forks/shop."},
		HTML: []string{`placeholder="javascript, python; empty: detected by CodeQL"`, `value="octo/shop"`}})
	s.Get("/repo/octo/shop/dispatch").Check(t, webtest.Want{Status: 200, Lacks: []string{"check the path"}})
	s.Panel("dispatch?scope=octo/shop").Check(t, webtest.Want{Status: 200,
		Text: []string{"Open pull requests of earlier runs", "Languages"}, Lacks: []string{"check the path"}})
	s.Panel("dispatch").Check(t, webtest.Want{Status: 400, Text: []string{"scope=owner/name"}})
	s.Panel("preflight?scope=octo/api").Check(t, webtest.Want{Status: 200, Lacks: []string{"#8"}})

	form := url.Values{"repo": {"octo/shop"}, "token": {token(t, page)}, "languages": {"javascript"}, "force": {"true"}}
	for range 2 {
		if a := s.Post("/actions/dispatch", form); a.Status != 303 || a.Header.Get("Location") != "/repo/octo/shop/dispatch?started=1" {
			t.Fatalf("%d to %q: %s", a.Status, a.Header.Get("Location"), a.Text())
		}
	}
	if len(started) != 1 || started[0]["target_repo"] != "https://github.com/octo/shop" || started[0]["languages"] != "javascript" {
		t.Errorf("started %v, want one run", started)
	}
	s.Get("/repo/octo/shop/dispatch?started=1").Check(t,
		webtest.Want{Status: 200, HTML: []string{`href="https://github.com/octo/action/actions/workflows/codeql-fixer.yml"`}})
	form.Set("token", "token-2")
	s.Post("/actions/dispatch", form, "HX-Request", "true").Check(t,
		webtest.Want{Status: 202, HTML: []string{"/actions/workflows/codeql-fixer.yml"}, Lacks: []string{"<html"}})
	s.Get("/repo/octo/shpo/dispatch").Check(t, webtest.Want{Status: 404, Text: []string{"Repository not found", "Did you mean"}})
	if a := s.Get("/repo/forks/shop/dispatch"); a.Header.Get("Location") != "/repo/octo/shop/dispatch" {
		t.Errorf("a fork leads to %d %q", a.Status, a.Header.Get("Location"))
	}
}

// TestDispatchAsksAgain: where pull requests are open, sessions are active or a
// run was started lately, the form comes back with the reasons and with what
// was typed; a second press starts the run, once.
func TestDispatchAsksAgain(t *testing.T) {
	s := webtest.Shop(t)
	s.GitHub.Repo(webtest.ActionRepo).PutWorkflow(ingest.Workflow, "target_repo", "languages", "batch_size")
	var started []string
	s.GitHub.OnDispatch(func(inputs map[string]string) {
		started = append(started, inputs["target_repo"]+" "+inputs["languages"])
	})
	for n, tc := range []struct {
		name, repo string
		reasons    []string
		headers    []string
		then       int
	}{
		{"without JavaScript", "octo/shop", []string{"Start a run anyway?", "Active sessions of octo/shop: 2.", "are open: octo/shop#8."}, nil, 303},
		{"in place", "octo/shop", []string{"has left no record yet", "Active sessions", "octo/shop#8"}, []string{"HX-Request", "true"}, 202},
	} {
		t.Run(tc.name, func(t *testing.T) {
			form := url.Values{"repo": {tc.repo}, "token": {"token-" + strconv.Itoa(n)}, "languages": {"java, go"}, "batch_size": {"7"}}
			a := s.Post("/actions/dispatch", form, tc.headers...)
			a.Check(t, webtest.Want{Status: 409, Text: append(tc.reasons, "Start anyway"),
				HTML: []string{`value="java, go"`, `value="7"`, `name="force" value="true"`}})
			if len(started) != n || token(t, a) != form.Get("token") {
				t.Errorf("started %v, the form has the token %q", started, token(t, a))
			}
			form.Set("batch_size", "many")
			s.Post("/actions/dispatch", form, tc.headers...).Check(t, webtest.Want{Status: 400, HTML: []string{`aria-invalid="true"`},
				Lacks: []string{"Start anyway"}})
			form.Set("batch_size", "7")
			form.Set("force", "true")
			for range 2 {
				if a := s.Post("/actions/dispatch", form, tc.headers...); a.Status != tc.then {
					t.Errorf("%d %s", a.Status, a.Text())
				}
			}
			if len(started) != n+1 || started[n] != "https://github.com/"+tc.repo+" java, go" {
				t.Errorf("started %v", started)
			}
		})
	}
	s.GitHub.Fail(githubtest.Fault{Path: "/pulls"})
	s.Post("/actions/dispatch", url.Values{"repo": {"octo/api"}, "token": {"token-9"}}).Check(t, webtest.Want{Status: 409,
		Text: []string{"It is not known whether pull requests of earlier runs are open"}})
	s.Post("/actions/dispatch", url.Values{"repo": {"octo/api"}, "token": {"token-9"}, "force": {"yes"}}).Check(t, webtest.Want{Status: 400})
}

// TestDispatchRefused: what is wrong is said at its field, and what was typed
// is kept.
func TestDispatchRefused(t *testing.T) {
	s := webtest.Shop(t)
	s.GitHub.Repo(webtest.ActionRepo).PutWorkflow(ingest.Workflow, "target_repo", "batch_size")
	for _, tc := range []struct {
		name, field, value string
		want               webtest.Want
	}{
		{"a field", "batch_size", "many", webtest.Want{Status: 400, Text: []string{"Issues per batch"},
			HTML: []string{`value="many"`, `aria-invalid="true"`}}},
		{"no token", "token", "", webtest.Want{Status: 400, Text: []string{"This form has expired."}}},
		{"no repository", "repo", "no/where", webtest.Want{Status: 404, Text: []string{"no/where"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			form := url.Values{"repo": {"octo/shop"}, "token": {"token-1"}, "batch_size": {"5"}}
			form.Set(tc.field, tc.value)
			s.Post("/actions/dispatch", form).Check(t, tc.want)
			s.Post("/actions/dispatch", form, "HX-Request", "true").Check(t, webtest.Want{Status: tc.want.Status, Lacks: []string{"<html"}})
		})
	}
	s.GitHub.Fail(githubtest.Fault{Path: "dispatches", Drop: true})
	form := url.Values{"repo": {"octo/shop"}, "token": {"token-3"}, "batch_size": {"5"}, "force": {"true"}}
	a := s.Post("/actions/dispatch", form, "HX-Request", "true")
	a.Check(t, webtest.Want{Status: 409, HTML: []string{`value="5"`}})
	if token(t, a) == "token-3" {
		t.Error("the form has the token that was sent")
	}
}

// noActions are submissions of a program without GITHUB_TOKEN or ACTION_REPO.
type noActions struct{ web.Submissions }

func (noActions) ActionFor(ctx context.Context, target telemetry.RepoName) (name, page string, err error) {
	return ingest.New(ctx, ingest.Options{}).ActionFor(ctx, target)
}

// TestDispatchIsOff: without its settings the form says what it needs.
func TestDispatchIsOff(t *testing.T) {
	s := webtest.Shop(t, func(o *web.Options) { o.Submissions = noActions{o.Submissions} })
	s.Get("/repo/octo/api/dispatch").Check(t, webtest.Want{Status: 200,
		Text: []string{"Starting a run needs GITHUB_TOKEN and ACTION_REPO."}, Lacks: []string{"/actions/workflows/"}})
}
