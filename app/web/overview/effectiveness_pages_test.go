package overview_test

import (
	"testing"
	"time"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// claiming is the shop whose sessions say what they did: one is right, one is
// wrong of one issue and blocked at another, one has its pull request open,
// and one says nothing.
func claiming(t *testing.T) *webtest.Site {
	t.Helper()
	s := webtest.Shop(t)
	s.Devin.Put(devintest.Session{ID: webtest.Merged, Status: "running", Detail: "finished", Title: "Fix XSS", UpdatedAt: webtest.Day(7),
		ACUs: 3.5, Playbook: "codeql-fix", Tags: []string{"codeql-fix", "CQLF-R3-0002"},
		StructuredOutput: map[string]any{"status": "done", "issues_fixed": []string{"CQLF-R3-0002"}, "tests_passing": true, "files_changed": 2}})
	s.Devin.Put(devintest.Session{ID: webtest.Waiting, Status: "running", Detail: "waiting_for_user", Title: "Fix injection", UpdatedAt: webtest.Day(9).Add(time.Hour),
		ACUs: 2.5, StructuredOutput: map[string]any{"status": "blocked", "issues_fixed": []string{"CQLF-R3-0004", "CQLF-R3-0005"},
			"issues_blocked": []map[string]string{{"id": "CQLF-R3-0005", "reason": "<b>No list</b> of hosts"}}, "remark": "</pre><script>1</script>"}})
	s.Run(ingest.JobPoll, ingest.Order{By: telemetry.ByAPI})
	found := []map[string]any{webtest.Finding(8, 1)}
	for n := 3; n <= 25; n++ {
		found = append(found, webtest.Finding(8, n))
	}
	s.Put("shop-8.json", webtest.Scan("octo/shop", 8, webtest.Day(10), found))
	return s
}

// TestEffectivenessPage: the page says in a sentence what sessions were worth,
// for all repositories and for one.
func TestEffectivenessPage(t *testing.T) {
	s := claiming(t)
	sentence := "In 30 days Devin took 5 issues in 4 sessions and said it fixed 2 of them; scans agree on 1 . 1 is gone , a fix rate of " +
		"20.0 % ; 1 it called fixed is still there . That cost 6.0 ACUs in 2 sessions , 6.0 for each issue gone; " +
		"2.5 ACUs in 1 session went into issues that are still there."
	for path, want := range map[string]webtest.Want{
		"/effectiveness": {Status: 200, Text: []string{sentence, "2 sessions without a known cost are left out of the ACUs.", "For 3 issues no merge is known",
			"Fixed 1 1 0 0 2", "Blocked 0 1 0 0 1", "Nothing 0 1 0 1 2", "All 1 3 0 1 5",
			"Issues that are gone 1 session 3.5 58.3 %", "Issues still there 1 session 2.5 41.7 %", "Fixes thrown away 0 sessions 0.0", "By family", "First attempt 1 / 5 20.0 % 6.0",
			"By playbook", "codeql-fix 1 / 1", "Why Devin was blocked 1", "<b>No list</b> of hosts", "What was thrown away"}},
		"/effectiveness?repo=OCTO/shop&period=all": {Status: 200, Text: []string{"octo/shop", "All repositories", "So far Devin took 5 issues"},
			Lacks: []string{"By repository"}},
		"/effectiveness?repo=octo/ledger":  {Status: 200, Text: []string{"No session worked on an issue in this period"}},
		"/effectiveness?period=7d":         {Status: 200, Text: []string{"In 7 days Devin took 5 issues"}},
		"/effectiveness?period=soon":       {Status: 400, Text: []string{"7d, 30d, 90d, all"}},
		"/effectiveness?repo=no/such":      {Status: 404, Text: []string{"no run names it"}},
		"/effectiveness?as_of=2026-03-01":  {Status: 200, Text: []string{"As of 1 Mar 2026 23:59 UTC."}},
		"/report":                          {Status: 200, Text: []string{"Report", "Devin took 5 issues in 4 sessions"}},
		"/panels/effect":                   {Status: 303},
		"/repo/octo/shop/dispatch":         {Status: 200, Text: []string{"4 earlier sessions took 5 issues of this repository; 1 of them is gone ( 20.0 % )."}},
		"/sessions?q=claim:fixed+acus:>=3": {Status: 200, Text: []string{"Sessions 1"}, Lacks: []string{"Fix injection"}},
	} {
		t.Run(path, func(t *testing.T) { s.Get(path).Check(t, want) })
	}
}
