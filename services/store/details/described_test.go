package details_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// shopScan is a scan of run n, at noon of day n, that names one issue which
// session devin-aan took.
func shopScan(n int) telemetry.FetchedFile {
	return storetest.Fetched(fmt.Sprintf("%d.json", n), fmt.Appendf(nil, `{"target_repo": "https://github.com/octo/shop", "run_number": %d, "run_id": "1",
		"run_label": "run-%d", "timestamp": "2026-02-%02dT12:00:00Z", "sessions": [{"session_id": "devin-aa%d", "batch_id": 1, "issue_ids": ["CQLF-R%d-1"]}],
		"issue_fingerprints": [{"id": "CQLF-R%d-1", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "file": "a.js", "start_line": 7}]}`, n, n, n, n, n, n))
}

// shopLog is the log of that run, with its prompt where there is one.
func shopLog(n int, score any, cwe, message, prompt string) telemetry.FetchedLog {
	body, _ := json.Marshal([]map[string]any{{
		"id": fmt.Sprintf("CQLF-R%d-1", n), "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "rule_description": fmt.Sprint("Title of run ", n),
		"rule_help": "# Help", "message": message, "severity_score": score, "cwes": []string{cwe},
		"locations": []map[string]any{{"file": "a.js", "start_line": 7, "end_line": 8, "start_column": 3}},
	}})
	files := []string{"issues.json", string(body)}
	if prompt != "" {
		files = append(files, "prompt_batch_1.txt", prompt)
	}
	return storetest.Log("octo/shop", fmt.Sprintf("run-%d", n), files...)
}

// TestDescribedIssue: an issue is what the newest log that names it says, its
// code that of the newest log which has any; a past time knows the logs of the
// scans until then, and free text finds what these say.
func TestDescribedIssue(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const code = "### CQLF-R1-1: x\n- Code context:\n```\n     6 | one\n>>>    7 | two\n```\n"
		storetest.Put(t, s, shopScan(1), shopScan(2), shopScan(3), shopScan(4))
		storetest.PutLogs(t, s,
			shopLog(2, 9.8, "cwe-89", "From [a request](1).", ""), shopLog(1, "6.1", "cwe-79", "As it was.", code+strings.Repeat("y", 100_000)))
		l := lists.Issues(s.Store)
		rows, err := l.Rows(t.Context(), query.Ask{})
		if err != nil || len(rows.Items) != 1 {
			t.Fatal(rows, err)
		}
		row := rows.Items[0]
		if row.Score == nil || *row.Score != 9.8 || !slices.Equal(row.CWEs, []string{"CWE-89"}) || row.Title != "Title of run 2" {
			t.Errorf("the row says %v, %v, %q", row.Score, row.CWEs, row.Title)
		}
		d, _, _, err := s.IssueDetail(t.Context(), row.PublicID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Message != "From a request." || d.By == nil || d.By.RunNumber != 2 || d.Help != "# Help" || len(d.Locations) != 1 || d.Locations[0].EndLine != 8 {
			t.Errorf("the page says %+v", d.Described)
		}
		if c := d.Code; c == nil || c.RunNumber != 1 || len(c.Snippets) != 1 || c.Snippets[0].Code != "one\ntwo" || c.Snippets[0].FirstLine != 6 {
			t.Errorf("the code is %+v", d.Code)
		}
		if p := d.Prompts; len(p) != 1 || p[0].RunNumber != 1 || p[0].Batch != 1 || p[0].Session != "aa1" || !strings.HasPrefix(p[0].Text, code) || len(p[0].Text) != telemetry.MostPrompt {
			t.Errorf("%d prompts", len(p))
		}
		if d.Log.RunNumber != 4 || d.Log.State != "" || d.Log.Ref != (telemetry.LogRef{Repo: "octo/shop", Label: "run-4"}) {
			t.Errorf("the last log is %+v", d.Log)
		}
		then, _, _, err := s.IssueDetail(t.Context(), row.PublicID, storetest.Day("2026-02-02 00:00"))
		if err != nil || then.Message != "As it was." || then.By == nil || then.By.RunNumber != 1 || then.Log.RunNumber != 1 {
			t.Errorf("as of the second day the page says %+v, %v", then.Described, err)
		}
		for _, tc := range []struct {
			asOf, query, score string
			total              int64
		}{
			{"", "from a request", "9.8", 1}, {"", "As it was", "", 0}, {"", "title of run 2", "9.8", 1}, {"", "score:>=9.8 cwe:89", "9.8", 1},
			{"", "score:<9.8", "", 0}, {"", "score:none", "", 0}, {"", "-cwe:cwe-79", "9.8", 1}, {"", "cwe:79", "", 0}, {"", "cwe:CWE-*", "9.8", 1},
			{"2026-02-03 00:00", `"from a request"`, "9.8", 1},
			{"2026-02-02 00:00", `"As it was"`, "6.1", 1}, {"2026-02-02 00:00", `"from a request"`, "", 0},
		} {
			a := query.Ask{Query: storetest.Parse(t, l, tc.query)}
			if tc.asOf != "" {
				a.AsOf = storetest.Day(tc.asOf)
			}
			rows, err := l.Rows(t.Context(), a)
			if err != nil || rows.Total != tc.total || tc.total > 0 && fmt.Sprint(*rows.Items[0].Score) != tc.score {
				t.Errorf("%s as of %q: %d rows, %v; want %d, with score %s", tc.query, tc.asOf, rows.Total, err, tc.total, tc.score)
			}
		}
	})
}

