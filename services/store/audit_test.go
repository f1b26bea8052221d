package store_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestOldEntriesOfTheAuditLogAreRemoved: those from before a time go and the
// others stay; the newest stays whatever its age, so that no id is given twice.
func TestOldEntriesOfTheAuditLogAreRemoved(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		start := now
		for _, action := range []string{"reply", "dispatch", "sign-in"} {
			if err := s.AddAudit(t.Context(), telemetry.AuditEntry{Person: "you", Action: action, Result: "done", Status: 200}); err != nil {
				t.Fatal(err)
			}
			now = now.Add(24 * time.Hour)
		}
		prune := func(before time.Time, removed int64, left ...string) {
			t.Helper()
			n, err := s.PruneAudit(t.Context(), before)
			if err != nil || n != removed {
				t.Errorf("before %v: removed %d, %v", before, n, err)
			}
			rows := storetest.Rows(t, lists.Audit(s.Store), query.Ask{})
			if len(rows) != len(left) {
				t.Fatalf("before %v: left are %+v", before, rows)
			}
			for i, r := range rows {
				if r.Action != left[i] {
					t.Errorf("before %v: entry %d is %+v", before, i, r)
				}
			}
		}
		prune(start, 0, "sign-in", "dispatch", "reply")
		prune(start.Add(time.Millisecond), 1, "sign-in", "dispatch")
		prune(now, 1, "sign-in")
		if err := s.AddAudit(t.Context(), telemetry.AuditEntry{Person: "you", Action: "poll", Result: "done", Status: 200}); err != nil {
			t.Fatal(err)
		}
		rows := storetest.Rows(t, lists.Audit(s.Store), query.Ask{})
		if len(rows) != 2 || rows[0].ID != 4 || rows[1].ID != 3 {
			t.Errorf("the next entry: %+v", rows)
		}
		now = start
	})
}
