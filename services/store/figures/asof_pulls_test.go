package figures_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store/storetest"
)

// TestLaterNamesOfPullRequests: a record that names a pull request says
// nothing of the time before it, though its session is older.
func TestLaterNamesOfPullRequests(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		session := map[string]any{"session_id": "devin-0a", "status": "blocked", "issue_ids": []string{storetest.IssueID(1, 0)}}
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-03-01T00:00:00Z", Findings: []string{"rule a.js 3 aaaaaaaaaaaaaaaaaaaa"}, Sessions: []map[string]any{session}}.File("1.json"))
		before := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		want := asOf(t, s, before, "")
		if want.Totals.PRs.Total != 0 {
			t.Fatalf("%d pull requests before any was named", want.Totals.PRs.Total)
		}
		for _, later := range []struct{ file, body string }{
			{"2.json", `{"verified_at":"2026-03-03T00:00:00Z","summary":{"total_targeted":1,"fixed_count":1},"session_id":"0a","source_run_number":"1","pr_number":"7","pr_url":"https://github.com/o/r/pull/7"}`},
			{"3.json", `{"target_repo":"https://github.com/o/r","run_number":0,"run_id":"","timestamp":"2026-03-04T00:00:00Z","sessions":[{"session_id":"0a","status":"blocked","issue_ids":[],"pr_url":"https://github.com/o/r/pull/8"}]}`},
		} {
			storetest.Put(t, s, storetest.Fetched(later.file, []byte(later.body)))
			if diff := cmp.Diff(want, asOf(t, s, before, "")); diff != "" {
				t.Errorf("after %s (-before +after):\n%s", later.file, diff)
			}
		}
		if now := asOf(t, s, before.AddDate(0, 0, 5), ""); now.Totals.PRs.Total != 2 {
			t.Errorf("%d pull requests later, want 2", now.Totals.PRs.Total)
		}
	})
}
