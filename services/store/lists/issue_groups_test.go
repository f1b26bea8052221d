package lists_test

import (
	"fmt"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestIssueGroupsAddUp: each group has as many issues as the query that names
// it, the worst come first, and all of them are all issues, but for those of
// several owners.
func TestIssueGroupsAddUp(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for run, findings := range map[int64][]string{1: {"js/a a.js 1 aa", "js/a b.js 1 bb", "js/b c.js 1 cc"}, 2: {"js/b d.js 1 dd"}} {
			at := fmt.Sprintf("2026-03-0%dT10:00:00Z", run)
			storetest.Put(t, s, storetest.ScanRecord{Repo: fmt.Sprintf("octo/shop%d", run), Run: run, At: at, Findings: findings}.File(at+".json"))
		}
		l := lists.Issues(s.Store)
		for by, want := range map[string]string{"rule": "js/a=2 js/b=2 ", "repo": "octo/shop1=3 octo/shop2=1 ", "owner": "=4 "} {
			a := query.Ask{Query: storetest.Parse(t, l, "is:open group:"+by)}
			groups, err := lists.SumsOf(s.Store).IssueGroups(t.Context(), a, by)
			got := ""
			for _, g := range groups {
				got += fmt.Sprintf("%s=%d ", g.Value, g.Issues)
				if g.Value == "" {
					continue
				}
				if n, _ := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, "is:open "+by+":"+g.Value)}); n != g.Issues {
					t.Errorf("%s:%s names %d issues, the group has %d", by, g.Value, n, g.Issues)
				}
			}
			if err != nil || got != want {
				t.Errorf("by %s: %q, want %q (%v)", by, got, want, err)
			}
		}
		if _, err := lists.SumsOf(s.Store).IssueGroups(t.Context(), query.Ask{}, "file"); err == nil {
			t.Error("issues are grouped by what there is not")
		}
	})
}
