package telemetry_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// openIssue is an issue as its page has it.
func openIssue(n int, repo, family, severity string) telemetry.IssueDetail {
	var d telemetry.IssueDetail
	d.PublicID, d.LatestIssueID = fmt.Sprintf("%012x", n), fmt.Sprintf("CQLF-R34-%04d", n)
	d.Repo, d.TargetRepo = telemetry.RepoName(repo), "https://github.com/"+repo
	d.Fingerprint, d.Rule, d.Family, d.Severity = fmt.Sprintf("%020x", n), "py/"+family, family, severity
	d.File, d.Line = fmt.Sprintf("app/%d.py", n), int64(n)
	return d
}

func planned(t *testing.T, size int, issues ...telemetry.IssueDetail) []telemetry.NewBatch {
	t.Helper()
	n := 0
	return telemetry.PlanBatches(issues, size, func() string { n++; return fmt.Sprintf("b%d", n) })
}

// TestBatchesAreOfOneRepositoryAndFamily: each issue is in one batch, none is
// larger than asked, and the worst come first.
func TestBatchesAreOfOneRepositoryAndFamily(t *testing.T) {
	var issues []telemetry.IssueDetail
	for n := range 23 {
		issues = append(issues, openIssue(n, []string{"o/a", "o/b"}[n%2], []string{"xss", "sql", "ssrf"}[n%3], []string{"low", "high", "critical", "medium"}[n%4]))
	}
	seen := map[string]bool{}
	ranks := []int{}
	for _, b := range planned(t, 3, issues...) {
		ranks = append(ranks, telemetry.SeverityRank(b.Severity))
		if len(b.Issues) > 3 || len(b.Issues) == 0 || len(b.Findings) != len(b.Issues) {
			t.Errorf("%s has %d issues", b.ID, len(b.Issues))
		}
		for _, id := range b.Issues {
			i := slices.IndexFunc(issues, func(i telemetry.IssueDetail) bool { return i.PublicID == id })
			if issues[i].Repo != b.Repo || issues[i].Family != b.Family || seen[id] {
				t.Errorf("%s of %s and %s has %s of %s and %s", b.ID, b.Repo, b.Family, id, issues[i].Repo, issues[i].Family)
			}
			seen[id] = true
		}
	}
	if len(seen) != len(issues) || !slices.IsSorted(ranks) {
		t.Errorf("%d of %d issues, severities %v", len(seen), len(issues), ranks)
	}
}

// TestThePromptSaysWhatToFix in the words of the action's prompts, with what logs
// tell of the issue.
func TestThePromptSaysWhatToFix(t *testing.T) {
	score := 9.1
	one := openIssue(2, "o/a", "ssrf", "critical")
	one.Score, one.CWEs, one.Title, one.Message, one.Help = &score, []string{"CWE-918"}, "Partial SSRF", "Part of the URL.", telemetry.Optional(strings.Repeat("é", 600))
	one.Code = &telemetry.LoggedCode{ScanRef: telemetry.ScanRef{RunNumber: 34}, Snippets: []telemetry.Snippet{{FirstLine: 55, Code: "a = 1\nb = 2\n"}}}
	b := planned(t, 5, one, openIssue(3, "o/a", "ssrf", "high"))[0]
	for _, want := range []string{
		"Fix 2 CodeQL security issue(s) in https://github.com/o/a.", "Issue IDs: CQLF-R34-0002, CQLF-R34-0003\n",
		"Category: ssrf | Severity: CRITICAL (max CVSS: 9.1)", "Batch: batch-b1\n", "### CQLF-R34-0002: py/ssrf\n- Severity: CRITICAL (9.1)\n- CWE: cwe-918\n",
		"- Location(s): app/2.py:2\n- Description: Part of the URL.\n- Rule: Partial SSRF\n- Guidance: é", "from line 55:\n```\na = 1\nb = 2\n```",
		"'fix(CQLF-R34-0002,CQLF-R34-0003): resolve ssrf security issues'", "Files to focus on:\n- app/2.py\n- app/3.py\n",
	} {
		if !strings.Contains(b.Prompt, want) {
			t.Errorf("the prompt lacks %q:\n%s", want, b.Prompt)
		}
	}
	if strings.Count(b.Prompt, "é") > 500 || b.Title != "CodeQL Fix (CQLF-R34-0002,CQLF-R34-0003): ssrf (CRITICAL)" {
		t.Errorf("%d characters of help; the title is %s", strings.Count(b.Prompt, "é"), b.Title)
	}
	if got := strings.Join(b.Tags, " "); got != "codeql-fix batch-b1 severity-critical cwe-918 CQLF-R34-0002 CQLF-R34-0003" {
		t.Errorf("the tags are %s", got)
	}
	var schema map[string]any
	if err := json.Unmarshal(b.Session(5).Schema, &schema); err != nil || schema["type"] != "object" {
		t.Errorf("the schema is %v, %v", schema, err)
	}
}

