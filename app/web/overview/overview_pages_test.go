package overview_test

import (
	"testing"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
)

// TestPanels: what each panel of the overview says, and where its figures
// lead.
func TestPanels(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, panel string
		want        webtest.Want
	}{
		{"tiles", "tiles", webtest.Want{
			Text: []string{"Open issues 53 ↑ 53 12 critical 18 high, 5 of them not listed 5 not listed", "Closed in 30 days 2 50 opened",
				"Devin active 2 1 working 1 waiting",
				"PRs waiting 1 oldest 3 d", "Merge rate 50.0 % 1 merged of 2 PRs", "Repositories 3 3 with open issues", "Runs 7 0 dispatches"},
			HTML: []string{`class="tile-value" href="/repos"`, `href="/repos?q=-is%3Alisted"`,
				`href="/changes?event=closed&amp;since=2026-02-09T00%3A00%3A00.000Z`,
				`href="/sessions?q=is%3Aactive+is%3Awaiting"`, `href="/issues?q=is%3Aopen+severity%3Acritical"`}}},
		{"tiles over all time have no change", "tiles?period=all",
			webtest.Want{Text: []string{"Open issues 53 12 critical", "Closed over all time 2"}}},
		{"tiles of a repository lead to its lists", "tiles?scope=octo/shop", webtest.Want{
			Text: []string{"Open issues 24 ↑ 24 6 critical 7 high Closed", "Sessions 4 1 finished", "Runs 4"},
			HTML: []string{`href="/repo/octo/shop/issues"`, `href="/repo/octo/shop/sessions?q=is%3Afinished"`}}},
		{"tiles of a repository whose record names no findings lead nowhere", "tiles?scope=octo/api", webtest.Want{
			Text: []string{"Open issues 5 ↑ 5 0 critical 5 high, 5 of them not listed 5 not listed"}}},
		{"trend", "trend", webtest.Want{
			Text: []string{"0 → 53 in 30 days", "12 low 11 medium 18 high 12 critical", "Opened 50 Closed 2 per week",
				"Week from Open Critical High Medium Low Opened Closed", "23 Feb 2026 24 6 6 6 6 24 0 2 Mar 2026 54 12 18 12 12 26 1"},
			HTML: []string{`/issues?q=is%3Aopen+severity%3Alow`, "event=opened", "as_of=2026-03-01T23%3A59%3A59.999Z"}}},
		{"trend of a repository and a week, cut where the period begins", "trend?scope=octo/shop&period=7d", webtest.Want{
			Text: []string{"23 → 24 in 7 days", "4 Mar 2026 25 6 7 6 6 2 0 9 Mar 2026 24 6 7 5 6 0 1"}, HTML: []string{"repo=octo%2Fshop"},
			Lacks: []string{"Not listed"}}},
		{"rates", "rates", webtest.Want{
			Text: []string{"attempted in 30 days", "20.0 % closed of 5 attempted", "path-traversal 1 / 2 50.0 %", "xss 0 / 2 0.0 %",
				"injection 0 / 1", "All families 1 / 5 20.0 %"},
			HTML: []string{`<tr class="is-faint">`, `href="/issues?q=family%3Apath-traversal+taken%3A%3E%3D2026-02-09T00%3A00%3A00Z+-is%3Adismissed%2Caccepted"`}}},
		{"spans", "spans", webtest.Want{
			Text: []string{"5 d to fix, median", "Time to fix, median 5 d n = 2", "Time to fix, p90 8 d", "under 7 days 1 7 to 30 days 47"}}},
		{"outcomes", "outcomes", webtest.Want{
			Text: []string{"4 started in 30 days", "1 waiting for you of 4",
				"Waiting for you 1 Working with PR 1 Finished 1 Never started 1 Unknown 1"}}},
		{"open now, by severity and family", "open", webtest.Want{
			Text: []string{"Open now 53", "12 critical · 18 high · 11 medium · 12 low", "xss 21 injection 17 path-traversal 15"},
			HTML: []string{`/issues?q=is%3Aopen+family%3Ainjection`}}},
		{"open now of a repository without a list", "open?scope=octo/api", webtest.Want{Text: []string{"Open now 5", "5 high"}}},
		{"what Devin does now", "now", webtest.Want{
			Text: []string{"Devin now 2 polled every 30 s", "1 working · 1 waiting", "Waiting for you Not recorded", "Working xss"},
			HTML: []string{`href="/sessions?q=is%3Aactive"`}}},
		{"pull requests that wait", "queue", webtest.Want{Text: []string{"PR queue 1 open, oldest first", "oldest open for 3 d",
			"#8 octo/shop Open 1 L"}}},
		{"the worst repositories", "top", webtest.Want{
			Text: []string{"octo/shop: 13 critical + high", "octo/shop 6 C 7 H", "octo/ledger scope reduced 6 C 6 H",
				"octo/api not listed 0 C 5 H"}}},
		{"recent runs", "recent", webtest.Want{Text: []string{"Recent runs 7", "latest: octo/shop", "#4 octo/shop found 24 +0 −1 0 → 0",
			"#3 octo/shop found 25 +2 −0 5 → 4"}, Lacks: []string{">#1<"}}},
		{"needs", "needs", webtest.Want{
			Text: []string{"Needs you 5 All 5", "Devin waits for you 1 · New or overdue 1 · PR ready for review 1 · Never started 1 · Stuck 1",
				"Devin waits for you Fix injection", "Reply", "New or overdue js/rule-01", "Send to Devin…",
				"PR ready for review fix(CQLF-R3-0003): check the path #8 checks red", "See checks",
				"Never started 1 injection issue run 3 · batch 5 429 Client Error: Too Many Requests octo/shop", "Retry this batch…",
				"Stuck Fix path traversal run 3 · batch 2", "Open in Devin"},
			HTML: []string{`href="https://github.com/octo/shop/pull/8/checks"`, `hx-get="/panels/reply?id=` + webtest.Waiting + `"`,
				`hx-get="/panels/send?issues=`,
				`href="/needs-you?q=for%3Ayou+group%3Astuck"`}}},
		{"needs of a repository that needs nothing", "needs?scope=octo/api",
			webtest.Want{Text: []string{"Nothing needs you.", "No session is working."}}},
		{"one group of needs", "needs-you?q=group:stuck", webtest.Want{Text: []string{"Needs you 1", "Stuck 1 Low Fix path traversal",
			"1–1 of 1"}, Lacks: []string{"Review"}}},
		{"a group of needs that is empty", "needs-you?q=group:overdue",
			webtest.Want{Text: []string{"Nothing matches", "group:overdue", "Clear filters"}}},
		{"verifications", "verdicts", webtest.Want{Text: []string{"Verification results 1", "Verified and gone 1"},
			HTML: []string{`href="/verifications?q=outcome%3Averified_gone"`}}},
		{"the worst issues", "worst", webtest.Want{Text: []string{"Open critical and high issues 25 most severe first, at most 50",
			"Critical Recurring js/rule-12"}, Lacks: []string{"js/rule-02"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Status = 200
			s.Panel(tc.panel).Check(t, tc.want)
		})
	}
	for _, panel := range []string{"tiles", "trend", "rates", "spans", "outcomes"} {
		s.Panel(panel+"?period=3d").Check(t, webtest.Want{Status: 400, Text: []string{"want one of 7d, 30d, 90d, all."}})
	}
}

