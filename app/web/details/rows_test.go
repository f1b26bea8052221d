package details

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// site is the pages of a program that looks at GitHub and Devin where people
// do.
func site() *Web {
	return New(&shell.Shell{Options: shell.Options{
		Now:      func() time.Time { return day(10) },
		Settings: shell.Settings{GitHubWeb: "https://github.com", DevinWeb: "https://app.devin.ai", Polls: true},
	}}, nil, nil, nil, nil)
}

// said joins what segments say.
func said(segments []panels.Segment) string {
	var words []string
	for _, b := range segments {
		words = append(words, b.Text)
	}
	return strings.Join(words, " | ")
}

// TestTimelineSteps: each kind of step says what happened, and what is known
// of it.
func TestTimelineSteps(t *testing.T) {
	here, there := &telemetry.Appearance{File: "a.ts", Line: 7}, &telemetry.Appearance{File: "lib/b.ts", Line: 9}
	attempt := &telemetry.AttemptRow{Session: "devin-aaaaaaaaaaaaaaaa", Known: true, BatchID: 2, Others: 3, State: telemetry.StateWorking}
	polled := &telemetry.AttemptRow{Session: "bbbbbbbbbbbbbbbb", PR: &telemetry.PullState{}, States: []telemetry.StateChange{
		{At: telemetry.At(day(1)), State: telemetry.StateWorking, Origin: "poll"},
		{At: telemetry.At(day(1).Add(48 * time.Minute)), State: telemetry.StateFinished, Origin: "poll"}}}
	verified := &telemetry.AttemptRow{Session: "cccccccccccccccc", Basis: telemetry.AttemptVerification}
	check := &telemetry.VerificationRow{File: "v.json", Fixed: 1, Targeted: 2, PullRef: telemetry.PullRef{Repo: "octo/shop", Number: 7}}
	pull := &telemetry.PullRow{Repo: "octo/shop", Number: 7, Title: "fix it", Basis: telemetry.LinkDevin}
	for _, tc := range []struct {
		name           string
		s              telemetry.Step
		word, segments string
	}{
		{"first seen", telemetry.Step{Kind: telemetry.StepFirstSeen, RunNumber: 1, Seen: here}, "First seen", "run 1 | a.ts:7"},
		{"lower in its file", telemetry.Step{Kind: telemetry.StepMoved, RunNumber: 2, Was: here,
			Seen: &telemetry.Appearance{File: "a.ts", Line: 8, Basis: telemetry.BasisSame}},
			"Moved", "run 2 | a.ts:8 | 1 line lower | same fingerprint"},
		{"higher in its file", telemetry.Step{Kind: telemetry.StepMoved, RunNumber: 2, Was: here,
			Seen: &telemetry.Appearance{File: "a.ts", Line: 4, Basis: telemetry.BasisNear}},
			"Moved", "run 2 | a.ts:4 | 3 lines higher | same rule and file"},
		{"in another file", telemetry.Step{Kind: telemetry.StepMoved, RunNumber: 2, Was: here, Seen: there}, "Moved",
			"run 2 | lib/b.ts:9 | before in a.ts:7 | "},
		{"another fingerprint", telemetry.Step{Kind: telemetry.StepFingerprintChanged, RunNumber: 3,
			Was:  &telemetry.Appearance{Fingerprint: "0123456789abcdef"},
			Seen: &telemetry.Appearance{Fingerprint: "fedcba9876543210", Basis: telemetry.BasisLocation}},
			"Fingerprint re-linked", "run 3 | another fingerprint, same rule, file and line"},
		{"a longer fingerprint, elsewhere", telemetry.Step{Kind: telemetry.StepFingerprintChanged, RunNumber: 3,
			Was:  &telemetry.Appearance{File: "a.ts", Line: 7, Fingerprint: "0123456789abcdef"},
			Seen: &telemetry.Appearance{File: "a.ts", Line: 9, Fingerprint: "0123456789abcdef0123"}},
			"Fingerprint re-linked", "run 3 | a.ts:9 | 2 lines lower | 16 to 20 hex digits, the same beginning"},
		{"gone", telemetry.Step{Kind: telemetry.StepGone, RunNumber: 4}, "Fixed", "run 4 | first scan without it"},
		{"back", telemetry.Step{Kind: telemetry.StepBack, RunNumber: 5, Was: here,
			Seen: &telemetry.Appearance{File: "a.ts", Line: 7, Basis: telemetry.BasisReopenedByFingerprint}},
			"Reopened", "run 5 | a.ts:7 | same fingerprint"},
		{"not scanned", telemetry.Step{Kind: telemetry.StepNotScanned}, "Not scanned",
			"dispatch | covered less than the scan before and closed nothing"},
		{"taken by a session", telemetry.Step{Kind: telemetry.StepAttempt, RunNumber: 6, Attempt: attempt},
			"Dispatched, attempt 4", "run 6 · batch 2 | one of 4 issues | devin-aaaaaaaa | working, as recorded"},
		{"named by a verification", telemetry.Step{Kind: telemetry.StepAttempt, Attempt: verified}, "Dispatched, attempt 4",
			"verification record | devin-cccccccc"},
		{"a session as polled", telemetry.Step{Kind: telemetry.StepSession, Attempt: polled},
			"Session working, finished after 48 min", "devin-bbbbbbbb | as polled"},
		{"verified", telemetry.Step{Kind: telemetry.StepVerified, Check: check}, "Verified, 1 of 2 gone", "re-scan | this one no longer | #7"},
		{"verified as still there", telemetry.Step{Kind: telemetry.StepVerified, Check: &telemetry.VerificationRow{Targeted: 1},
			Text: "1 still found"},
			"Verified, 0 of 1 gone", "re-scan | this one still found"},
		{"a pull request opened", telemetry.Step{Kind: telemetry.StepPROpened, At: telemetry.At(day(2)), Pull: pull}, "PR #7 opened",
			"fix it | linked by Devin’s answer"},
		{"a pull request never fetched", telemetry.Step{Kind: telemetry.StepPROpened, Pull: &telemetry.PullRow{Repo: "octo/shop", Number: 8}},
			"PR #8", "#8 | not fetched from GitHub yet"},
		{"a pull request merged", telemetry.Step{Kind: telemetry.StepMerged, Pull: pull}, "PR #7 merged", "#7 | into octo/shop"},
		{"a pull request closed", telemetry.Step{Kind: telemetry.StepPRClosed, Pull: pull}, "PR #7 closed", "#7 | without a merge"},
		{"a kind that is newer than the page", telemetry.Step{Kind: "new_kind", Text: "as told"}, "new_kind", "as told"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if state := stepState(tc.s, 4); state.Label != tc.word || state.Icon == "" {
				t.Errorf("%+v, want %q", state, tc.word)
			}
			if got := said(stepSegments(tc.s)); got != tc.segments {
				t.Errorf("%q, want %q", got, tc.segments)
			}
		})
	}
}

