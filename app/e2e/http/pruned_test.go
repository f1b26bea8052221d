package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// pruned is a program with a scan, its log and its verification, all older than
// RETENTION_DAYS, and a scan of today; the old ones were pruned at the second
// start.
func pruned(t *testing.T) (p *program.Played, issue string, day time.Time) {
	t.Helper()
	old := time.Now().AddDate(-1, 0, 0)
	session := map[string]any{"session_id": "devin-" + program.SampleSession, "batch_id": 1, "status": "finished",
		"issue_ids": []string{"CQLF-R1-0001"}, "pr_url": "https://github.com/octo/shop/pull/7"}
	finding := program.Finding(1, 1, "high", "xss", "js/xss", "a.ts", 3)
	p = program.NewPlayed(t, "cog_played", map[string]any{
		"old.json": program.Scan(1, old, []map[string]any{finding}, session),
		"new.json": program.Scan(2, time.Now().Add(-time.Hour), []map[string]any{program.Finding(2, 2, "low", "csrf", "js/csrf", "b.ts", 4)}),
		"verification.json": map[string]any{
			"verified_at": old.Add(time.Hour).UTC().Format(time.RFC3339), "session_id": program.SampleSession, "source_run_number": "1",
			"pr_number": "7", "pr_url": "https://github.com/octo/shop/pull/7",
			"summary":        map[string]any{"total_targeted": 1, "fixed_count": 1, "remaining_count": 0},
			"verified_fixed": []any{finding}, "still_present": []any{},
		},
	})
	issues, err := json.Marshal([]map[string]any{{"id": "CQLF-R1-0001", "fingerprint": finding["fingerprint"], "rule_id": "js/xss",
		"message": "Cross-site scripting.", "locations": []map[string]any{{"file": "a.ts", "start_line": 3}}}})
	if err != nil {
		t.Fatal(err)
	}
	p.GitHub.Repo("forks/shop").PutFile("logs/run-1/issues.json", issues)
	p.GitHub.Repo("forks/shop").PutFile("logs/run-1/prompt_batch_1.txt", []byte("Fix 1 issue."))
	settings := p.Settings(nil).With(program.Settings{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "pruned.db")})
	p.Start(settings)
	issue = p.Items("/api/issues?rule=js/xss")[0]["id"].(string)
	p.UntilSays("/issues/"+issue, "Cross-site scripting.") // the page asks for the log
	raw := p.Object(http.MethodGet, "/api/runs/verification.json/raw")
	if raw["summary"] == nil {
		t.Fatalf("before the prune: %v", raw)
	}
	p.Stop()
	p.Program = program.Start(t, settings.With(program.Settings{"RETENTION_DAYS": "90"}))
	p.UntilSays("/api/jobs", `"kind":"prune","state":"done"`)
	return p, issue, time.Now().UTC()
}

// TestPrunedRecords: the file of a pruned record is 410 and says since when; of
// the others it is what it was. The pages of the run, the issue and the
// verification say that, and lead to no file that is gone.
func TestPrunedRecords(t *testing.T) {
	p, issue, day := pruned(t)
	for file, status := range map[string]int{"old.json": http.StatusGone, "verification.json": http.StatusGone, "new.json": http.StatusOK} {
		got, answer := p.Ask(http.MethodGet, "/api/runs/"+file+"/raw")
		said := fmt.Sprint(answer["error"])
		if got != status || status == http.StatusGone && (answer["code"] != "pruned" ||
			!strings.Contains(said, day.Format(time.DateOnly)) || !strings.Contains(said, "RETENTION_DAYS")) {
			t.Errorf("%s: %d %v", file, got, answer)
		}
	}
	gone := day.Format("2 Jan 2006")
	p.Says("/runs/old.json", http.StatusOK, "Record pruned.", "Log pruned.", "no longer kept since "+gone)
	p.Says("/runs/new.json", http.StatusOK, "Raw record", "!pruned")
	pages := map[string][]string{
		"/verifications":                     {"record pruned " + gone, "1 of 1 no longer found"},
		"/pulls/octo/shop/7":                 {"record pruned " + gone},
		"/sessions/" + program.SampleSession: {"record pruned " + gone},
		"/issues/" + issue:                   {"re-scan pruned " + gone, "were pruned on " + gone},
	}
	for path, texts := range pages {
		if body := p.Says(path, http.StatusOK, texts...); strings.Contains(body, "/raw") {
			t.Errorf("%s leads to a file that is gone", path)
		}
	}
}
