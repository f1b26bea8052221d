package details_test

import (
	"net/url"
	"regexp"
	"testing"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/devin/devintest"
)

// issueID finds the id of the issue of a rule.
func issueID(t *testing.T, s *webtest.Site, rule string) string {
	t.Helper()
	found := regexp.MustCompile(`href="/issues/([0-9a-f]{12})"`).FindStringSubmatch(s.Panel("issues?q=rule:" + rule).HTML)
	if found == nil {
		t.Fatalf("no issue of %s", rule)
	}
	return found[1]
}

// TestIssues: what is known of an issue, from its scans to what sessions made
// of it.
func TestIssues(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, rule string
		want       webtest.Want
	}{
		{"one that came back", "js/rule-01", webtest.Want{
			Text: []string{"js/rule-01 in src/<b>1</b>/page.ts:10", "Start a run", "High Reopened 5 Mar 2026 12:00 UTC after being fixed for 2 d",
				"No run log describes this issue: run 4 left none. Ask for the log", "Attempts 0",
				"1 present 1 gone 2 back", "First seen run 1", "Fixed run 2 first scan without it after 2 d", "Reopened run 3", "same fingerprint",
				"Open for 5 Mar 2026 12:00 UTC now, and 2 d before", "Seen in 3 scans", "Latest id CQLF-R4-0001",
				"Since run 1 0000000000001eef", "Issue ids 3 run 4 CQLF-R4-0001"},
			HTML: []string{`href="/runs/shop-1.json"`, `href="/repo/octo/shop/dispatch"`, `href="/issues?q=rule%3Ajs%2Frule-01"`,
				`href="https://github.com/octo/shop/blob/HEAD/src/%3Cb%3E1%3C/b%3E/page.ts#L10"`}}},
		{"one that a session fixed", "js/rule-02", webtest.Want{
			Text: []string{"Medium Fixed 9 Mar 2026 12:00 UTC",
				"Attempts 1", "named by record Finished #7 merged 1 of 1 gone Fixed for 9 Mar 2026 12:00 UTC",
				"Dispatched, attempt 1 run 3 · batch 1 devin-bbbbbbbb finished, as recorded",
				"PR #7 opened fix(CQLF-R3-0002): escape the output linked by verification record",
				"Verified, 1 of 1 gone re-scan this one no longer #7 after 1 h",
				"PR #7 merged #7 into octo/shop", "Fixed run 4",
				"Was open for 8 d"},
			HTML: []string{`href="/sessions/` + webtest.Merged + `"`, `href="/pulls/octo/shop/7"`}, Lacks: []string{"/dispatch"}}},
		{"one that moved and is being worked on", "js/rule-03", webtest.Want{
			Text: []string{"Start another run", "Low Recurring First seen", "PR open for 7 Mar 2026 12:00 UTC",
				"Moved run 3 src/ <b>3</ b>/ page.ts:42 12 lines lower same fingerprint"}}},
		{"one that the latest scan did not look at", "js/rule-36", webtest.Want{
			Text: []string{"Critical Not scanned Not covered by the latest scan; last seen 2 Mar 2026", "1 present 1 out of scope",
				"Not scanned run 7 covered less than the scan before and closed nothing"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.Status = 200
			s.Get("/issues/"+issueID(t, s, tc.rule)).Check(t, tc.want)
		})
	}
	s.Get("/issues/"+issueID(t, s, "js/rule-03")+"?ids=all").Check(t, webtest.Want{Status: 200, Text: []string{"Issue ids 4 Fewer"}})
}

