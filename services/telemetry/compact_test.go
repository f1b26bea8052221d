package telemetry

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestCompactRecord: the compact form has every field that is read, as it is
// recorded, and no other.
func TestCompactRecord(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"unknown fields at every level": {
			`{"target_repo": "o/r", "notes": "long prose", "run_number": 7, "timestamp": "2026-02-07", "issues_found": 1,
				"sessions": [{"session_id": "devin-a", "transcript": ["x"], "issue_ids": ["CQLF-R7-0001"]}],
				"issue_fingerprints": [{"rule_id": "js/xss", "file": "a%20b.js", "start_line": 3, "snippet": {"code": "secret"}}]}`,
			`{"target_repo":"o/r","run_number":7,"timestamp":"2026-02-07","issues_found":1,` +
				`"sessions":[{"session_id":"devin-a","issue_ids":["CQLF-R7-0001"]}],` +
				`"issue_fingerprints":[{"rule_id":"js/xss","file":"a%20b.js","start_line":3}]}`,
		},
		"names in another case, escaped, and twice": {
			`{"target_repo":"o/x","target_repo":"o/r","timestamp":"2026-02-07T10:00:00Z","run_id":"1",
				"issue_fingerprints":[{"\u0052ULE_ID":"js/xss","rule_id":"js/sqli","Start_Line":4,"\u017feverity_tier":"high"}]}`,
			`{"target_repo":"o/x","target_repo":"o/r","timestamp":"2026-02-07T10:00:00Z","run_id":"1",` +
				`"issue_fingerprints":[{"\u0052ULE_ID":"js/xss","rule_id":"js/sqli","Start_Line":4,"\u017feverity_tier":"high"}]}`,
		},
		"a verification": {
			`{"verified_at":"2026-02-07T10:00:00Z","summary":{"total_targeted":2,"fixed_count":1,"remaining_count":1,"text":"prose"},
				"pr_number":"7","source_run_number":"","session_id":"devin-a","diff":"+1",
				"verified_fixed":[{"id":"CQLF-R7-0001","why":"prose"}],"still_present":null}`,
			`{"verified_at":"2026-02-07T10:00:00Z","summary":{"total_targeted":2,"fixed_count":1,"remaining_count":1},` +
				`"pr_number":"7","source_run_number":"","session_id":"devin-a",` +
				`"verified_fixed":[{"id":"CQLF-R7-0001"}],"still_present":null}`,
		},
	} {
		got, err := CompactRecord([]byte(c.body))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s, want\n%s", name, err, got, c.want)
		}
	}
	if _, err := CompactRecord([]byte(`{"target_repo":7}`)); err == nil {
		t.Error("a file that is no record has a compact form")
	}
}

// TestCompactRealFiles: real records and logs lose only what is not read.
func TestCompactRealFiles(t *testing.T) {
	files := realFiles()
	if len(files) == 0 {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		compact, err := CompactRecord(body)
		if err != nil || len(compact) > len(body) {
			t.Errorf("%s: %d bytes of %d (%v)", name, len(compact), len(body), err)
		}
	}
	labels, _ := filepath.Glob(filepath.Join(os.Getenv("REAL_RUNS"), "..", "logs", "*"))
	if len(labels) == 0 {
		t.Error("there are no real logs")
	}
	for _, label := range labels {
		var files []LogFile
		names, _ := filepath.Glob(filepath.Join(label, "*"))
		for _, name := range names {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, logFile(filepath.Base(name), string(body)))
		}
		compact, err := CompactLog(files)
		if err != nil || len(compact) != 5 {
			t.Errorf("%s: %d files (%v), want issues, sessions, batches, and the two that name the run", label, len(compact), err)
		}
	}
}

// TestCompactLog: what a log says of findings, and of which run it is, stays, with
// its faults; prompts, code and all else that the run wrote go.
func TestCompactLog(t *testing.T) {
	compact, err := CompactLog([]LogFile{
		logFile("prompt_batch_12.txt", logPrompt), logFile("issues.json", `{"schema_version":"1.0","issues":[`+logIssue+`]}`),
		logFile("sessions.json", `[{"batch_id": 12, "session_id": "devin-aa", "log": "prose"}]`), logFile("run_log.json", "["), logFile("batches.json", "[{"),
		logFile("manifest.json", `{"run_label": "run-1", "files": ["a"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for _, f := range compact {
		bodies[f.Name] = string(f.Body)
	}
	if len(bodies) != 5 || bodies["manifest.json"] != `{"run_label":"run-1"}` || bodies["sessions.json"] != `[{"batch_id":12,"session_id":"devin-aa"}]` || bodies["batches.json"] != "[{" {
		t.Errorf("kept %q", bodies)
	}
	for _, want := range []string{`"message":"Depends on [this](1)."`, `"severity_score":7.8`, `"cwes":["cwe-79"]`, `"rule_help":"# Help"`, `"start_column":5`} {
		if !strings.Contains(bodies["issues.json"], want) {
			t.Errorf("issues.json lacks %s: %s", want, bodies["issues.json"])
		}
	}
	for _, gone := range []string{"partial_fingerprints", "later", "schema_version"} {
		if strings.Contains(bodies["issues.json"], gone) {
			t.Errorf("issues.json has %s: %s", gone, bodies["issues.json"])
		}
	}
	l := ParseRunLog(compact)
	if len(l.Findings) != 1 || len(l.Findings[0].Snippets) != 0 || len(l.Prompts) != 0 || len(l.Broken) != 2 || l.Broken[0].File != "batches.json" {
		t.Errorf("the compact log says %+v", l)
	}
}

// compactIsTheSame checks that a record, if it is one, has a compact form, and
// that this is its own compact form.
func compactIsTheSame(t *testing.T, body []byte) {
	t.Helper()
	if _, err := ParseRecord(body); err != nil {
		return
	}
	once, err := CompactRecord(body)
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	if again, err := CompactRecord(once); err != nil || !reflect.DeepEqual(again, once) {
		t.Errorf("%q: the compact form %q has another, %q (%v)", body, once, again, err)
	}
}