// TestRealLogDescribesIssues: run 34's log describes its 19 issues, each with a
// title, a message, a score, CWE ids and help; those that were sent to Devin
// have the code and the prompt.
func TestRealLogDescribesIssues(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.RealFiles(t)
		storetest.PutLogs(t, s, storetest.RealLog(t, "marius-posa/codeql-devin-fixer", "run-34-2026-02-09-071034"))
		storetest.Put(t, s, files...)
		l := lists.Issues(s.Store)
		rows, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, "-score:none"), Page: query.Page{Size: 200}})
		if err != nil || rows.Total != 19 {
			t.Fatalf("%d issues have a score, %v", rows.Total, err)
		}
		code, prompts := 0, 0
		for _, row := range rows.Items {
			d, _, _, err := s.IssueDetail(t.Context(), row.PublicID, time.Time{})
			if err != nil || d.Title == "" || d.Message == "" || len(d.CWEs) == 0 || d.Help == "" || d.By.RunNumber != 34 || len(d.Locations) == 0 {
				t.Errorf("%s: %+v, %v", row.PublicID, d.Described, err)
			}
			if d.Code != nil {
				code++
				if !slices.ContainsFunc(d.Code.Snippets, func(p telemetry.Snippet) bool { return p.File == d.Code.Locations[0].File }) {
					t.Errorf("%s: no code of %s", row.PublicID, d.Code.Locations[0].File)
				}
			}
			if slices.ContainsFunc(d.Prompts, func(p telemetry.Prompt) bool { return strings.HasPrefix(p.Text, "Fix ") }) {
				prompts++
			}
		}
		if code != 14 || prompts != 14 {
			t.Errorf("%d issues have code, %d a prompt; 14 were sent to Devin", code, prompts)
		}
		if found, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, `"server-side request forgery"`)}); err != nil || found.Total == 0 {
			t.Errorf("the title finds %d issues, %v", found.Total, err)
		}
	})
}

// TestQueriesOfLogsAtAPastTime: cwe:, score: and the sort by score ask for what the
// newest log until a time says.
func TestQueriesOfLogsAtAPastTime(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, shopScan(1), shopScan(2), shopScan(3))
		storetest.PutLogs(t, s, shopLog(3, 9.8, "cwe-89", "Now.", ""), shopLog(2, "6.1", "cwe-79", "Then.", ""))
		l := lists.Issues(s.Store)
		for at, want := range map[string]string{
			"2026-02-01": "score:none", "2026-02-02": "cwe:79 score:4..6.9 score:>=7,6.1", "2026-02-03": "cwe:89 score:>=7 score:>=7,6.1",
		} {
			asOf := storetest.Day(at + " 23:59")
			for _, text := range []string{"cwe:79", "cwe:89", "score:none", "score:>=7", "score:4..6.9", "score:>=7,6.1"} {
				n, _ := storetest.Total(t, l, query.Ask{AsOf: asOf, Query: storetest.Parse(t, l, text)})
				if has := slices.Contains(strings.Fields(want), text); n == 1 != has {
					t.Errorf("%s as of %s: %d issues", text, at, n)
				}
			}
			sorted, err := l.Rows(t.Context(), query.Ask{AsOf: asOf, Page: query.Page{Number: 1, Size: 10, Sort: "score"}})
			if err != nil || len(sorted.Items) != 1 {
				t.Errorf("sorted by score as of %s: %v, %v", at, sorted, err)
			}
		}
	})
}