// TestManyMovesAreOneStep: many moves in a row are shown as one, with where it
// began and ended; the time from step to step is that of the last of them.
func TestManyMovesAreOneStep(t *testing.T) {
	steps := []telemetry.Step{{Kind: telemetry.StepFirstSeen, At: telemetry.At(day(1)), Seen: &telemetry.Appearance{File: "a.ts", Line: 1}}}
	for n := int64(1); n <= 3; n++ {
		steps = append(steps, telemetry.Step{Kind: telemetry.StepMoved, At: telemetry.At(day(1 + int(n))), RunNumber: n, RunFile: "r.json",
			Was: &telemetry.Appearance{File: "a.ts", Line: n}, Seen: &telemetry.Appearance{File: "a.ts", Line: n + 1}})
	}
	steps = append(steps, telemetry.Step{Kind: telemetry.StepGone, At: telemetry.At(day(6)), RunNumber: 5})
	got := issueSteps(telemetry.IssueDetail{Timeline: steps})
	if len(got) != 3 || got[1].State.Label != "Moved 3 times" || said(got[1].Segments) != "a.ts:1 to line 4 | run 1 | until run 3" {
		t.Fatalf("%+v", got)
	}
	if got[1].After != "24 h" || got[2].After != "2 d" {
		t.Errorf("after %q and %q", got[1].After, got[2].After)
	}
	two := issueSteps(telemetry.IssueDetail{Timeline: steps[:3]})
	if len(two) != 3 || two[1].State.Label != "Moved" {
		t.Errorf("two moves: %+v", two)
	}
}

