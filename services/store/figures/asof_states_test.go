package figures_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestStateThen: a session that stopped for its user waits by what its pull
// requests were at the time, though the log does not go back so far.
func TestStateThen(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
		record := func(n int, id, status, url string) {
			session := map[string]any{"session_id": id, "status": status, "issue_ids": []string{}, "pr_url": url}
			storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: int64(n), At: day(n).Format(time.RFC3339), Sessions: []map[string]any{session}}.File(fmt.Sprintf("%d.json", n)))
		}
		pull := "https://github.com/o/r/pull/"
		record(1, "devin-0a", "blocked", "")
		record(3, "0a", "BLOCKED ", pull+"1")
		record(5, "0a", "created", "")
		record(2, "0b", "blocked", pull+"2")
		record(4, "0c", "blocked", pull+"3")
		record(6, "0d", "resume_requested_frontend", "")
		record(7, "0d", "expired", "")
		storetest.SavePulls(t, s, []telemetry.PullRequest{
			{Repo: "o/r", Number: 2, State: "closed", CreatedAt: day(2), ClosedAt: day(4)},
			{Repo: "o/r", Number: 3, State: "closed", CreatedAt: day(5), ClosedAt: day(7), MergedAt: day(7)},
		})
		for id, want := range map[string][]telemetry.State{ // from the first to the eighth
			"0a": {"waiting", "waiting", "pr_ready", "pr_ready", "queued", "queued", "queued", "queued"},
			"0b": {"", "pr_ready", "pr_ready", "waiting", "waiting", "waiting", "waiting", "waiting"},
			"0c": {"", "", "", "waiting", "pr_ready", "pr_ready", "finished", "finished"},
			"0d": {"", "", "", "", "", "working", "expired", "expired"},
		} {
			for i, state := range want {
				list, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{AsOf: day(i + 1), Page: storetest.AllRows()})
				if err != nil {
					t.Fatal(err)
				}
				got := telemetry.State("")
				for _, row := range list.Items {
					if row.Key == id {
						got = row.State
					}
				}
				if got != state {
					t.Errorf("session %s is %q as of March %d, want %q", id, got, i+1, state)
				}
			}
		}
	})
}
