package lists_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestListsShowTheirRows asks each list as htmx does.
func TestListsShowTheirRows(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, panel string
		want        webtest.Want
	}{
		{"issues: open ones, the worst first, with the views' counts", "issues", webtest.Want{
			Text: []string{"Issues 48", "All open 48", "Critical and high 25", "Reopened 1", "Fixed 1", "All 49",
				"Critical Recurring js/rule-12", "Critical Not scanned js/rule-36 xss", "High Recurring js/rule-05 path-traversal"},
			HTML: []string{`href="/repo/octo/ledger"`, `hx-get="/panels/issues`},
		}},
		{"issues: a query narrows them, and the tab of the list that it is stands out", "issues?q=is:reopened", webtest.Want{
			Text: []string{"Issues 1", "Reopened 1", "1 issue", "High Reopened js/rule-01 injection"},
			HTML: []string{`href="https://github.com/octo/shop/blob/HEAD/src/%3Cb%3E1%3C/b%3E/page.ts#L10"`},
		}},
		{"issues: names from records are text", "issues?q=rule:js/rule-03", webtest.Want{
			HTML: []string{"&lt;b&gt;"}, Lacks: []string{"<b>3"}, Text: []string{"Low Recurring js/rule-03", "1 try", "#8 open"},
		}},
		{"issues: of a past day without what was learned later", "issues?q=rule:js/rule-03&as_of=2026-03-02T00:00:00Z", webtest.Want{
			Text: []string{"Low", "js/rule-03", ":30"}, Lacks: []string{"/sessions/" + webtest.Working},
		}},
		{"issues: a page beyond the end is the last one", "issues?page=9&per_page=25", webtest.Want{
			Text: []string{"26–48 of 48"},
		}},
		{"sessions: those that wait first", "sessions", webtest.Want{
			Text: []string{"All 4", "Active 2", "Waiting for you 1", "Never started 1",
				"Waiting for you Not recorded", "Working xss", "#8 open", "Finished path-traversal", "#7 merged", "Unknown “404 from Devin”"},
			HTML: []string{`href="/sessions/` + webtest.Working + `"`, `href="https://app.devin.ai/sessions/` + webtest.Waiting + `"`},
		}},
		{"sessions: of one repository, whose name is not said again", "sessions?scope=octo/shop&q=is:waiting", webtest.Want{
			Text: []string{"Sessions 1", "1 session", "Waiting for you Not recorded"}, Lacks: []string{`k-repo"`},
		}},
		{"sessions: of a repository without any", "sessions?scope=octo/api", webtest.Want{
			Text: []string{"No sessions yet", "Devin sessions that runs started are listed here."},
		}},
		{"sessions: whose pull request somebody opened", "sessions?q=author:devin*", webtest.Want{
			Text: []string{"Sessions 2", "Working xss", "Finished path-traversal"}, Lacks: []string{webtest.Waiting},
		}},
		{"pulls: with issues, session, outcome and link", "pulls", webtest.Want{
			Text: []string{"Open 1", "Merged 1", "#8 fix(CQLF-R3-0003): check the path checks red changes requested octo/shop Open – 1 L session aaaaaaaa Not " +
				"verified issue id in the title",
				"#7 fix(CQLF-R3-0002): escape the output octo/shop Merged – 1 M session bbbbbbbb Verified and gone verification record"},
			HTML: []string{`href="/pulls/octo/shop/8"`},
		}},
		{"verifications: what came of each fix", "verifications", webtest.Want{
			Text: []string{"1 verification", "Verified and gone #7", "octo/shop", "1 of 1 no longer found", "1 gone by now, 0 still there"},
			HTML: []string{`href="/pulls/octo/shop/7"`},
		}},
		{"verifications: of an outcome that none has", "verifications?q=outcome:failed", webtest.Want{Text: []string{"Nothing matches"}}},
		{"deliveries: none, and how to get them", "deliveries", webtest.Want{
			Text: []string{"No webhooks delivered yet", "Set GITHUB_WEBHOOK_SECRET"},
		}},
		{"runs: the newest first, with what they changed", "runs", webtest.Want{
			Text: []string{"run 4 Scan octo/shop found 24 +0 −1", "run 7 scope reduced Scan octo/ledger found 2",
				"run 3 Scan octo/shop found 25 +2 −0 5 batches → 4 sessions", "run 5 not listed Scan octo/api found 5 –"},
			HTML: []string{`href="/runs/shop-4.json"`, `href="https://github.com/octo/action/actions/runs/1004"`},
		}},
		{"repos: with their remarks and last days", "repos", webtest.Want{
			Text: []string{"octo/shop 24 open 6 C 7 H 5 M 6 L 0 +24 in 30 d 2 2 1", "octo/ledger scope reduced 24 open 6 C 6 H",
				"octo/api not listed 5 open 0 C 5 H"}, // critical and high first
			HTML: []string{`/changes?event=closed&amp;repo=octo%2Fshop`},
		}},
		{"files: what is wrong, as a sentence", "files", webtest.Want{
			Text: []string{"Records that could not be read 1", "broken.json Not a JSON object: unexpected end of JSON input."},
		}},
		{"changes: opened, back and closed, the latest first", "changes?repo=octo/shop", webtest.Want{
			Text: []string{"Closed Medium js/rule-02 path-traversal octo/shop run 4 8 d", "Opened High js/rule-25",
				"Reopened High js/rule-01", "Closed High js/rule-01 injection octo/shop run 2 2 d", "Opened Critical js/rule-24"},
			HTML: []string{`href="/repo/octo/shop/runs?q=run%3A4"`},
		}},
		{"changes: of one kind and a stretch of time", "changes?event=opened&since=2026-03-04T00:00:00Z&until=2026-03-06T00:00:00Z",
			webtest.Want{
				Text: []string{"2 events", "Opened High js/rule-25", "Reopened High js/rule-01"}, Lacks: []string{"js/rule-24"},
			}},
		{"changes: none", "changes?since=2026-03-09T13:00:00Z", webtest.Want{Text: []string{"No issues opened or closed in this period"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Status = 200
			s.Panel(tc.panel).Check(t, tc.want)
		})
	}
}