// TestAttemptOutcomes: the outcome of an attempt, and since when.
func TestAttemptOutcomes(t *testing.T) {
	for _, tc := range []struct {
		o     telemetry.AttemptOutcome
		state telemetry.State
		want  string
		as    string
	}{
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeRunning, Since: telemetry.At(day(1))}, "", "In progress for", "span"},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeNoUpdate, Since: telemetry.At(day(1))}, "", "No update since", "day"},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeNoPull}, telemetry.StateFinished, "No pull request", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeNoPull}, telemetry.StateSuspended, "Suspended, no pull request yet", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeOpen, Since: telemetry.At(day(1))}, "", "PR open for", "span"},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeRefused}, "", "PR closed without a merge", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeUnscanned}, "", "Merged, not scanned since", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeStill}, "", "Still there after the merge", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeStill, MergeUnknown: true}, "", "Merge unknown. Still there after the merge", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeGone, Since: telemetry.At(day(1))}, "", "Fixed for", "span"},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeBack, Since: telemetry.At(day(1)), Until: telemetry.At(day(4))}, "", "Fixed for 3 d, then reopened", ""},
		{telemetry.AttemptOutcome{Kind: telemetry.OutcomeUnknown}, "", "PR state unknown", ""},
	} {
		if got := outcomeSegment(tc.o, tc.state); got.Text != tc.want || got.As != tc.as || (tc.as != "") != !got.Time.IsZero() {
			t.Errorf("%s: %+v, want %q as %q", tc.o.Kind, got, tc.want, tc.as)
		}
	}
}

// TestPullHeads: the note below a pull request's title.
func TestPullHeads(t *testing.T) {
	for _, tc := range []struct {
		p     telemetry.PullRow
		title string
		note  string
		at    time.Time
	}{
		{telemetry.PullRow{State: "closed", Merged: true, MergedAt: telemetry.At(day(3)), Title: "fix"}, "fix", "merged", day(3)},
		{telemetry.PullRow{State: "closed", ClosedAt: telemetry.At(day(4))}, "Pull request", "closed without a merge", day(4)},
		{telemetry.PullRow{State: "unknown"}, "Pull request", "not fetched yet, or not visible on GitHub", time.Time{}},
		{telemetry.PullRow{State: "open", Draft: true, CreatedAt: telemetry.TextTime{Time: telemetry.At(day(1))}}, "Pull request", "draft, opened", day(1)},
		{telemetry.PullRow{State: "open", CreatedAt: telemetry.TextTime{Time: telemetry.At(day(2))}}, "Pull request", "opened", day(2)},
	} {
		tc.p.Repo, tc.p.Number = "octo/shop", 7
		h := site().pullHead(tc.p)
		if h.Title != tc.title || h.Note != tc.note || !h.Time.Equal(tc.at) || h.Buttons[0].URL != "https://github.com/octo/shop/pull/7" {
			t.Errorf("%+v, want %q, %q, %v", h, tc.title, tc.note, tc.at)
		}
	}
}

// TestPullFacts: by what a pull request is linked, or how many sessions it may
// belong to.
func TestPullFacts(t *testing.T) {
	facts := func(p telemetry.PullRow) map[string]string {
		all := map[string]string{}
		for _, f := range site().pullFacts(telemetry.PullDetail{PullRow: p}) {
			all[f.Name] = f.Text
		}
		return all
	}
	if got := facts(telemetry.PullRow{Candidates: []string{"a", "b"}, State: "closed",
		ClosedAt: telemetry.At(day(1))}); got["Linked by"] != "2 candidates, none sure" {
		t.Errorf("%v", got)
	} else if _, closed := got["Closed"]; !closed {
		t.Errorf("%v", got)
	}
	if got := facts(telemetry.PullRow{Basis: telemetry.LinkSessionID}); got["Linked by"] != "session id in the PR" {
		t.Errorf("%v", got)
	}
}

