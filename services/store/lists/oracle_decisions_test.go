package lists_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// dismissedFor is why an issue is dismissed, if it is.
func dismissedFor(r issueFacts) []string {
	if r.Decision == nil {
		return nil
	}
	return present(string(r.Decision.Reason))
}

// decideForOracle makes decisions of each kind about some issues, some of which
// are about the same.
func decideForOracle(t *testing.T, s *storetest.Store, now time.Time) {
	t.Helper()
	issues := lists.Issues(s.Store)
	for _, d := range []telemetry.NewDecision{
		{Action: telemetry.ActionDismiss, Reason: telemetry.ReasonFalsePositive, Query: "status:open severity:medium"},
		{Action: telemetry.ActionDismiss, Reason: telemetry.ReasonUsedInTests, Query: "status:open severity:low path:src"},
		{Action: telemetry.ActionAccept, Until: now.AddDate(1, 0, 0), Query: "status:open severity:high,medium attempts:0"},
		{Action: telemetry.ActionAssign, Assignee: telemetry.You, Query: "status:open severity:high,critical"},
		{Action: telemetry.ActionComment, Comment: "seen", Query: "severity:critical"},
	} {
		a := query.Ask{Query: storetest.Parse(t, issues, d.Query)}
		d.By = telemetry.You
		if d.Expect, _ = storetest.Total(t, issues, a); d.Expect == 0 {
			t.Fatalf("%s names no issue", d.Query)
		}
		if _, err := s.Decide(t.Context(), d, a); err != nil {
			t.Fatal(err)
		}
	}
}
