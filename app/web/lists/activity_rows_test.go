package lists

import (
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// TestActivityRows: each kind of change says what, which, by whom, and leads
// to the thing.
func TestActivityRows(t *testing.T) {
	at := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	const id = "devin-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"
	shop := telemetry.PullRef{Repo: "octo/shop", Number: 7}
	job := telemetry.Job{Kind: ingest.JobPollPRs, State: telemetry.JobDone, Started: telemetry.At(at), Ended: telemetry.At(at.Add(80 * time.Second)),
		Result: []byte(`{"prs_found":2}`)}
	failed := telemetry.Job{Kind: ingest.JobPoll, State: telemetry.JobFailed, Started: telemetry.At(at), Error: "Devin is away."}
	for _, tc := range []struct {
		name                 string
		a                    telemetry.Activity
		word, what, text, by string
		url                  string
	}{
		{"a scan", telemetry.Activity{Kind: telemetry.ActivityRun, Word: "scan", Run: 4, File: "a b.json", Source: "octo/action", Found: 24,
			Compared: true, New: 2, Gone: 1, Back: 3, Sessions: 1},
			"Scan", "run 4", "found 24, 2 new, 1 gone, 3 reopened, 1 session started", "action", "/runs/a%20b.json"},
		{"a scan of a directory that compares with nothing",
			telemetry.Activity{Kind: telemetry.ActivityRun, Word: "scan", Run: 1, Found: 5, New: 5},
			"Scan", "run 1", "found 5", "RUNS_DIR", ""},
		{"a dispatch", telemetry.Activity{Kind: telemetry.ActivityRun, Word: "dispatch", Sessions: 2}, "Dispatch", "dispatch",
			"2 sessions started", "RUNS_DIR", ""},
		{"a polled session", telemetry.Activity{Kind: telemetry.ActivitySession, Session: id, Title: "Fix XSS", State: telemetry.StateWaiting,
			Word: "running", Detail: "waiting_for_user", Origin: "poll"},
			"Waiting for you", "Fix XSS", "running + waiting_for_user", "Devin, polled", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"},
		{"a session by its record", telemetry.Activity{Kind: telemetry.ActivitySession, Session: id, Run: 3,
			State: telemetry.StateFinished, Word: "finished"},
			"Finished", "Session aaaaaaaa", "finished", "run 3’s record", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"},
		{"a session by its pull request", telemetry.Activity{Kind: telemetry.ActivitySession, Session: id, State: telemetry.StateFinished,
			Origin: "pr"},
			"Finished", "Session aaaaaaaa", "", "its pull request", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"},
		{"a pull request opened", telemetry.Activity{Kind: telemetry.ActivityPull, Pull: shop, Word: "opened", Title: "fix it"},
			"PR opened", "#7 fix it", "", "GitHub", "/pulls/octo/shop/7"},
		{"a pull request merged", telemetry.Activity{Kind: telemetry.ActivityPull, Pull: shop, Word: "merged"}, "PR merged", "#7", "",
			"GitHub", "/pulls/octo/shop/7"},
		{"a verification of a pull request", telemetry.Activity{Kind: telemetry.ActivityVerification, Word: string(telemetry.VerificationGone),
			Fixed: 2, Targeted: 3, Pull: shop, Session: id},
			"Verified and gone", "#7", "2 of 3 no longer found", "re-scan", "/pulls/octo/shop/7"},
		{"a verification of a session", telemetry.Activity{Kind: telemetry.ActivityVerification, Word: string(telemetry.VerificationGone),
			Session: id},
			"Verified and gone", "Session aaaaaaaa", "0 of 0 no longer found", "re-scan", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"},
		{"an accepted scope", telemetry.Activity{Kind: telemetry.ActivityScope, Run: 7, File: "l.json"},
			"Scope accepted", "run 7", "counts as a full scan", "a person", "/runs/l.json"},
		{"a job that is done", telemetry.Activity{Kind: telemetry.ActivityJob, Job: job, By: telemetry.ByAPI},
			"Poll pull requests: done", "took 1:20 min", "2 pull requests.", "the API", ""},
		{"a job that failed", telemetry.Activity{Kind: telemetry.ActivityJob, Job: failed}, "Poll sessions: failed", "", "Devin is away.",
			"not recorded", ""},
		{"a reply", telemetry.Activity{Kind: telemetry.ActivitySubmission, Session: id, Title: "Fix XSS", By: telemetry.ByPage, Detail: "sent"},
			"Reply sent", "Fix XSS", "", "a page", "/sessions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"},
		{"a dispatch whose outcome is unknown", telemetry.Activity{Kind: telemetry.ActivitySubmission,
			Word: string(telemetry.SubmissionDispatch), Repo: "octo/shop"},
			"Run started", "octo/shop", "delivery unknown", "a person", "/repo/octo/shop"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := activityRow(tc.a)
			if r.State.Label != tc.word || r.What != (parts.Link{Text: tc.what, URL: tc.url}) || r.Text != tc.text || r.By != tc.by {
				t.Errorf("%q, %+v, %q, by %q", r.State.Label, r.What, r.Text, r.By)
			}
		})
	}
}

// TestCorrectedRecordRow: what backfill changed in a record, with both values.
func TestCorrectedRecordRow(t *testing.T) {
	r := activityRow(telemetry.Activity{Kind: telemetry.ActivityCorrection, Run: 3, File: "a.json", Application: 2, Change: telemetry.Change{
		Field: "sessions[1].pr_url", New: "https://github.com/octo/shop/pull/7", Reason: "Devin’s answer"}})
	want := panels.ActivityRow{By: "backfill 2", Text: "pr_url: empty → octo/shop#7, Devin’s answer",
		What: parts.Link{Text: "run 3 · session 2", URL: "/runs/a.json"}}
	if r.By != want.By || r.Text != want.Text || r.What != want.What {
		t.Errorf("%+v, want %+v", r, want)
	}
}

// TestActivityKinds: the tabs narrow to one kind, and say which one is shown.
func TestActivityKinds(t *testing.T) {
	for _, chosen := range []string{"", "run", "deed,scope"} {
		current := 0
		for _, tab := range kindTabs(chosen) {
			if tab.Current {
				current++
				if tab.Query != chosen {
					t.Errorf("for %q the tab %q is current", chosen, tab.Text)
				}
			}
		}
		if current != 1 {
			t.Errorf("for %q %d tabs are current", chosen, current)
		}
	}
}