// TestChecksAndReviews: GitHub's words as states; a word that is new is shown
// in gray.
func TestChecksAndReviews(t *testing.T) {
	for _, tc := range []struct {
		c    telemetry.Check
		word string
		tone parts.Tone
	}{
		{telemetry.Check{Status: "in_progress"}, "in progress", parts.Accent},
		{telemetry.Check{Status: "completed", Conclusion: "success"}, "Passed", parts.Success},
		{telemetry.Check{Status: "completed", Conclusion: "timed_out"}, "timed out", parts.Danger},
		{telemetry.Check{Status: "completed", Conclusion: "action_required"}, "action required", parts.Attention},
		{telemetry.Check{Status: "completed", Conclusion: "stale"}, "stale", parts.Muted},
	} {
		if got := checkState(tc.c); got.Label != tc.word || got.Tone != tc.tone {
			t.Errorf("%+v: %+v", tc.c, got)
		}
	}
	for word, want := range map[string]string{"APPROVED": "Approved", "CHANGES_REQUESTED": "Changes requested",
		"NOT_YET_KNOWN": "not yet known"} {
		if got := reviewState(word); got.Label != want {
			t.Errorf("%s: %+v", word, got)
		}
	}
}

// TestSessionStates: the states so far say by what they are known and how long
// each was.
func TestSessionStates(t *testing.T) {
	got := stateSteps([]telemetry.StateChange{
		{At: telemetry.At(day(1)), State: telemetry.StateWorking, Status: "running"},
		{At: telemetry.At(day(1).Add(30 * time.Second)), State: telemetry.StateUnknown, Status: "odd", Detail: "more", Origin: "poll"},
		{At: telemetry.At(day(3)), State: telemetry.StateFinished, Origin: "pr"},
	})
	want := []struct{ after, word, segments string }{
		{"", "Working", "as recorded | running"},
		{"", "Unknown “odd + more”", "polled | odd + more"},
		{"47 h", "Finished", "by its pull request | no status"},
	}
	for i, w := range want {
		if got[i].After != w.after || got[i].State.Label != w.word || said(got[i].Segments) != w.segments {
			t.Errorf("%+v, want %+v", got[i], w)
		}
	}
}

// TestSessionTitles: by its title, else its family, else its id.
func TestSessionTitles(t *testing.T) {
	for want, s := range map[string]telemetry.SessionRow{
		"Fix XSS":          {Title: "Fix XSS", Family: "xss"},
		"xss":              {Family: "xss"},
		"Session aaaaaaaa": {ID: "devin-aaaaaaaaaaaaaaaa"},
		"Session r-1":      {Key: "r-1"},
	} {
		if got := sessionTitle(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestUnstartedSessions: the row of a session without an id is the stored one
// of its batch, else what its record says.
func TestUnstartedSessions(t *testing.T) {
	r := telemetry.RunDetail{RunRow: telemetry.RunRow{Repo: "octo/shop"}, States: map[string]telemetry.SessionRow{
		"k1": {Key: "k1", BatchID: 1, State: telemetry.StateNeverStarted, Reason: "429"},
		"k2": {Key: "k2", ID: "aaaa", BatchID: 2},
	}}
	if got := site().batchRow(telemetry.Mention{RecordedSession: telemetry.RecordedSession{BatchID: 1}}, r); got.State != "never_started" || got.Remark != "429" {
		t.Errorf("never started: %+v", got)
	}
	dry := site().batchRow(telemetry.Mention{RecordedSession: telemetry.RecordedSession{ID: telemetry.DryRunID, BatchID: 1, Status: "dry"}}, r)
	if !dry.DryRun || dry.SessionRow.Title != telemetry.DryRunID || dry.SessionRow.Reason != "dry" {
		t.Errorf("dry run: %+v", dry)
	}
	if got := site().batchRow(telemetry.Mention{RecordedSession: telemetry.RecordedSession{BatchID: 9, IssueIDs: []string{" ", "CQLF-R1-0001"}}},
		r); got.SessionRow.Title != "no session" ||
		len(got.SessionRow.IssueIDs) != 1 {
		t.Errorf("unknown: %+v", got)
	}
}
