package derive_test

import (
	"testing"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func TestRealRecords(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { realRecords(t, storetest.Open(t)) })
	t.Run("postgres", func(t *testing.T) { realRecords(t, storetest.OpenPostgres(t)) })
}

func realRecords(t *testing.T, s *storetest.Store) {
	files := storetest.RealFiles(t)
	// One by one in directory order: dispatches come before the scans that
	// they follow, so repositories are replayed as well as appended to.
	for _, f := range files {
		if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{f}); err != nil {
			t.Fatal(f.Name, err)
		}
	}
	totals, err := s.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]int64{
		"scans": {totals.Scans, 39}, "dispatches": {totals.Dispatches, 9}, "verifications": {totals.Verifications, 6}, "runs": {totals.Runs, 48},
		"issues found": {totals.IssuesFound, 1585}, "latest": {totals.Latest, 98}, "sessions": {totals.SessionsCreated, 32},
		"never started": {totals.SessionsByState[telemetry.StateNeverStarted], 2}, "pull requests": {totals.PRs.Total, 17}, "unknown": {totals.PRs.Unknown, 17},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", what, pair[0], pair[1])
		}
	}
}
