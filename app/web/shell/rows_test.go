package shell

import (
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// TestErrorsAreSentences: an error of a file is shown as a sentence, and the
// name of a field as it is written.
func TestErrorsAreSentences(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"not a JSON object: null":            "Not a JSON object: null.",
		"the file is empty":                  "The file is empty.",
		"The file is larger than 20 MB.":     "The file is larger than 20 MB.",
		"issues_found: want a whole number":  "issues_found: want a whole number.",
		"sessions[3].status: want a text":    "sessions[3].status: want a text.",
		"timestamp: want a time of RFC 3339": "timestamp: want a time of RFC 3339.",
	} {
		if got := Sentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func site() *Shell {
	return &Shell{Options: Options{
		Now:      func() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) },
		Settings: Settings{GitHubWeb: "https://github.com", DevinWeb: "https://app.devin.ai"},
	}}
}

// TestSessionRows: a session's row leads to its page, its run and its pull
// request; why it never started is a remark.
func TestSessionRows(t *testing.T) {
	pr := &telemetry.PullState{Repo: "octo/shop", Number: 7, State: "open"}
	s := telemetry.SessionRow{Key: "a1", ID: "devin-a1", State: telemetry.StateWorking, Reason: "why", Repo: "octo/shop", RunNumber: 3,
		BatchID: 2, RunFile: "a.json",
		Title: "fix(CQLF-R3-0001, CQLF-R3-0002): it", IssueIDs: []string{"", "CQLF-R3-0001"}, PR: pr}
	r := site().SessionRow(s)
	if r.Page != "/sessions/a1" || r.URL != "https://app.devin.ai/sessions/a1" || r.RunURL != "/runs/a.json" ||
		*r.PR != *pr {
		t.Errorf("%+v", r)
	}
	if r.Run != "run 3 · batch 2" || len(r.IssueIDs) != 1 || r.Remark != "" || !r.Recorded || r.Title != telemetry.ShortenIssueIDs(s.Title) {
		t.Errorf("%+v", r)
	}
	s.State, s.PolledAt = telemetry.StateNeverStarted, telemetry.At(site().Now())
	if r = site().SessionRow(s); r.Remark != "why" || r.Recorded {
		t.Errorf("%+v", r)
	}
}

// TestPullRows: how long it waits while it is not closed, and to which session
// it belongs, or may.
func TestPullRows(t *testing.T) {
	at := site().Now()
	open := site().PullRow(telemetry.PullRow{Repo: "octo/shop", Number: 7, State: "open", CreatedAt: telemetry.TextTime{Time: telemetry.At(at)}, Session: "devin-0123456789",
		Basis: telemetry.LinkIssueID})
	if !open.Waiting.Equal(at) || open.SessionLink.URL != "/sessions/0123456789" || open.SessionLink.Text != "01234567" ||
		open.LinkedBy != "issue id in the title" ||
		open.Page != "/pulls/octo/shop/7" || open.GitHub != "https://github.com/octo/shop/pull/7" {
		t.Errorf("%+v", open)
	}
	closed := site().PullRow(telemetry.PullRow{State: "closed", CreatedAt: telemetry.TextTime{Time: telemetry.At(at)}, Candidates: []string{"a", "b"}})
	if !closed.Waiting.IsZero() || closed.SessionIDs != "a, b" || closed.SessionLink.Text != "2 candidates" || closed.SessionLink.URL != closed.Page {
		t.Errorf("%+v", closed)
	}
}

// TestMarkedRows: severities in their order, those that CodeQL does not have
// as one.
func TestMarkedRows(t *testing.T) {
	r := site().markedRow(telemetry.PullRow{Repo: "octo/shop", Number: 7}, telemetry.PullExtras{
		Severity: map[string]int64{"low": 1, "critical": 2, "odd": 3, "odder": 4}, Outcome: telemetry.VerificationFailed})
	url := func(tier string) string { return "/issues?q=pr%3Aocto%2Fshop%237+severity%3A" + tier }
	want := []panels.Tier{
		{Severity: "critical", N: 2, URL: url("critical")}, {Severity: "low", N: 1, URL: url("low")}, {N: 7, URL: url("other")},
	}
	if !slices.Equal(r.Tiers, want) || r.Verified.Label == "" {
		t.Errorf("%+v, %+v", r.Tiers, r.Verified)
	}
}

// TestRunRows: a scan has its number for a name, a run by hand its label; a
// link that is not GitHub's is none.
func TestRunRows(t *testing.T) {
	n, gone := int64(2), int64(1)
	scan := site().RunRow(telemetry.RunRow{Kind: telemetry.KindScan, RunNumber: 3, RunLabel: "r", RunURL: "https://evil.example",
		File: "a.json", HasFindings: true, New: &n, Gone: &gone})
	if scan.Name != "run 3" || scan.Label != "" || scan.URL != "" ||
		scan.New == nil || *scan.New != 2 || scan.Gone == nil || *scan.Gone != 1 ||
		scan.Unlisted || scan.Page != "/runs/a.json" {
		t.Errorf("%+v", scan)
	}
	hand := site().RunRow(telemetry.RunRow{Kind: telemetry.KindScan, RunLabel: "by hand"})
	if hand.Name != "scan" || hand.Label != "by hand" || hand.New != nil || !hand.Unlisted {
		t.Errorf("%+v", hand)
	}
}

// TestRepoRows: what is unusual about a repository's figures is a remark.
func TestRepoRows(t *testing.T) {
	run := int64(1)
	for want, r := range map[string]telemetry.RepoRow{
		"":                      {Listed: true, LatestRun: &run},
		"not listed":            {LatestRun: &run},
		"scope reduced":         {Listed: true, LatestReduced: true},
		"newer scan not listed": {Listed: true, WithoutFindings: true, LatestReduced: true}, // the newer fact
	} {
		row := repoRow(r, telemetry.RepoDays{Open: []int64{1, 4}, Closed: 2}, time.Time{}, time.Time{})
		if row.Short != want || (row.Remark == "") != (want == "") || !slices.Equal(row.Days.Open, []int64{1, 4}) || row.Days.Closed != 2 {
			t.Errorf("%+v, want %q", row, want)
		}
	}
}

// TestVerificationRows: what the re-scan counted, and what later scans say.
func TestVerificationRows(t *testing.T) {
	r := VerificationRow(telemetry.VerificationRow{
		Outcome: telemetry.VerificationPartial, Fixed: 2, Targeted: 5, Remaining: 3, Gone: 1, StillThere: 1, Unmatched: 2, File: "v.json",
		Source:  "octo/action",
		PullRef: telemetry.PullRef{Repo: "octo/shop", Number: 7}, Session: "devin-aaaaaaaaaaaaaaaa",
	})
	if r.Counts != "2 of 5 no longer found, 3 still found" || r.Now != "1 gone by now, 1 still there, 2 not in its run" {
		t.Errorf("%q, %q", r.Counts, r.Now)
	}
	if r.Record.URL != "/api/runs/v.json/raw?source=octo%2Faction" || r.Pull.URL != "/pulls/octo/shop/7" || !r.Replaced {
		t.Errorf("%+v", r)
	}
	if r.Session != (parts.Link{Text: "aaaaaaaa"}) {
		t.Errorf("a session that no record names has a page: %+v", r.Session)
	}
}
