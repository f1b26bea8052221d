package lists_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestEverySort: in every sort of issues, in both directions, small pages
// together are the list, each row once, and an export has the same order.
func TestEverySort(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if _, err := s.PutFiles(t.Context(), "", storetest.RealFiles(t)); err != nil {
			t.Fatal(err)
		}
		_, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Sort: "colour"}})
		if telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("an unknown sort: %v", err)
		}
		for _, sort := range lists.Issues(s.Store).Sorts() {
			for _, order := range []string{"asc", "desc"} {
				p := query.Page{Number: 1, Size: 17, Sort: sort, Order: order}
				var paged, exported []string
				for ; ; p.Number++ {
					list, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: p})
					if err != nil {
						t.Fatal(sort, err)
					}
					for _, i := range list.Items {
						paged = append(paged, i.PublicID)
					}
					if len(list.Items) == 0 {
						break
					}
				}
				err := lists.Issues(s.Store).Each(t.Context(), query.Ask{Page: p}, func(rows []telemetry.IssueRow) error {
					for _, i := range rows {
						exported = append(exported, i.PublicID)
					}
					return nil
				})
				seen := map[string]bool{}
				for _, id := range paged {
					seen[id] = true
				}
				if err != nil || len(seen) != 132 || len(paged) != 132 || strings.Join(paged, " ") != strings.Join(exported, " ") {
					t.Errorf("%s %s: %d rows, %d different, the export has %d (%v)", sort, order, len(paged), len(seen), len(exported), err)
				}
			}
		}
	})
}

// TestWaitingPulls: a pull request that is closed does not wait.
func TestWaitingPulls(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		body := []byte(`{"target_repo":"https://github.com/o/r","run_number":1,"run_id":"9","timestamp":"2026-02-07T11:31:39Z","issues_found":0,
			"sessions":[{"session_id":"devin-aaaa0001","status":"finished","pr_url":"https://github.com/o/r/pull/5"}]}`)
		rec, err := telemetry.ParseRecord(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{{RunFile: telemetry.RunFile{Name: "a.json", SHA: "1"}, Body: body, Record: rec}}); err != nil {
			t.Fatal(err)
		}
		day := func(n int) time.Time { return time.Date(2026, 2, n, 0, 0, 0, 0, time.UTC) }
		pulls := []telemetry.PullRequest{
			{Repo: "o/r", Number: 1, State: "closed", MergedAt: day(9), ClosedAt: day(9), CreatedAt: day(1), UpdatedAt: day(9), Title: "fix(CQLF-R1-0001)"},
			{Repo: "o/r", Number: 2, State: "open", CreatedAt: day(3), UpdatedAt: day(3), Title: "fix(CQLF-R1-0001)"},
			{Repo: "o/r", Number: 3, State: "closed", ClosedAt: day(8), CreatedAt: day(4), UpdatedAt: day(8), Title: "fix(CQLF-R1-0001)"},
			{Repo: "o/r", Number: 4, State: "open", CreatedAt: day(5), UpdatedAt: day(5), Title: "fix(CQLF-R1-0001)"},
		}
		if err := s.SavePulls(t.Context(), "o/r", pulls, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for order, want := range map[string][]int64{"": {2, 4, 5, 1, 3}, "desc": {2, 4, 5, 1, 3}, "asc": {3, 1, 5, 4, 2}} {
			list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 10, Sort: "waiting", Order: order}})
			if err != nil {
				t.Fatal(err)
			}
			var numbers []int64
			for _, p := range list.Items {
				numbers = append(numbers, p.Number)
			}
			if !slices.Equal(numbers, want) {
				t.Errorf("order %q: %v, want %v", order, numbers, want)
			}
		}
	})
}
