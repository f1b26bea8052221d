package derive_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestLaterStateOfAPullRequestStays: what is told of an earlier time, by a webhook
// or by an answer that came late, does not take the place of what is stored. In
// the same second merged comes last.
func TestLaterStateOfAPullRequestStays(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
		pull := func(minutes int, title string, merged bool) telemetry.PullRequest {
			p := telemetry.PullRequest{Repo: "o/r", RenamedTo: "o/r", Number: 7, Title: title, State: "open", CreatedAt: at,
				UpdatedAt: at.Add(time.Duration(minutes) * time.Minute)}
			if merged {
				p.State, p.MergedAt = "closed", p.UpdatedAt
			}
			return p
		}
		if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{
			storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-07T11:31:39Z", Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File("a.json"),
		}); err != nil {
			t.Fatal(err)
		}
		const title = "fix(CQLF-R1-0001): escape"
		for i, step := range []struct {
			pull telemetry.PullRequest
			told telemetry.Told
			want string // the state that is shown then
		}{
			{pull(1, "Bump lodash", false), telemetry.ToldUnrelated, ""},
			{pull(1, title, false), telemetry.ToldStored, "open"},
			{pull(1, title, false), telemetry.ToldUnchanged, "open"},
			{pull(0, "earlier", true), telemetry.ToldOlder, "open"},
			{pull(1, title, true), telemetry.ToldStored, "merged"},
			{pull(1, title, false), telemetry.ToldOlder, "merged"},
			{pull(3, title+" all", true), telemetry.ToldStored, "merged"},
		} {
			told, err := s.SaveToldPull(t.Context(), step.pull)
			if err != nil || told != step.told {
				t.Errorf("%d: %s, error %v, want %s", i, told, err, step.told)
			}
			rows, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range rows.Items {
				got = r.State
				if r.Merged {
					got = "merged"
				}
			}
			if got != step.want {
				t.Errorf("%d: shown as %q, want %q", i, got, step.want)
			}
		}
		if err := s.SavePulls(t.Context(), "o/r", []telemetry.PullRequest{pull(2, title, false)}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		rows, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil || len(rows.Items) != 1 || !rows.Items[0].Merged || rows.Items[0].Title != title+" all" {
			t.Errorf("after an answer that came late: %+v, error %v", rows.Items, err)
		}
	})
}
