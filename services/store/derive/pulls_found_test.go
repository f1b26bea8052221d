package derive_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestPullsFoundAndMissing walks one pull request that a record names from
// unknown over missing to found.
func TestPullsFoundAndMissing(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *storetest.Store{"sqlite": storetest.Open, "postgres": storetest.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			body := []byte(`{"target_repo":"https://github.com/o/r","run_number":1,"run_id":"9","timestamp":"2026-02-07T11:31:39Z","issues_found":0,
				"sessions":[{"session_id":"devin-aaaa0001","status":"finished","pr_url":"https://github.com/o/r/pull/7"}]}`)
			rec, err := telemetry.ParseRecord(body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{{RunFile: telemetry.RunFile{Name: "a.json", SHA: "1"}, Body: body, Record: rec}}); err != nil {
				t.Fatal(err)
			}
			ref := telemetry.PullRef{Repo: "o/r", Number: 7}
			check := func(when string, turn, again int, found int64) {
				t.Helper()
				for asked, want := range map[bool]int{false: turn, true: again} {
					refs, err := s.UnfetchedPulls(t.Context(), asked, 10)
					if err != nil || len(refs) != want {
						t.Errorf("%s: unfetched (again: %t) %v, %v, want %d", when, asked, refs, err, want)
					}
				}
				if n, err := s.ListedPulls(t.Context()); err != nil || n != found {
					t.Errorf("%s: %d found, %v, want %d", when, n, err, found)
				}
			}
			check("named by a record", 1, 1, 1)
			if err := s.PullMissing(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
			check("not known to GitHub", 0, 1, 1)
			pull := telemetry.PullRequest{Repo: "o/r", Number: 7, Title: "a fix", State: "open", UpdatedAt: time.Unix(1770000000, 0)}
			for range 2 { // the second finds nothing new, and counts the same
				if err := s.SavePulls(t.Context(), "o/r", []telemetry.PullRequest{pull}, time.Time{}); err != nil {
					t.Fatal(err)
				}
				check("told by GitHub", 0, 0, 1)
			}
		})
	}
}
