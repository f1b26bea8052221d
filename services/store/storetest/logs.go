package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// PutLogs stores logs.
func PutLogs(t *testing.T, s *Store, logs ...telemetry.FetchedLog) {
	t.Helper()
	if err := s.PutLogs(t.Context(), logs); err != nil {
		t.Fatal(err)
	}
}

// PutSide stores a file beside the run files of RUNS_DIR.
func PutSide(t *testing.T, s *Store, name string, body []byte) {
	t.Helper()
	f := telemetry.FetchedSide{RunFile: Fetched(name, body).RunFile, Body: body}
	if err := s.PutSides(t.Context(), "", []telemetry.FetchedSide{f}); err != nil {
		t.Fatal(err)
	}
}

// Log is the log of a run with these files, in pairs of name and body.
func Log(repo telemetry.RepoName, label string, files ...string) telemetry.FetchedLog {
	l := telemetry.FetchedLog{LogRef: telemetry.LogRef{Repo: repo, Label: label}, State: telemetry.LogFound}
	for i := 0; i < len(files); i += 2 {
		l.Files = append(l.Files, telemetry.LogFile{RunFile: Fetched(files[i], []byte(files[i+1])).RunFile, Body: []byte(files[i+1])})
	}
	return l
}

// LogOf is a log of a scan that describes its findings under the ids that its
// record gives them.
func LogOf(f telemetry.FetchedFile) telemetry.FetchedLog {
	issues := []map[string]any{}
	for i, g := range f.Record.Findings {
		said := map[string]any{
			"id": g.IssueID, "fingerprint": g.Fingerprint, "rule_id": g.Rule, "rule_description": "What " + g.Rule + " finds", "rule_help": "# " + g.Rule,
			"message":        fmt.Sprintf("Finding %d of run %d depends on a [user-provided value](1).", i, f.Record.RunNumber),
			"severity_score": []any{7.5, 9.8, 7, nil, "4.3", 0}[i%6], "severity_tier": g.Severity, "cwe_family": g.Family,
			"cwes":      [][]string{{"cwe-79", "cwe-116"}, {"external/cwe/cwe-089"}, {"CWE-79"}, {}}[i%4],
			"locations": []map[string]any{{"file": g.File, "start_line": g.Line, "end_line": g.Line + 1, "start_column": 3}},
		}
		issues = append(issues, said)
	}
	text, _ := json.Marshal(issues)
	return Log(f.Record.Repo, f.Record.RunLabel, "issues.json", string(text), "prompt_batch_1.txt", "Fix "+f.Name)
}

// OtherIDs returns run files in which no finding has the id that sessions call
// it by, but for every second dispatch.
func OtherIDs(files []telemetry.FetchedFile) []telemetry.FetchedFile {
	out := make([]telemetry.FetchedFile, len(files))
	dispatches := 0
	for i, f := range files {
		if out[i] = f; f.Record.Kind == telemetry.KindDispatch {
			if dispatches++; dispatches%2 == 1 {
				continue
			}
		}
		out[i] = Fetched(f.Name, bytes.ReplaceAll(f.Body, []byte(`"id": "CQLF-R`), []byte(`"id": "CQLF-ALL-R`)))
	}
	return out
}

// RealLog is the log of a label from beside REAL_RUNS; without it the test is
// skipped.
func RealLog(t *testing.T, repo telemetry.RepoName, label string) telemetry.FetchedLog {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(os.Getenv("REAL_RUNS"), "..", "logs", label, "*"))
	if os.Getenv("REAL_RUNS") == "" || len(names) == 0 {
		t.Skipf("SKIPPED: real run logs: %s is not in logs beside REAL_RUNS", label)
	}
	var files []string
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Base(name), string(body))
	}
	return Log(repo, label, files...)
}