// TestPages: the overview and the report are made of panels, in their order.
func TestPages(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"the overview", "/", webtest.Want{Status: 200,
			Text: []string{"Needs you 5", "Printable report", "Needs you", "Open issues 53", "Devin now", "Open issues over time", "Open now",
				"Fix rate by CWE family",
				"How long", "Sessions by outcome", "PR queue", "Repositories", "Recent runs"},
			HTML: []string{`href="/report?period=30d"`, `href="/?period=7d"`}}},
		{"the overview of a week", "/?period=7d", webtest.Want{Status: 200, Text: []string{"Closed in 7 days 1", "attempted in 7 days"}}},
		{"an unknown period", "/?period=x", webtest.Want{Status: 400, Text: []string{"want one of 7d, 30d, 90d, all."}}},
		{"all that needs someone", "/needs-you", webtest.Want{Status: 200, Text: []string{"1–5 of 5"}}},
		{"an unknown group", "/needs-you?q=group:x", webtest.Want{Status: 400,
			Text: []string{"waiting, new, pr_ready, verified, still_there, gave_up, never_started, stuck, overdue"}}},
		{"the report", "/report", webtest.Want{Status: 200,
			Text: []string{"all repositories", "9 Feb – 10 Mar 2026", "as of 10 Mar 2026 12:00 UTC", "Open issues 53",
				"Verification results", "Repositories 3",
				"PR queue", "Open critical and high issues 25"}}},
		{"the report of a repository and all time", "/report?repo=OCTO/shop&period=all", webtest.Want{Status: 200,
			Text: []string{"octo/shop", "all time, until 10 Mar 2026", "Open issues 24", "Open critical and high issues 13"},
			HTML: []string{`href="/report?period=7d&amp;repo=octo%2Fshop"`,
				`href="/repo/octo/shop/issues?q=is%3Aopen+severity%3Acritical%2Chigh"`}, Lacks: []string{"most critical + high first"}}},
		{"the report of no repository", "/report?repo=no/where", webtest.Want{Status: 404, Text: []string{"no/where"}}},
		{"the report of no period", "/report?period=x", webtest.Want{Status: 400, Text: []string{"want one of 7d"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
}

// TestBeforeTheFirstRecord: the overview says what is awaited, and asks to be
// shown again when it is there.
func TestBeforeTheFirstRecord(t *testing.T) {
	s := webtest.Open(t)
	s.Get("/").Check(t, webtest.Want{Status: 200, Text: []string{"First run", "No runs yet", "telemetry/runs in octo/action.",
		"Refresh"}, Lacks: []string{"Open issues over time"}})
	s.Panel("first").Check(t, webtest.Want{Status: 200, Text: []string{"No runs yet"}})
	if a := s.Get("/panels/first"); a.Status != 303 || a.Header.Get("Location") != "/" {
		t.Errorf("opened: %d to %q", a.Status, a.Header.Get("Location"))
	}
	for panel, none := range map[string]string{
		"rates": "No session worked on an issue in this period", "spans": "No issues closed, and none open",
		"outcomes": "No session started in this period",
		"open":     "No open issues", "now": "No active sessions", "top": "No runs yet", "recent": "No runs yet",
		"queue": "No open pull requests", "verdicts": "No fixes verified yet", "worst": "No open critical or high issues",
		"needs": "Nothing needs you.", "tiles": "Merge rate – 0 merged of 0 PRs",
	} {
		s.Panel(panel).Check(t, webtest.Want{Status: 200, Text: []string{none}})
	}
	s.Put("shop-1.json", webtest.Scan("octo/shop", 1, webtest.Day(1), []map[string]any{webtest.Finding(1, 1)}))
	if a := s.Panel("first"); a.Status != 204 || a.Header.Get("HX-Refresh") != "true" {
		t.Errorf("with a record: %d, %q", a.Status, a.Header.Get("HX-Refresh"))
	}
}

// TestMissingSettings: one is a line, several are a list that opens; each with
// where to get it.
func TestMissingSettings(t *testing.T) {
	key := web.Missing{Variable: "DEVIN_API_KEY", Off: "Sessions are not polled.", Where: "At Devin."}
	repo := web.Missing{Variable: "ACTION_REPO", Off: "Nothing is read from GitHub.", Where: "owner/name of the repository."}
	for _, tc := range []struct {
		name    string
		missing []web.Missing
		want    webtest.Want
	}{
		{"one", []web.Missing{key}, webtest.Want{Text: []string{"DEVIN_API_KEY is not set. Sessions are not polled. Where to get one"},
			HTML: []string{`href="https://app.devin.ai/settings/api-keys"`}}},
		{"one that is made nowhere", []web.Missing{repo},
			webtest.Want{Text: []string{"ACTION_REPO is not set. Nothing is read from GitHub. owner/name of the repository."}}},
		{"two", []web.Missing{key, repo}, webtest.Want{Text: []string{"DEVIN_API_KEY and ACTION_REPO are not set",
			"DEVIN_API_KEY Sessions are not polled.", "ACTION_REPO Nothing", "owner/name of the repository."}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Status = 200
			webtest.Open(t, func(o *web.Options) { o.Settings.Missing = tc.missing }).Get("/").Check(t, tc.want)
		})
	}
}