// TestListPagesRefuseInPlace: a list that is asked for wrongly is still a
// page, with its box, what is wrong, and a way back.
func TestListPagesRefuseInPlace(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"an unknown value", "/issues?q=is:nonsense+xss", webtest.Want{Status: 400,
			Text: []string{"Cannot show this list", `Invalid is "nonsense": want one of open,`, "Clear filters"},
			HTML: []string{`value="is:nonsense xss"`}, Lacks: []string{"js/rule-12", `hx-trigger="every`}}},
		{"an unknown sort keeps the query", "/issues?sort=x&q=is:fixed", webtest.Want{Status: 400,
			Text: []string{`Invalid sort "x": want one of age,`}, HTML: []string{`value="is:fixed"`}}},
		{"an unknown order", "/runs?order=up", webtest.Want{Status: 400, Text: []string{"order"}}},
		{"no number", "/pulls?page=x", webtest.Want{Status: 400, Text: []string{"page"}}},
		{"no time", "/issues?as_of=yesterday", webtest.Want{Status: 400, Text: []string{"as_of", "2026-02-07T11:31:39Z"}}},
		{"a list without a box", "/activity?kind=x", webtest.Want{Status: 400, Text: []string{`Invalid kind "x": want one of run,`},
			Lacks: []string{`class="query-box`}}},
		{"activity of no repository", "/activity?repo=shop", webtest.Want{Status: 400, Text: []string{"want owner/name"}}},
		{"activity from nowhere", "/activity?before=x", webtest.Want{Status: 400, Text: []string{"before"}}},
		{"changes of an unknown kind", "/changes?event=x",
			webtest.Want{Status: 400, Text: []string{`Invalid event "x": want one of opened, closed.`}}},
		{"changes since no time", "/changes?since=x", webtest.Want{Status: 400, Text: []string{"since"}}},
		{"a panel of an unknown repository", "/panels/issues?scope=no/where",
			webtest.Want{Status: 404, Text: []string{"Repository no/where not found"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
}

// TestListPages: what a page shows around its list.
func TestListPages(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"the past says so, and leads to today", "/issues?as_of=2026-03-02T00:00:00Z&q=", webtest.Want{
			Text: []string{"As of 2 Mar 2026 00:00 UTC.", "Shows what was known at that time", "Show today",
				"All open Critical and high Reopened", "All 24", "24 issues"},
			HTML: []string{`href="/issues?q="`}}},
		{"as of today is now, with sessions", "/issues?as_of=2026-03-10&q=", webtest.Want{
			HTML: []string{`href="/sessions/`}, Lacks: []string{"As of 10 Mar"}}},
		{"runs have the unreadable records below", "/runs", webtest.Want{Text: []string{"7 runs", "Records that could not be read"}}},
		{"changes say which they are", "/changes?since=2026-03-04T00:00:00Z&repo=octo/shop", webtest.Want{
			Text: []string{"Issues opened and closed", "since 4 Mar 2026 00:00 UTC", "octo/shop"}, HTML: []string{`href="/repo/octo/shop"`}}},
		{"changes until a time", "/changes?until=2026-03-02T00:00:00Z", webtest.Want{Text: []string{"until 2 Mar 2026 00:00 UTC"}}},
		{"exports are of the view that is shown", "/issues?q=is:fixed&sort=rule&order=desc", webtest.Want{
			HTML: []string{`href="/api/issues.csv?order=desc&amp;q=is%3Afixed&amp;sort=rule"`, `href="/api/issues.json?`}}},
		{"pull requests are exported under the API's name", "/repo/octo/shop/pulls", webtest.Want{
			HTML: []string{`href="/api/prs.csv?order=desc&amp;repo=octo%2Fshop&amp;sort=waiting"`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Status = 200
			s.Get(tc.path).Check(t, tc.want)
		})
	}
}

// TestPanelsLeadToTheirPage: a browser that opens a panel's address is sent to
// the page that shows it, with what it asks for.
func TestPanelsLeadToTheirPage(t *testing.T) {
	s := webtest.Shop(t)
	for from, to := range map[string]string{
		"/panels/issues?q=is:fixed&page=2&colour=red":   "/issues?page=2&q=is%3Afixed",
		"/panels/runs?scope=OCTO/shop&sort=found":       "/repo/octo/shop/runs?sort=found",
		"/panels/changes?event=opened&since=x":          "/changes?event=opened&since=x",
		"/panels/activity?kind=run":                     "/activity?kind=run",
		"/panels/session?id=" + webtest.Merged:          "/sessions/" + webtest.Merged,
		"/panels/pull?id=octo/shop/7":                   "/pulls/octo/shop/7",
		"/panels/run?id=shop-3.json&against=a%20b.json": "/runs/shop-3.json?against=a+b.json",
	} {
		if a := s.Get(from); a.Status != 303 || a.Header.Get("Location") != to {
			t.Errorf("%s: %d to %s, want %s", from, a.Status, a.Header.Get("Location"), to)
		}
	}
	if a := s.Panel("issues?q=is:fixed&push=1"); a.Header.Get("HX-Push-Url") != "/issues?q=is%3Afixed" {
		t.Errorf("the address to push is %q", a.Header.Get("HX-Push-Url"))
	}
}

// TestListsBeforeTheFirstRecord say where records come from.
func TestListsBeforeTheFirstRecord(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*web.Options)
		want   webtest.Want
	}{
		"an action repository": {func(*web.Options) {}, webtest.Want{Text: []string{"No runs yet", "telemetry/runs in octo/action.",
			"Refresh"}}},
		"a directory": {func(o *web.Options) { o.Settings.ActionRepo, o.Settings.RunsDir = "", "/runs" },
			webtest.Want{Text: []string{"RUNS_DIR /", "No runs yet", "reads the run files in RUNS_DIR."}}},
		"nothing": {func(o *web.Options) { o.Settings.ActionRepo = "" },
			webtest.Want{Text: []string{"No runs yet", "Set ACTION_REPO and GITHUB_TOKEN, or RUNS_DIR"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := webtest.Open(t, tc.change)
			tc.want.Status = 200
			for _, path := range []string{"/issues", "/sessions", "/pulls", "/runs", "/repos"} {
				s.Get(path).Check(t, tc.want)
			}
			s.Get("/activity").Check(t, webtest.Want{Status: 200, Text: []string{"No activity yet"}})
			s.Get("/issues?q=is:fixed").Check(t, webtest.Want{Status: 200, Text: []string{"Nothing matches"}, Lacks: []string{"No runs yet"}})
		})
	}
}

