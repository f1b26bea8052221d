package web

import (
	"slices"
	"testing"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

func TestSummary(t *testing.T) {
	done := func(result string, errs ...string) telemetry.Job {
		return telemetry.Job{ID: "1", Kind: ingest.JobRefresh, State: telemetry.JobDone, Result: []byte(result), Errors: errs}
	}
	for _, c := range []struct {
		job  telemetry.Job
		want string
	}{
		{done(`{"new":6,"updated":2}`), "6 new files, 2 updated."},
		{done(`{"new":6,"updated":2}`, "octo/Shop: no"), "6 new files, 2 updated, 1 repository failed."},
		{done(`{"new":1}`, "octo/shop: no", "octo/api: no", "The directory: gone.", ": no", "x.json: no"), "1 new file, 0 updated, 2 repositories failed, 3 errors."},
	} {
		if got := summary(c.job, resultOf(c.job)); got != c.want {
			t.Errorf("%v: %q, want %q", c.job.Errors, got, c.want)
		}
	}
}

// TestCardErrors: what ended a job is said once on its card.
func TestCardErrors(t *testing.T) {
	card := new(Web).jobCard(telemetry.Job{State: telemetry.JobFailed, Ended: telemetry.Job{}.Started.AddDate(1, 0, 0), Error: "GitHub is away.", Errors: []string{"x.json: no", "GitHub is away."}})
	if want := []string{"x.json: no"}; !slices.Equal(card.Errors, want) || card.Summary != "GitHub is away." {
		t.Errorf("errors %q, summary %q", card.Errors, card.Summary)
	}
}

func TestRateTile(t *testing.T) {
	var o dashboard.Overview
	if got := rateTile(o).Value; got != "–" {
		t.Errorf("of no pull request: %q", got)
	}
	o.PRs.Total, o.PRs.Merged = 4, 1
	if got := rateTile(o).Value; got != "25.0 %" {
		t.Errorf("one of four: %q", got)
	}
}