// TestSessionsPullsAndRuns: what is known of each.
func TestSessionsPullsAndRuns(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"a session that works", "/sessions/" + webtest.Working, webtest.Want{Status: 200,
			Text: []string{"Fix path traversal aaaaaaaa", "Open in Devin", "Working for 5 Mar", "js/rule-03",
				"Open #8 fix(CQLF-R3-0003): check the path by issue id in the title",
				"Working as recorded running", "Devin’s status running + working", "batch 2, running", "Messages", "Reply to Devin"},
			HTML: []string{`href="https://app.devin.ai/sessions/` + webtest.Working + `"`}}},
		{"with devin- before its id", "/sessions/devin-" + webtest.Merged, webtest.Want{Status: 200,
			Text: []string{"Finished", "Verified and gone 1 of 1 no longer found 1 gone by now, 0 still there #7 bbbbbbbb record"},
			HTML: []string{`href="/api/runs/verification_7.json/raw?source=octo%2Faction"`}}},
		{"one that Devin does not know", "/sessions/" + webtest.Unknown, webtest.Want{Status: 200,
			Text: []string{"Unknown “404 from Devin” as recorded",
				"Devin cannot find this session with this key (404, since 2026-03-10 12:00 UTC).",
				"No linked pull request.", "Unknown “running” polled running after 5 d", "Same answer since never polled"}}},
		{"none", "/sessions/nobody", webtest.Want{Status: 404,
			Text: []string{"Not found", "Session nobody not found", "All sessions"}}},
		{"a merged pull request", "/pulls/octo/shop/7", webtest.Want{Status: 200,
			Text: []string{"fix(CQLF-R3-0002): escape the output #7", "Merged merged 7 Mar 2026",
				"Finished path-traversal 1 issue run 3 · batch 1 verification record",
				"Verified and gone", "Author devin[bot]", "Issue ids 1 as named CQLF-R3-0002"}, HTML: []string{`href="https://github.com/octo/shop/pull/7"`}}},
		{"an open one, with GitHub's checks", "/pulls/octo/shop/8?checks=1", webtest.Want{Status: 200,
			Text: []string{"Open checks red changes requested opened 7 Mar", "Not verified: no re-scan is recorded.", "Passed build in progress deploy failure lint",
				"Changes requested mona"}, HTML: []string{`href="https://github.com/octo/shop/pull/8#r1"`}}},
		{"its checks are asked for by the page", "/pulls/octo/shop/8",
			webtest.Want{Status: 200, Text: []string{"Checks and reviews from GitHub"}, Lacks: []string{"deploy"}}},
		{"no number", "/pulls/octo/shop/x", webtest.Want{Status: 404, Text: []string{"whole number from 1", "All pull requests"}}},
		{"a scan and what it changed", "/runs/shop-3.json", webtest.Want{Status: 200,
			Text: []string{"run 3 of octo/shop", "Open the action run Raw record", "Compared with run 2, 3 Mar 2026 12:00 run 1, 1 Mar 2026 12:00",
				"New 1", "js/rule-25", "Reopened 1", "js/rule-01", "Gone 0", "Moved 1", "before: line 30", "Batches and sessions 5",
				"batch 1 Finished path-traversal js/rule-02 #7 merged",
				"batch 5 Never started injection 429 Client Error: Too Many Requests issues not named",
				"Issues in no session 20", "Found 25", "From octo/action"}}},
		{"against an earlier one", "/runs/shop-4.json?against=shop-1.json", webtest.Want{Status: 200,
			Text: []string{"New 1", "js/rule-25", "Gone 1", "js/rule-02"}, HTML: []string{`value="shop-1.json" selected`}}},
		{"one list of it, the last page", "/runs/shop-3.json?list=unassigned&per_page=25&page=4", webtest.Want{Status: 200,
			Text: []string{"Back to the run", "1–20 of 20 Page 4 does not exist; this is the last page."}, Lacks: []string{"Reopened 1"}}},
		{"a list that there is not", "/runs/shop-3.json?list=x", webtest.Want{Status: 400, Text: []string{"list", "unassigned"}}},
		{"no page number", "/runs/shop-3.json?page=x", webtest.Want{Status: 400, Text: []string{"page"}}},
		{"a scan without findings", "/runs/api-5.json", webtest.Want{Status: 200,
			Text: []string{"Not listed.", "This scan counts findings but lists none, so it cannot be compared.",
				"Issues in no session unknown"}}},
		{"the first scan", "/runs/shop-1.json", webtest.Want{Status: 200, Text: []string{"This is the first scan of its repository", "New 24"}}},
		{"a broken record", "/runs/none.json", webtest.Want{Status: 404, Text: []string{"Run file none.json not found.", "All runs"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
}

// TestUpstreamPanels: what only an upstream knows, and that it cannot be
// asked, is said in its own panel.
func TestUpstreamPanels(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, panel string
		want        webtest.Want
	}{
		{"messages", "messages?id=" + webtest.Waiting, webtest.Want{Status: 200,
			Text: []string{"Devin 9 Mar 2026 12:00 UTC Which branch shall I use?"}}},
		{"messages of a session that Devin does not know", "messages?id=" + webtest.Unknown, webtest.Want{Status: 200,
			Text: []string{"Devin’s messages could not be read.", "(404)", "Try again"}}},
		{"the dialog of a reply asks for messages itself", "reply?id=" + webtest.Waiting, webtest.Want{Status: 200,
			Text: []string{"Fix injection", "Asking Devin…", "Reply to Devin", "Send to Devin"}}},
		{"a reply to nobody", "reply?id=nobody", webtest.Want{Status: 404, Text: []string{"Cannot load this panel."}}},
		{"checks of no pull request", "checks?id=octo/shop/99",
			webtest.Want{Status: 200, Text: []string{"Cannot reach GitHub.", "(404)"}}},
		{"checks of no number", "checks?id=octo", webtest.Want{Status: 404, Text: []string{"want a repository and a number"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Panel(tc.panel).Check(t, tc.want) })
	}
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

// TestReplies: a message is sent once, and what was typed is never lost.
func TestReplies(t *testing.T) {
	s := webtest.Shop(t)
	page := "/sessions/" + webtest.Waiting
	form := url.Values{"session": {webtest.Waiting}, "message": {"Use main."}, "token": {token(t, s.Get(page))}}
	if a := s.Post("/actions/reply", form); a.Status != 303 || a.Header.Get("Location") != page+"?sent=1#reply-form" {
		t.Fatalf("%d to %q: %s", a.Status, a.Header.Get("Location"), a.Text())
	}
	if a := s.Post("/actions/reply", form); a.Status != 303 {
		t.Errorf("the same form again: %d, %s", a.Status, a.Text())
	}
	sent, _ := s.Devin.Session(webtest.Waiting)
	if n := len(sent.Messages); n != 2 || sent.Messages[1].Text != "Use main." {
		t.Errorf("Devin has %d messages: %+v", n, sent.Messages)
	}
	s.Get(page+"?sent=1").Check(t, webtest.Want{Status: 200, Text: []string{"Sent"}})

	form.Set("message", "And now?")
	form.Set("token", "another-1")
	s.Post("/actions/reply", form, "HX-Request", "true").Check(t,
		webtest.Want{Status: 200, Text: []string{"Sent"}, Lacks: []string{"And now?", "<html"}})

	for _, tc := range []struct {
		name, field, value string
		want               webtest.Want
	}{
		{"nothing typed", "message", " ", webtest.Want{Status: 400, Text: []string{"Reply to Devin"}}},
		{"no token", "token", "", webtest.Want{Status: 400, Text: []string{"This form has expired."}}},
		{"a session that no record names", "session", "nobody", webtest.Want{Status: 404, Text: []string{"nobody"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wrong := url.Values{"session": {webtest.Waiting}, "message": {"Which?"}, "token": {"token-2"}}
			wrong.Set(tc.field, tc.value)
			s.Post("/actions/reply", wrong).Check(t, tc.want)
			inPlace := s.Post("/actions/reply", wrong, "HX-Request", "true")
			inPlace.Check(t, webtest.Want{Status: tc.want.Status, Text: []string{"Not sent."}, Lacks: []string{"<html"}})
		})
	}
}

// TestReplyOfUnknownOutcome: if it is unknown whether a message arrived, the
// form is shown again with its text and a new token.
func TestReplyOfUnknownOutcome(t *testing.T) {
	s := webtest.Shop(t)
	s.Devin.Fail(devintest.KindSend, devintest.Fault{Abort: true})
	form := url.Values{"session": {webtest.Waiting}, "message": {"Use main."}, "token": {"token-1"}}
	for _, header := range [][]string{nil, {"HX-Request", "true"}} {
		a := s.Post("/actions/reply", form, header...)
		a.Check(t, webtest.Want{Status: 409, Text: []string{"Reply to Devin", "Use main."}})
		if next := token(t, a); next == form.Get("token") {
			t.Error("the form has the token that was sent")
		}
		form.Set("token", "token-2")
	}
}

// TestNobodyToReplyTo: the form says why it is off.
func TestNobodyToReplyTo(t *testing.T) {
	s := webtest.Shop(t, func(o *web.Options) { o.Settings.Polls = false })
	s.Get("/sessions/"+webtest.Waiting).Check(t, webtest.Want{Status: 200,
		Text: []string{"DEVIN_API_KEY is not set, so replies cannot be sent."}})
	never := regexp.MustCompile(`href="(/sessions/[^"]+)"`).FindStringSubmatch(s.Panel("sessions?q=is:never_started").HTML)
	s.Get(never[1]).Check(t, webtest.Want{Status: 200,
		Text: []string{"Never started", "Devin did not start it. 429 Client Error: Too Many Requests", "cannot receive a reply"}})
}

// TestAcceptedScope: a person's acceptance makes a reduced scan a full one, and
// takes that back.
func TestAcceptedScope(t *testing.T) {
	s := webtest.Shop(t)
	form := url.Values{"file": {"ledger-7.json"}, "source": {webtest.ActionRepo}}
	a := s.Post("/actions/accept-scope", form)
	if a.Status != 303 || a.Header.Get("Location") != "/runs/ledger-7.json?source=octo%2Faction" {
		t.Fatalf("%d to %q: %s", a.Status, a.Header.Get("Location"), a.Text())
	}
	s.Get(a.Header.Get("Location")).Check(t, webtest.Want{Status: 200,
		Text: []string{"Accepted as a full scan.", "Undo", "Gone 22", "Reference open issues are measured against this scan"}})
	form.Set("undo", "true")
	s.Post("/actions/accept-scope", form, "HX-Request", "true").Check(t, webtest.Want{Status: 200,
		Text: []string{"Scope reduced.", "Accept as a full scan", "Gone 0"}, Lacks: []string{"<html"}})
	form.Set("file", "none.json")
	s.Post("/actions/accept-scope", form, "HX-Request", "true").Check(t, webtest.Want{Status: 404, Text: []string{"Not changed."}})
}

// TestIssueUnderItsOldID: a record that comes late can change an issue's id;
// the old one leads to the new one.
func TestIssueUnderItsOldID(t *testing.T) {
	s := webtest.Shop(t)
	old := issueID(t, s, "js/rule-03")
	late := webtest.Finding(9, 3)
	late["fingerprint"] = "feedfeedfeedfeed"
	s.Put("shop-0.json", webtest.Scan("octo/shop", 9, webtest.Day(1).AddDate(0, 0, -1), []map[string]any{late}))
	now := issueID(t, s, "js/rule-03")
	if now == old {
		t.Fatal("the late record changed no id")
	}
	if a := s.Get("/issues/" + old); a.Status != 301 || a.Header.Get("Location") != "/issues/"+now {
		t.Errorf("%d to %q, want /issues/%s", a.Status, a.Header.Get("Location"), now)
	}
	s.Panel("issue?id="+old).Check(t, webtest.Want{Status: 200, Text: []string{"js/rule-03"}})
	s.Get("/issues/"+now).Check(t, webtest.Want{Status: 200,
		Text: []string{"Fingerprint re-linked run 1", "Since run 1 0000000000005ccd Run 9 feedfeedfeedfeed"}})
}