// TestMenusStaySmall: a menu offers the repositories that ran last, and says
// how many there are.
func TestMenusStaySmall(t *testing.T) {
	s := webtest.Open(t)
	var files []telemetry.FetchedFile
	for n := range 42 {
		scan := storetest.ScanRecord{Repo: fmt.Sprintf("octo/r%02d", n), Run: int64(n + 1),
			At: webtest.Day(1).AddDate(0, 0, n).Format(time.RFC3339), Found: 1}
		files = append(files, scan.File(fmt.Sprintf("%02d.json", n)))
	}
	storetest.Put(t, s.Store, files...)
	s.Panel("runs?q=repo:octo/r00").Check(t, webtest.Want{Status: 200,
		Text: []string{"Repository: octo/r00", "The 40 that ran last of 42."}})
	s.Panel("runs?q=kind:scan").Check(t, webtest.Want{Status: 200, Text: []string{"octo/r41"}, Lacks: []string{"repo%3Aocto%2Fr01"}})
}

// TestDraftsSort: a draft says so, and comes first in the order of drafts.
func TestDraftsSort(t *testing.T) {
	s := webtest.Shop(t)
	s.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{Number: 5, Title: "fix(CQLF-R3-0004): begun", User: "devin[bot]", Draft: true,
		CreatedAt: webtest.Day(9), UpdatedAt: webtest.Day(9)})
	s.Run(ingest.JobPollPRs, ingest.Order{By: telemetry.ByAPI})
	s.Panel("pulls?sort=draft&order=desc").Check(t, webtest.Want{Status: 200, Text: []string{
		"#5 fix(CQLF-R3-0004): begun octo/shop Open draft 1", "#8 fix(CQLF-R3-0003): check the path checks red changes requested octo/shop Open – 1"}})
	s.Panel("pulls?sort=draft&order=asc").Check(t, webtest.Want{Status: 200, Text: []string{
		"#7 fix(CQLF-R3-0002): escape the output octo/shop Merged – 1", "#5 fix(CQLF-R3-0004): begun octo/shop Open draft 1"}})
}

// TestPullMenus: what checks and reviews come to, and whether a pull request can
// be merged, is chosen from menus.
func TestPullMenus(t *testing.T) {
	s := webtest.Shop(t)
	s.Panel("pulls").Check(t, webtest.Want{Status: 200, Text: []string{"Checks failure", "Review approved changes requested", "Mergeable conflict"},
		HTML: []string{"checks%3Afailure", "review%3Achanges_requested", "mergeable%3Aconflict"}})
	s.Panel("pulls?q=checks:failure").Check(t, webtest.Want{Status: 200, Text: []string{"Checks: failure"}})
}
