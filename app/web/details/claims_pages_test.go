package details_test

import (
	"testing"
	"time"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// TestClaimsOnPages: the pages of a session and of its issue say what Devin
// said beside what the scan found, and show its output as it came.
func TestClaimsOnPages(t *testing.T) {
	s := webtest.Shop(t)
	s.Devin.Put(devintest.Session{ID: webtest.Waiting, Status: "running", Detail: "finished", Title: "Fix injection", UpdatedAt: webtest.Day(9).Add(time.Hour),
		ACUs: 2.5, Playbook: `fix "all"`, Tags: []string{"codeql-fix", "<i>"}, StructuredOutput: map[string]any{"status": "creating_pr",
			"issues_fixed": []string{"CQLF-R3-0004"}, "issues_blocked": []map[string]string{{"id": "CQLF-R3-0005", "reason": "<b>No list</b>"}},
			"tests_passing": false, "remark": "</pre><script>alert(1)</script>"}})
	s.Run(ingest.JobPoll, ingest.Order{By: telemetry.ByAPI})
	found := []map[string]any{webtest.Finding(8, 1)}
	for n := 3; n <= 25; n++ {
		found = append(found, webtest.Finding(8, n))
	}
	s.Put("shop-8.json", webtest.Scan("octo/shop", 8, webtest.Day(10), found))
	s.Get(links.Session(webtest.Waiting)).Check(t, webtest.Want{Status: 200,
		Text: []string{"Claim against finding", "Devin said that 1 of these is fixed. The scan after that still finds it.",
			"js/rule-04", "Fixed", "Still there", "merge unknown", "1.25", "js/rule-05", "Blocked", "<b>No list</b>", "Still there", "1.25",
			"Cost 2.5 ACUs", `Playbook fix "all"`, "Tags codeql-fix, <i>", "What Devin says", "Status creating pr", "Fixed 1", "Blocked 1", "Tests failing",
			"Structured output as JSON", `"remark": "\u003c/pre\u003e\u003cscript\u003ealert(1)`},
		Lacks: []string{"<script>alert", "<b>No list", "<i>"}})
	q, err := dashboard.Parse(s.Lists.Issues, "rule:js/rule-04")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Lists.Issues.Rows(t.Context(), query.Ask{Query: q})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	s.Get(links.Issue(list.Items[0].PublicID)).Check(t, webtest.Want{Status: 200,
		Text: []string{"Claim against finding", "Devin said that it is fixed. The scan after that still finds it.", "Attempt 1", "session ccccccc", "Fixed", "Still there",
			"Odds 0 of 1 issue of this rule here is gone, in 1 session"}})
	s.Get(links.Session(webtest.Working)).Check(t, webtest.Want{Status: 200, Text: []string{"Claim against finding", "Nothing", "Not merged, PR open"},
		Lacks: []string{"What Devin says", "Structured output"}})
}
