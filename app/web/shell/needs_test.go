package shell

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// TestNeedActions: each row that waits for a person has the one action of its
// need, in the same words as the API, and it leads to where that is done.
func TestNeedActions(t *testing.T) {
	row := telemetry.NeedRow{
		Repo: "octo/shop", SessionID: "devin-0123456789", PullRepo: "octo/shop", PullNumber: 7, RunFile: "a.json", RunNumber: 3, BatchID: 1,
	}
	leads := map[telemetry.Need][2]string{ // the action, and what opens in place
		telemetry.NeedWaiting:      {"/sessions/0123456789#reply-form", "/panels/reply?id=0123456789"},
		telemetry.NeedReview:       {"https://github.com/octo/shop/pull/7", ""},
		telemetry.NeedMerge:        {"https://github.com/octo/shop/pull/7", ""},
		telemetry.NeedNeverStarted: {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		telemetry.NeedNew:          {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		telemetry.NeedStillThere:   {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		telemetry.NeedGaveUp:       {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		telemetry.NeedStuck:        {"https://app.devin.ai/sessions/0123456789", ""},
		telemetry.NeedScan:         {"/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
	}
	for _, need := range telemetry.Needs() {
		row.Need = need
		_, label := row.Action()
		got, want := site().NeedRow(row), leads[need]
		if got.Action.Text != label || got.Action.URL != want[0] || got.Dialog != want[1] {
			t.Errorf("%s: %q leads to %s, in place %q; want %q to %s, in place %q",
				need, got.Action.Text, got.Action.URL, got.Dialog, label, want[0], want[1])
		}
	}
}

// TestPullReasons: what about an open pull request one can act on is said, and has
// its own action, what keeps it from being merged first.
func TestPullReasons(t *testing.T) {
	const pull = "https://github.com/octo/shop/pull/7"
	ready := telemetry.PullStatus{Review: "approved", Checks: "success", Mergeable: "mergeable"}
	for _, tc := range []struct {
		name                string
		status              telemetry.PullStatus
		draft               bool
		reason, action, url string
	}{
		{"approved and green", ready, false, "approved and green: merge it", "Merge on GitHub", pull},
		{"a draft of it", ready, true, "", "Review", pull},
		{"approved, without checks", telemetry.PullStatus{Review: "approved", Checks: "none"}, false, "", "Review", pull},
		{"approved, and checks are under way", telemetry.PullStatus{Review: "approved", Checks: "pending"}, false, "", "Review", pull},
		{"checks failed", telemetry.PullStatus{Review: "approved", Checks: "failure"}, false, "checks red", "See checks", pull + "/checks"},
		{"a conflict, and checks failed", telemetry.PullStatus{Checks: "failure", Mergeable: "conflict"}, false, "conflict", "Resolve on GitHub", pull},
		{"approved, with a conflict", telemetry.PullStatus{Review: "approved", Checks: "success", Mergeable: "conflict"}, false,
			"conflict", "Resolve on GitHub", pull},
		{"changes requested", telemetry.PullStatus{Review: "changes_requested", Checks: "success"}, false, "changes requested", "Review", pull},
		{"nothing is known", telemetry.PullStatus{}, false, "", "Review", pull},
	} {
		row := telemetry.NeedRow{Need: telemetry.NeedReview, PullRepo: "octo/shop", PullNumber: 7, PullStatus: tc.status, PullDraft: tc.draft}
		if got := site().NeedRow(row); got.Reason.Label != tc.reason || got.Action.Text != tc.action || got.Action.URL != tc.url {
			t.Errorf("%s: %q, %q to %s", tc.name, got.Reason.Label, got.Action.Text, got.Action.URL)
		}
		row.Need = telemetry.NeedStillThere
		if got := site().NeedRow(row); got.Reason.Label != "" {
			t.Errorf("%s, but merged: %q", tc.name, got.Reason.Label)
		}
	}
}

// TestNeedLabels: every need has words of its own on pages.
func TestNeedLabels(t *testing.T) {
	seen := map[string]bool{}
	for _, need := range telemetry.Needs() {
		if label := need.Label(); label == string(need) || seen[label] || strings.Contains(label, "_") {
			t.Errorf("%s: %q", need, label)
		}
		seen[need.Label()] = true
	}
}

// TestNeedRows: each need says what it is about, and its action leads where a
// person can do it.
func TestNeedRows(t *testing.T) {
	const id = "devin-aaaaaaaaaaaaaaaa"
	for _, tc := range []struct {
		name                                               string
		n                                                  telemetry.NeedRow
		title, ref, url, remark, action, actionURL, dialog string
	}{
		{"a review", telemetry.NeedRow{Need: telemetry.NeedReview, PullRepo: "octo/shop", PullNumber: 7, PullTitle: "fix it"},
			"fix it", "#7", "/pulls/octo/shop/7", "", "Review", "https://github.com/octo/shop/pull/7", ""},
		{"a merge, its title unknown", telemetry.NeedRow{Need: telemetry.NeedMerge, PullRepo: "octo/shop", PullNumber: 7},
			"Pull request", "#7", "/pulls/octo/shop/7", "", "Merge on GitHub", "https://github.com/octo/shop/pull/7", ""},
		{"a scan that is due", telemetry.NeedRow{Need: telemetry.NeedScan, Repo: "octo/shop", Interval: 48 * time.Hour},
			"Usually every 2 d", "", "/repo/octo/shop", "", "Start a run…", "/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		{"never started", telemetry.NeedRow{Need: telemetry.NeedNeverStarted, Repo: "octo/shop", RunFile: "a.json", RunNumber: 3,
			BatchID: 2, Reason: "429", IssueIDs: []string{"x", "y"}},
			"2 issues", "run 3 · batch 2", "/runs/a.json", "429", "Start a run…", "/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		{"an answer", telemetry.NeedRow{Need: telemetry.NeedWaiting, SessionID: id, SessionTitle: "Fix XSS", Reason: "waiting_for_user"},
			"Fix XSS", "dispatch", "/sessions/aaaaaaaaaaaaaaaa", "", "Reply", "/sessions/aaaaaaaaaaaaaaaa#reply-form",
			"/panels/reply?id=aaaaaaaaaaaaaaaa"},
		{"an approval", telemetry.NeedRow{Need: telemetry.NeedWaiting, SessionID: id, Reason: "waiting_for_approval"},
			"Session aaaaaaaa", "dispatch", "/sessions/aaaaaaaaaaaaaaaa", "waiting for approval", "Reply",
			"/sessions/aaaaaaaaaaaaaaaa#reply-form", "/panels/reply?id=aaaaaaaaaaaaaaaa"},
		{"stuck", telemetry.NeedRow{Need: telemetry.NeedStuck, SessionID: id, RunNumber: 1},
			"Session aaaaaaaa", "run 1", "/sessions/aaaaaaaaaaaaaaaa", "", "Open in Devin", "https://app.devin.ai/sessions/aaaaaaaaaaaaaaaa", ""},
		{"batches of one cause", telemetry.NeedRow{Need: telemetry.NeedNeverStarted, Repo: "octo/shop", RunFile: "a.json", Sessions: 7,
			Reason: "429", Issues: []string{"x", "y"}}, "7 batches never started", "2 issues", "/runs/a.json", "429", "Retry 7 batches…",
			"/send?issues=x+y", "/panels/send?issues=x+y"},
		{"a batch that never started", telemetry.NeedRow{Need: telemetry.NeedNeverStarted, Repo: "octo/shop", RunFile: "a.json", RunNumber: 3,
			BatchID: 2, Reason: "429", IssueIDs: []string{"x", "y"}, Issues: []string{"ab", "cd"}}, "2 issues", "run 3 · batch 2", "/runs/a.json",
			"429", "Retry this batch…", "/send?issues=ab+cd&size=2", "/panels/send?issues=ab+cd&size=2"},
		{"sessions of one cause", telemetry.NeedRow{Need: telemetry.NeedGaveUp, Repo: "octo/shop", Sessions: 2, State: telemetry.StateSuspended,
			Reason: "out_of_credits", Ended: []string{"aa", "bb"}}, "2 sessions", "", "/repo/octo/shop/sessions?q=id%3Aaa%2Cbb",
			"Suspended: out of credits", "Start a run…", "/repo/octo/shop/dispatch", "/panels/dispatch?scope=octo%2Fshop"},
		{"one new issue", telemetry.NeedRow{Need: telemetry.NeedNew, Repo: "octo/shop", Rule: "js/xss", File: "a.js", Line: 3,
			Issues: []string{"ab"}}, "js/xss", "a.js:3", "/issues/ab", "", "Send to Devin…", "/send?issues=ab",
			"/panels/send?issues=ab"},
		{"new issues of one rule", telemetry.NeedRow{Need: telemetry.NeedNew, Repo: "octo/shop", Rule: "js/xss", Issues: []string{"ab", "cd"}},
			"2 × js/xss", "", "/repo/octo/shop/issues?q=id%3Aab%2Ccd", "", "Send to Devin…", "/send?issues=ab+cd",
			"/panels/send?issues=ab+cd"},
		{"merged, and still there", telemetry.NeedRow{Need: telemetry.NeedStillThere, Repo: "octo/shop", PullRepo: "octo/shop", PullNumber: 7,
			PullTitle: "fix it", Issues: []string{"ab"}}, "fix it", "#7", "/pulls/octo/shop/7", "1 issue still there", "Retry 1 issue…",
			"/send?issues=ab&size=1", "/panels/send?issues=ab&size=1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := site().NeedRow(tc.n)
			if r.Title != tc.title || r.Ref != tc.ref || r.URL != tc.url || r.Remark+r.Counted.Text != tc.remark {
				t.Errorf("%+v", r)
			}
			if r.Action != (parts.Link{Text: tc.action, URL: tc.actionURL}) || r.Dialog != tc.dialog {
				t.Errorf("action %+v, dialog %q", r.Action, r.Dialog)
			}
		})
	}
}
