package dashboard

import (
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestWhyAnIssueIsLeftOut: by its state, by a batch, and by either of two sessions:
// its latest, and that of a batch, which may be newer than the row.
func TestWhyAnIssueIsLeftOut(t *testing.T) {
	sessions := map[string]telemetry.SessionRow{}
	for key, state := range map[string]telemetry.State{"ended": telemetry.StateFailed, "works": telemetry.StateWorking, "waits": telemetry.StateWaiting} {
		s := telemetry.SessionRow{}
		s.State = state
		sessions[key] = s
	}
	open := telemetry.Status("recurring")
	for name, c := range map[string]struct {
		state   telemetry.Status
		session string
		batch   telemetry.BatchState
		sent    string
		why     telemetry.LeftWhy
	}{
		"nothing is under way":                       {open, "", "", "", ""},
		"its session has ended":                      {open, "ended", "", "", ""},
		"its session works":                          {open, "works", "", "", telemetry.LeftSession},
		"its session waits":                          {open, "waits", "", "", telemetry.LeftWaiting},
		"a batch waits":                              {open, "", telemetry.BatchQueued, "", telemetry.LeftBatch},
		"a batch of an unknown outcome":              {open, "", telemetry.BatchUnknown, "", telemetry.LeftUnsure},
		"the batch's session is not recorded":        {open, "ended", telemetry.BatchSent, "new", telemetry.LeftSession},
		"it is, and the row is older":                {open, "", telemetry.BatchSent, "works", telemetry.LeftSession},
		"it works, and does not name the issue":      {open, "ended", telemetry.BatchSent, "works", telemetry.LeftSession},
		"both have ended":                            {open, "ended", telemetry.BatchSent, "ended", ""},
		"it is dismissed, whatever else is known":    {telemetry.StateDismissed, "works", telemetry.BatchSent, "works", telemetry.LeftDismissed},
		"it is fixed":                                {telemetry.Status("fixed"), "ended", "", "", telemetry.LeftClosed},
		"the batch has ended, and a later one works": {open, "works", telemetry.BatchSent, "ended", telemetry.LeftSession},
	} {
		row := telemetry.IssueRow{Session: c.session}
		row.State = c.state
		b := telemetry.SentBatch{State: c.batch, Session: telemetry.Optional(c.sent)}
		if got := whyLeft(row, b, sessions); got.Why != c.why {
			t.Errorf("%s: %q, want %q", name, got.Why, c.why)
		}
	}
}
