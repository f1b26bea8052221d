package ingest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// runnerOn is a Runner on a fresh database that starts no loop of its own
// before the test asks for a job.
func runnerOn(t *testing.T, o ingest.Options) (*ingest.Runner, *storetest.Store) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "d.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	o.Store, o.Log, o.Now, o.NewID = derive.New(db), slog.New(slog.DiscardHandler), time.Now, rand.Text
	jobs := ingest.New(ctx, o)
	ended := make(chan error, 1)
	go func() { ended <- jobs.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return jobs, storetest.Of(db)
}

// run does a job and returns it.
func run(t *testing.T, jobs *ingest.Runner, kind string) telemetry.Job {
	t.Helper()
	h, err := jobs.Start(kind, ingest.Order{By: telemetry.ByAPI})
	if err != nil {
		t.Fatal(err)
	}
	job, err := h.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func found(t *testing.T, s *storetest.Store, query, want string) {
	t.Helper()
	texts, err := s.Texts(t.Context(), query)
	if got := strings.Join(texts, ", "); err != nil || got != want {
		t.Errorf("%s: %q, %v; want %q", query, got, err, want)
	}
}

const logStates = `SELECT label || ' ' || state FROM run_logs ORDER BY label`

func scanRecord(run int, more string) string {
	return fmt.Sprintf(`{"target_repo": "https://github.com/octo/shop", "run_number": %d, "run_id": "1", "run_label": "run-%d", "timestamp": "2026-02-01T10:%02d:00Z",%s
		"issue_fingerprints": [{"id": "CQLF-ALL-R%d-1", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "file": "a.js", "start_line": 1}]}`, run, run, run, more, run)
}

const shopIssues = `[{"id": "CQLF-R1-1", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "message": "m", "severity_score": 6.1, "locations": [{"file": "a.js", "start_line": 1}]}]`

// TestLogsOfADirectory: logs beneath RUNS_DIR and beside it are read alike, as
// soon as a record names their run; a file that is broken, or leads out of its
// folder, costs nothing of the others.
func TestLogsOfADirectory(t *testing.T) {
	top := t.TempDir()
	runs := filepath.Join(top, "runs")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("secret.json", shopIssues)
	write("runs/1.json", scanRecord(1, `"sessions": [{"session_id": "devin-aa", "batch_id": 1, "issue_ids": ["CQLF-R1-1"]}],`))
	write("runs/2.json", scanRecord(2, ""))
	write("runs/logs/run-1/issues.json", shopIssues)
	write("runs/logs/run-1/sessions.json", "[")
	write("logs/run-1/issues.json", "[]") // the one beneath counts
	write("logs/run-3/issues.json", shopIssues)
	write("logs/run-2/manifest.json", "{}")
	write("logs/run-4", "a file")
	if err := os.Symlink(filepath.Join(top, "secret.json"), filepath.Join(top, "logs", "run-2", "issues.json")); err != nil {
		t.Fatal(err)
	}
	dir := ingest.Dir{Path: runs}
	jobs, s := runnerOn(t, ingest.Options{Sources: []ingest.Source{{Files: dir, Sides: dir, Logs: dir}}})
	if job := run(t, jobs, ingest.JobRefresh); len(job.Errors) > 0 {
		t.Error(job.Errors)
	}
	found(t, s, logStates, "run-1 found, run-2 found")
	found(t, s, `SELECT session || ' ' || basis FROM attempts`, "aa log")
	found(t, s, `SELECT name || ': ' || substr(error, 1, 20) FROM log_files ORDER BY log_id, name`,
		"issues.json: Cannot open the file, manifest.json: , issues.json: , sessions.json: not a JSON object: u")
	found(t, s, `SELECT repo FROM registry`, "")

	write("runs/3.json", scanRecord(3, ""))
	write("repo_registry.json", `{"repos": [{"repo": "octo/shop", "importance": "high"}]}`)
	write("orchestrator_state.json", `{"dispatch_history": `)
	if job := run(t, jobs, ingest.JobRefresh); len(job.Errors) > 0 {
		t.Error(job.Errors)
	}
	found(t, s, logStates, "run-1 found, run-2 found, run-3 found")
	found(t, s, `SELECT repo || ' ' || importance FROM registry`, "octo/shop high")
	found(t, s, `SELECT name || ' ' || substr(error, 1, 17) FROM side_files ORDER BY name`, "orchestrator_state.json not a JSON object, repo_registry.json ")
	if err := os.Remove(filepath.Join(top, "repo_registry.json")); err != nil {
		t.Fatal(err)
	}
	version := s.Versions()[telemetry.TopicRecords]
	run(t, jobs, ingest.JobRefresh)
	found(t, s, `SELECT repo FROM registry`, "")
	if s.Versions()[telemetry.TopicRecords] == version {
		t.Error("a registry that is gone raises no version")
	}
	version = s.Versions()[telemetry.TopicRecords]
	if job := run(t, jobs, ingest.JobRefresh); len(job.Steps) > 1 || s.Versions()[telemetry.TopicRecords] != version {
		t.Errorf("a refresh that finds nothing new did %+v", job.Steps)
	}
	if _, err := jobs.AskLog(t.Context(), telemetry.LogRef{Repo: "octo/shop", Label: "run-1"}, telemetry.ByPage); telemetry.CodeOf(err) != telemetry.CodeMissingSetting {
		t.Errorf("a log of GitHub was asked for without a token: %v", err)
	}
}
