package shell

import (
	"encoding/json"
	"testing"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// TestBackfillCanBeUndone: what was applied can be taken back from its card;
// a dry run, an undoing, and what changed nothing have nothing to take back.
func TestBackfillCanBeUndone(t *testing.T) {
	for result, want := range map[string]bool{
		`{"patched_files":2}`: true, `{"patched_files":2,"dry_run":true}`: false, `{"patched_files":2,"undo":true}`: false, `{"patched_files":0}`: false,
	} {
		card := site().jobCard(telemetry.Job{ID: "j", Kind: ingest.JobBackfill, State: telemetry.JobDone, Result: json.RawMessage(result)})
		if got := card.Undo.URL == "/actions/backfill"; got != want {
			t.Errorf("%s: it can be undone: %v, want %v", result, got, want)
		}
	}
}
