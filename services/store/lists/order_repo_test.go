package lists_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestSortByRepository: whatever address a record gives a repository, its
// rows stand together.
func TestSortByRepository(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for i, target := range []string{"https://github.com/b/r", "a/z", "git@github.com:B/r.git", "https://github.com/A/Z/", "https://github.com/c/a"} {
			body, _ := json.Marshal(map[string]any{"target_repo": target, "run_number": i + 1, "run_id": "1", "timestamp": fmt.Sprintf("2026-03-0%dT00:00:00Z", i+1), "issues_found": 0,
				"sessions": []map[string]any{{"session_id": fmt.Sprintf("devin-0%d", i+1), "status": "finished"}}})
			storetest.Put(t, s, storetest.Fetched(fmt.Sprintf("%d.json", i+1), body))
		}
		for order, want := range map[string][]int64{"asc": {2, 4, 1, 3, 5}, "desc": {5, 3, 1, 4, 2}} {
			page := query.Page{Number: 1, Size: 9, Sort: "repo", Order: order}
			runs, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: page})
			var got []int64
			for _, r := range runs.Items {
				got = append(got, r.RunNumber)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("runs %s: %v (%v), want %v", order, got, err, want)
			}
			got = nil
			sessions, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{Page: page})
			for _, r := range sessions.Items {
				got = append(got, r.RunNumber)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("sessions %s: %v (%v), want %v", order, got, err, want)
			}
		}
	})
}
