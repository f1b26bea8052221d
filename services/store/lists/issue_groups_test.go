package lists_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestIssueGroupsAddUp: the numbers of each group are the totals of the queries
// that name them, now and at a past time, the worst come first, and all of them
// are all issues, but for those of several owners.
func TestIssueGroupsAddUp(t *testing.T) {
	now := storetest.Day("2026-04-20 12:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		taken := sessionOf("aaaaaa01", "working", storetest.IssueID(1, 0))
		for run, findings := range map[int64][]string{1: {"js/a a.js 1 aa", "js/a b.js 1 bb", "js/b c.js 1 cc low"}, 2: {"js/b d.js 1 dd critical"}} {
			at := fmt.Sprintf("2026-0%d-03T10:00:00Z", 2+run)
			record := storetest.ScanRecord{Repo: fmt.Sprintf("octo/shop%d", run), Run: run, At: at, Findings: findings}
			if run == 1 {
				record.Sessions = []map[string]any{taken}
			}
			storetest.Put(t, s, record.File(at+".json"))
		}
		poll := telemetry.UpstreamSession{ID: "aaaaaa01", API: "v1", Status: "working", UpdatedAt: storetest.Day("2026-03-03 11:00")}
		if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{poll}}); err != nil {
			t.Fatal(err)
		}
		l := lists.Issues(s.Store)
		check := func(by string, at time.Time, want string) {
			t.Helper()
			groups, err := lists.SumsOf(s.Store).IssueGroups(t.Context(), query.Ask{Query: storetest.Parse(t, l, "is:open group:"+by), AsOf: at}, by)
			got := ""
			for _, g := range groups {
				got += fmt.Sprintf("%s %d %s, %d in %d, %d overdue, %d under way; ", g.Value, g.OfWorst, g.Severity(), g.Issues, g.Repos, g.Overdue, g.UnderWay)
				if g.Value == "" {
					continue
				}
				for q, n := range map[string]int64{"": g.Issues, "is:overdue": g.Overdue, "is:under_way": g.UnderWay, "severity:" + g.Severity(): g.OfWorst} {
					q = "is:open " + by + ":" + g.Value + " " + q
					if total, _ := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, q), AsOf: at}); total != n {
						t.Errorf("as of %v, %s names %d issues, the group has %d", at, q, total, n)
					}
				}
			}
			if err != nil || got != want {
				t.Errorf("as of %v, by %s:\n%s\nwant\n%s (%v)", at, by, got, want, err)
			}
		}
		check("rule", time.Time{}, "js/b 1 critical, 2 in 2, 1 overdue, 0 under way; js/a 2 high, 2 in 1, 2 overdue, 1 under way; ")
		check("repo", time.Time{}, "octo/shop2 1 critical, 1 in 1, 1 overdue, 0 under way; octo/shop1 2 high, 3 in 1, 2 overdue, 1 under way; ")
		check("owner", time.Time{}, " 1 critical, 4 in 2, 3 overdue, 1 under way; ")
		check("rule", storetest.Day("2026-03-20"), "js/a 2 high, 2 in 1, 0 overdue, 1 under way; js/b 1 low, 1 in 1, 0 overdue, 0 under way; ")
		if _, err := lists.SumsOf(s.Store).IssueGroups(t.Context(), query.Ask{}, "file"); err == nil {
			t.Error("issues are grouped by what there is not")
		}
	})
}
