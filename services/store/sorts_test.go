package store_test

import (
	"fmt"
	"strings"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// TestEverySort: in every sort of issues, in both directions, small pages
// together are the list, each row once, and an export has the same order.
func TestEverySort(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		if _, err := s.PutFiles(t.Context(), "", realFiles(t)); err != nil {
			t.Fatal(err)
		}
		_, err := s.Issues(t.Context(), telemetry.IssueFilter{}, telemetry.Page{Sort: "colour"})
		_, names, _ := strings.Cut(fmt.Sprint(err), "use one of ")
		for sort := range strings.SplitSeq(names, ", ") {
			for _, order := range []string{"asc", "desc"} {
				p := telemetry.Page{Number: 1, Size: 17, Sort: sort, Order: order}
				var paged, exported []string
				for ; ; p.Number++ {
					list, err := s.Issues(t.Context(), telemetry.IssueFilter{}, p)
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
				err := s.EachIssue(t.Context(), telemetry.IssueFilter{}, p, func(rows []telemetry.IssueRow) error {
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
