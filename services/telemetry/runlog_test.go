package telemetry

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func logFile(name, body string) LogFile {
	return LogFile{RunFile: RunFile{Name: name, Size: int64(len(body))}, Body: []byte(body)}
}

const logIssue = `{"id": "CQLF-R7-0001", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "rule_name": "js/xss", "rule_description": "Cross-site scripting",
	"rule_help": "# Help", "message": "Depends on [this](1).", "severity_score": 7.8, "severity_tier": "high", "level": "error", "cwes": ["cwe-79"], "cwe_family": "xss", "later": {"a": 1},
	"locations": [{"file": "a.js", "start_line": 3, "end_line": 4, "start_column": 5}], "partial_fingerprints": {"primaryLocationLineHash": "abc:1"}}`

const logPrompt = `Fix 1 issue.

### CQLF-R7-0001: js/xss (js/xss)
- Location(s): a.js:3
- Guidance: # Help
` + "```js\nan example that is cut off\n" + `- Code context:
` + "```\n" + `       1 | one
       2 | ` + "```" + `
>>>    3 |   three | four
       4 |
` + "```" + `
### CQLF-R9-0009: of no issue here
- Code context:
` + "```\n>>>    1 | not ours\n```\n"

func TestParseRunLog(t *testing.T) {
	score := 7.8
	want := RunLog{
		Findings: []LogFinding{{
			IssueID: "CQLF-R7-0001", Fingerprint: strings.Repeat("a", 20), Rule: "js/xss", Name: "js/xss", Title: "Cross-site scripting",
			Message: "Depends on this.", Score: &score, Severity: "high", Level: "error", Family: "xss", CWEs: []string{"CWE-79"},
			Locations: []LogLocation{{"a.js", 3, 4, 5}},
			Snippets:  []Snippet{{File: "a.js", FirstLine: 1, Code: "one\n```\n  three | four\n"}},
		}},
		Rules:    []LogRule{{"js/xss", "js/xss", "Cross-site scripting", "# Help"}},
		Prompts:  []LogPrompt{{Batch: 12, Text: logPrompt}},
		Sessions: []LogSession{{Batch: 12, ID: "devin-aa", URL: "u", Status: "created"}},
		Batches:  []LogBatch{{Batch: 12, Family: "xss", Severity: "high", IssueIDs: []string{"CQLF-R7-0001"}}},
	}
	for name, issues := range map[string]string{"a list": "[" + logIssue + "]", "an object": `{"schema_version": "1.0", "issues": [` + logIssue + `]}`, "a byte order mark": "\ufeff[" + logIssue + "]"} {
		got := ParseRunLog([]LogFile{
			logFile("prompt_batch_12.txt", logPrompt), logFile("issues.json", issues), logFile("summary.md", "\xff"),
			logFile("sessions.json", `[{"batch_id": 12, "session_id": "devin-aa", "url": "u", "status": "created"}]`),
			logFile("batches.json", `{"batches": [{"batch_id": "12", "cwe_family": "xss"}]}`), logFile("manifest.json", `{"files": []}`), logFile("outcomes.json", `[{}]`),
		})
		if len(got.Broken) != 1 || got.Broken[0].File != "batches.json" || got.Batches != nil {
			t.Errorf("%s: a batch with a text for its number: %+v", name, got.Broken)
		}
		got = ParseRunLog([]LogFile{
			logFile("prompt_batch_12.txt", strings.ReplaceAll(logPrompt, "\n", "\r\n")), logFile("issues.json", issues),
			logFile("sessions.json", `[{"batch_id": 12, "session_id": "devin-aa", "url": "u", "status": "created"}]`),
			logFile("batches.json", `[{"batch_id": 12, "cwe_family": "xss", "severity_tier": "high", "issues": [`+logIssue+`, null]}]`),
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

// TestBrokenLogFiles: a file that cannot be read is named with its fault, and
// the others of its log count.
func TestBrokenLogFiles(t *testing.T) {
	for name, c := range map[string]struct{ file, body, says string }{
		"not JSON":               {"issues.json", "[", "not a JSON object"},
		"empty":                  {"issues.json", "", "the file is empty"},
		"UTF-16":                 {"issues.json", "\xff\xfe[", "UTF-16"},
		"a text":                 {"issues.json", `"a"`, "not a JSON object"},
		"null among the issues":  {"issues.json", `[null]`, "issues[0]: null is not a finding"},
		"a score over 10":        {"issues.json", `[{"severity_score": 11}]`, "issues[0].severity_score: 11 is not a score from 0 to 10"},
		"a score of NaN":         {"issues.json", `[{"severity_score": NaN}]`, "not a JSON object"},
		"a text of NaN":          {"issues.json", `[{"severity_score": "NaN"}]`, `"NaN" is not a score from 0 to 10`},
		"an endless score":       {"issues.json", `[{"severity_score": 1e999}]`, "is not a score from 0 to 10"},
		"a negative score":       {"issues.json", `[{"severity_score": -1}]`, "is not a score from 0 to 10"},
		"a line beyond numbers":  {"issues.json", `[{"locations": [{"start_line": 1e300}]}]`, "1e300 is not a whole number"},
		"a batch of NaN":         {"batches.json", `[{"batch_id": NaN}]`, "not a JSON object"},
		"half a batch":           {"batches.json", `[{"batch_id": 1.5}]`, "1.5 is not a whole number"},
		"a score that is a word": {"issues.json", `[{"severity_score": "high"}]`, "is not a score"},
		"a line that is a text":  {"issues.json", `[{"locations": [{"start_line": "x"}]}]`, "issues[0].locations[0].start_line"},
		"a rule that is a list":  {"issues.json", `[{"rule_id": []}]`, "wrong type"},
		"an issue that is none":  {"issues.json", `{"issues": [1]}`, "wrong type"},
		"too many issues":        {"issues.json", "[" + strings.Repeat("1,", MaxFindings) + "1]", "more than 100000 entries"},
		"the manifest":           {"manifest.json", "[]", "not a JSON object"},
		"the sessions":           {"sessions.json", `[null]`, "sessions[0]: null is not a session"},
	} {
		good := []LogFile{logFile("issues.json", "["+logIssue+"]"), logFile("prompt_batch_1.txt", logPrompt)}
		got := ParseRunLog(append(good[1:], logFile(c.file, c.body)))
		if len(got.Broken) != 1 || got.Broken[0].File != c.file || !strings.Contains(got.Broken[0].Cause, c.says) || len(got.Prompts) != 1 {
			t.Errorf("%s: %+v, want %q", name, got.Broken, c.says)
		}
	}
	failed := logFile("issues.json", "[]")
	failed.Err = Errorf(CodeTooLarge, "It is too large.").Because(os.ErrClosed)
	if got := ParseRunLog([]LogFile{failed}); len(got.Broken) != 1 || got.Broken[0].Cause != "It is too large." {
		t.Errorf("a file that could not be fetched: %+v", got.Broken)
	}
	many := make([]LogFile, MaxLogFiles+1)
	for i := range many {
		many[i] = logFile(fmt.Sprintf("prompt_batch_%d.txt", i), "x")
	}
	if got := ParseRunLog(many); len(got.Broken) != 1 || len(got.Prompts) != MaxLogFiles {
		t.Errorf("too many files: %+v, %d prompts", got.Broken, len(got.Prompts))
	}
}

func TestLogNames(t *testing.T) {
	for label, want := range map[string]bool{
		"run-34-2026-02-09-071034": true, "": false, ".": false, "..": false, "a/b": false, "../a": false, "a b": false, "ä": false, "-a": false, ".git": false,
		strings.Repeat("a", 201): false,
	} {
		if IsLogLabel(label) != want {
			t.Errorf("label %q: %v, want %v", label, !want, want)
		}
	}
	for name, want := range map[string]bool{"issues.json": true, "prompt_batch_3.txt": true, "prompt_batch_.txt": false, "summary.md": false, "a/issues.json": false} {
		if IsLogFile(name) != want {
			t.Errorf("file %q: %v, want %v", name, !want, want)
		}
	}
}

// TestRealFingerprintsAreOfTheLineHash: the fingerprint of the action is a hash
// of the rule and CodeQL's own hash of the line, so that this could choose
// nothing among findings of equal fingerprints.
func TestRealFingerprintsAreOfTheLineHash(t *testing.T) {
	hashed := 0
	for _, label := range []string{"run-15-2026-02-07-124132", "run-17-2026-02-07-171945", "run-22-2026-02-07-211534", "run-34-2026-02-09-071034"} {
		realLog(t, label) // or it is skipped
		body, err := os.ReadFile(filepath.Join(os.Getenv("REAL_RUNS"), "..", "logs", label, "issues.json"))
		if err != nil {
			t.Fatal(err)
		}
		type issue struct {
			Rule        string            `json:"rule_id"`
			Fingerprint string            `json:"fingerprint"`
			Partial     map[string]string `json:"partial_fingerprints"`
		}
		var of struct{ Issues []issue }
		if json.Unmarshal(body, &of) != nil && json.Unmarshal(body, &of.Issues) != nil {
			t.Fatalf("%s: not a list of issues", label)
		}
		for _, i := range of.Issues {
			line := i.Partial["primaryLocationLineHash"]
			if line == "" {
				continue
			}
			hashed++
			if sum := sha256.Sum256([]byte(i.Rule + "|" + line)); !strings.HasPrefix(hex.EncodeToString(sum[:]), i.Fingerprint) {
				t.Errorf("%s: %s of %s is of something else", label, i.Fingerprint, i.Rule)
			}
		}
	}
	if hashed != 24 {
		t.Errorf("%d findings have a line hash, want 24", hashed)
	}
}

// realLog reads the log of a run from beside REAL_RUNS.
func realLog(t *testing.T, label string) RunLog {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real run logs: REAL_RUNS is not set")
	}
	names, err := filepath.Glob(filepath.Join(dir, "..", "logs", label, "*"))
	if err != nil || len(names) == 0 {
		t.Skipf("SKIPPED: real run logs: there is no log %s beside REAL_RUNS", label)
	}
	var files []LogFile
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, logFile(filepath.Base(name), string(body)))
	}
	return ParseRunLog(files)
}

func TestRealLogs(t *testing.T) {
	for label, want := range map[string]struct{ findings, rules, prompts, sessions, snippets int }{
		"run-15-2026-02-07-124132": {4, 2, 1, 1, 0}, "run-17-2026-02-07-171945": {2, 2, 1, 1, 0},
		"run-22-2026-02-07-211534": {3, 3, 1, 1, 2}, "run-34-2026-02-09-071034": {19, 7, 5, 5, 14},
	} {
		l := realLog(t, label)
		snippets := 0
		for _, f := range l.Findings {
			for _, s := range f.Snippets {
				snippets++
				if lines := int64(strings.Count(s.Code, "\n") + 1); s.File != f.Locations[0].File || f.Locations[0].StartLine < s.FirstLine ||
					f.Locations[0].StartLine >= s.FirstLine+lines {
					t.Errorf("%s: the code of %s is that of %s from line %d", label, f.IssueID, s.File, s.FirstLine)
				}
			}
			if f.Score == nil || f.Fingerprint == "" || f.Message == "" || len(f.CWEs) == 0 || f.Title == "" {
				t.Errorf("%s: %+v says little", label, f)
			}
		}
		if len(l.Broken) > 0 || len(l.Findings) != want.findings || len(l.Rules) != want.rules || len(l.Prompts) != want.prompts ||
			len(l.Sessions) != want.sessions || snippets != want.snippets || len(l.Batches) != want.prompts {
			t.Errorf("%s: %d findings, %d rules, %d prompts, %d sessions, %d batches, %d snippets, broken %v", label,
				len(l.Findings), len(l.Rules), len(l.Prompts), len(l.Sessions), len(l.Batches), snippets, l.Broken)
		}
	}
}

// FuzzParseRunLog: whoever wrote a log, reading it ends, keeps to its bounds,
// and gives texts that both databases take; what a file says that cannot be
// read as a whole does not count.
func FuzzParseRunLog(f *testing.F) {
	f.Add([]byte("["+logIssue+"]"), []byte(logPrompt))
	f.Add([]byte(`{"issues": [{"id": "CQLF-R1-1", "locations": [null], "cwes": [null, "\u0000"]}]}`), []byte("### CQLF-R1-1:\n- Code context:\n```\n>>> 9 | \xff"))
	f.Fuzz(func(t *testing.T, issues, prompt []byte) {
		files := []LogFile{{RunFile: RunFile{Name: "issues.json"}, Body: issues}, {RunFile: RunFile{Name: "batches.json"}, Body: issues},
			{RunFile: RunFile{Name: "sessions.json"}, Body: issues}, {RunFile: RunFile{Name: "prompt_batch_1.txt"}, Body: prompt}}
		l := ParseRunLog(files)
		if _, err := CompactLog(files); err != nil {
			t.Fatal(err)
		}
		text := func(s string) {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > mostText+3 {
				t.Fatalf("a text of %d bytes that cannot be stored: %.60q", len(s), s)
			}
		}
		for _, b := range l.Broken {
			if b.Cause == "" || len(l.Findings) > 0 && b.File == "issues.json" {
				t.Fatalf("%+v beside %d findings", b, len(l.Findings))
			}
		}
		if len(l.Findings) > MaxFindings {
			t.Fatalf("%d findings", len(l.Findings))
		}
		for _, f := range l.Findings {
			for _, s := range append([]string{f.IssueID, f.Fingerprint, f.Rule, f.Name, f.Title, f.Message, f.Severity, f.Level, f.Family}, f.CWEs...) {
				text(s)
			}
			if f.Finding().Fingerprint == "" || len(f.Snippets) > mostSnippets || len(f.Locations) > mostLocations {
				t.Fatalf("%+v", f)
			}
			for _, s := range f.Snippets {
				if text(s.Code); s.FirstLine < 1 || !strings.Contains(string(prompt), "Code context") {
					t.Fatalf("a snippet from line %d", s.FirstLine)
				}
			}
		}
		for _, r := range l.Rules {
			text(r.Help)
		}
	})
}

// TestPlainMessage: a SARIF message loses its links, and what it says twice.
func TestPlainMessage(t *testing.T) {
	for message, want := range map[string]string{
		"Depends on a [user-provided value](1).":       "Depends on a user-provided value.",
		"A [b](1) and [c](22).":                        "A b and c.",
		"A [b](1).\nA [b](2).\nC.":                     "A b.\nC.",
		"The string [github.com/](1) may be anywhere.": "The string github.com/ may be anywhere.",
		"See [the docs](https://e.org/x).":             "See the docs.",
		"[a](javascript:x) stays":                      "[a](javascript:x) stays",
		`An array \[0\] and [x\[1\]](1)`:               "An array [0] and x[1]",
		"[no link] (1)":                                "[no link] (1)",
		"":                                             "",
		strings.Repeat("[", 10_000) + "x" + strings.Repeat("](1)", 9): strings.Repeat("[", 9_999) + "x" + strings.Repeat("](1)", 8),
	} {
		if got := PlainMessage(message); got != want {
			t.Errorf("%.200q: %.200q, want %.200q", message, got, want)
		}
	}
}

// TestCWEName: CWE ids are written in one way, however a log writes them.
func TestCWEName(t *testing.T) {
	for text, want := range map[string]string{
		"cwe-79": "CWE-79", "CWE-079": "CWE-79", "79": "CWE-79", "external/cwe/cwe-022": "CWE-22", "cwe-": "cwe-", "none": "none", "cwe-0": "cwe-0",
		"cwe-79\t": "CWE-79", "cwe-1234567": "cwe-1234567", "": "", "xcwe-7": "xcwe-7",
	} {
		if got := CWEName(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