// TestACostHasABound, whether the program sets one or not, and the message names the field.
func TestACostHasABound(t *testing.T) {
	for _, c := range []struct {
		acus, setting int64
		want          string
	}{
		{0, 0, ""}, {10_000, 0, ""}, {10, 10, ""},
		{-1, 0, "Invalid max_acus: want a whole number from 1 to 10000, or leave it out to leave it to Devin."},
		{10_001, 0, "Invalid max_acus: want a whole number from 1 to 10000, or leave it out to leave it to Devin."},
		{11, 10, "Invalid max_acus: want a whole number from 1 to 10 (MAX_ACU_PER_SESSION)."},
		{-1, 10, "Invalid max_acus: want a whole number from 1 to 10 (MAX_ACU_PER_SESSION)."},
	} {
		_, err := telemetry.SendAsk{Issues: []string{"i"}, MaxACUs: c.acus}.Check(telemetry.SendLimits{MaxACUs: c.setting})
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.acus, c.setting, got, c.want)
		}
	}
}

// TestManyIssuesKeepToTheTags: Devin takes 50, of which the batch's own is one.
func TestManyIssuesKeepToTheTags(t *testing.T) {
	var issues []telemetry.IssueDetail
	for n := range 60 {
		issues = append(issues, openIssue(n, "o/a", "xss", "high"))
	}
	b := planned(t, 60, issues...)[0]
	if len(b.Tags) != telemetry.MaxTags || b.Tags[1] != "batch-b1" || !strings.Contains(b.Prompt, "CQLF-R34-0059") {
		t.Errorf("%d tags: %v", len(b.Tags), b.Tags)
	}
}

// TestTheRecordOfABatchIsADispatch that names its session and every issue.
func TestTheRecordOfABatchIsADispatch(t *testing.T) {
	nameless := openIssue(4, "o/a", "xss", "low")
	nameless.LatestIssueID = ""
	b := planned(t, 5, openIssue(2, "o/a", "xss", "high"), nameless)[0]
	at := time.Date(2026, 5, 14, 14, 32, 7, 123e6, time.UTC)
	name, body, err := b.Record(telemetry.UpstreamSession{ID: "abc", URL: "https://app.devin.ai/sessions/abc"}, "mona", at)
	if err != nil || name != "sent_b1.json" {
		t.Fatalf("%s, %v", name, err)
	}
	r, err := telemetry.ParseRecord(body)
	if err != nil || r.Kind != telemetry.KindDispatch {
		t.Fatalf("%+v, %v", r, err)
	}
	if s := r.Sessions; len(s) != 1 || s[0].ID != "devin-abc" || strings.Join(s[0].IssueIDs, " ") != "CQLF-R34-0002 CQLF-000000000004" {
		t.Errorf("the sessions are %+v", s)
	}
	if f := r.Findings; len(f) != 2 || f[0].Fingerprint != fmt.Sprintf("%020x", 2) || f[1].IssueID != "CQLF-000000000004" || f[0].File != "" {
		t.Errorf("the findings are %+v", f)
	}
}
