package derive_test

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestLogOfAnotherRun: a log that says that it is of another run, or of another
// repository, describes no issue, and each of its files says why. One that names its
// own run, or the fork that holds it, counts.
func TestLogOfAnotherRun(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const issues = `[{"id": "CQLF-R1-0001", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "message": "m", "locations": [{"file": "a.js", "start_line": 3}]}]`
		put := func(says string) (findings int64, errors string) {
			t.Helper()
			l := telemetry.FetchedLog{
				LogRef: telemetry.LogRef{Repo: "o/r", Label: "run-1"}, State: telemetry.LogFound, Origin: "forks/r",
				Files: []telemetry.LogFile{logFile("issues.json", issues), logFile("run_log.json", says)},
			}
			if err := s.PutLogs(t.Context(), []telemetry.FetchedLog{l}); err != nil {
				t.Fatal(err)
			}
			counts, err := s.Texts(t.Context(), `SELECT rule FROM log_findings`)
			if err != nil {
				t.Fatal(err)
			}
			texts, err := s.Texts(t.Context(), `SELECT error FROM log_files WHERE error <> '' ORDER BY name`)
			if err != nil {
				t.Fatal(err)
			}
			return int64(len(counts)), strings.Join(texts, " | ")
		}
		for says, cause := range map[string]string{
			`{}`: "",
			`{"run_label": "run-1", "target_repo": "https://github.com/O/R"}`:     "",
			`{"run_label": "run-1", "target_repo": "https://github.com/forks/r"}`: "",
			`{"run_label": "run-2"}`:                        "of the run run-2, and not of run-1. It is not used.",
			`{"target_repo": "https://github.com/o/other"}`: "of the repository o/other, and not of o/r. It is not used.",
		} {
			n, errors := put(says)
			if cause == "" && (n != 1 || errors != "") {
				t.Errorf("%s: %d findings, %q", says, n, errors)
			}
			if cause != "" && (n != 0 || strings.Count(errors, cause) != 2) {
				t.Errorf("%s: %d findings, %q", says, n, errors)
			}
		}
	})
}

func logFile(name, body string) telemetry.LogFile {
	return telemetry.LogFile{RunFile: storetest.Fetched(name, []byte(body)).RunFile, Body: []byte(body)}
}
