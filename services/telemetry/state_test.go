package telemetry

import "testing"

// TestStateOf is the table of docs/rules.md#session-states.
func TestStateOf(t *testing.T) {
	const id = "devin-0123456789abcdef0123456789abcdef"
	none, open, merged := PRSummary{}, PRSummary{Any: true, Open: true}, PRSummary{Any: true, Merged: true}
	closed, both := PRSummary{Any: true}, PRSummary{Any: true, Open: true, Merged: true}
	for _, c := range []struct {
		id     string
		word   UpstreamStatus
		pr     PRSummary
		state  State
		reason string
		pace   Pace
	}{
		// In a record.
		{id, UpstreamStatus{"", "created", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "working", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "blocked", ""}, none, StateWaiting, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "blocked", ""}, closed, StateWaiting, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "blocked", ""}, open, StatePRReady, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "blocked", ""}, merged, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"", "blocked", ""}, both, StatePRReady, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "finished", ""}, none, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"", "finished", ""}, open, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"", "expired", ""}, none, StateExpired, "", PaceNever},
		{"", UpstreamStatus{"", "error: 429 Client Error", ""}, none, StateNeverStarted, "429 Client Error", PaceNever},
		{"", UpstreamStatus{"", "created", ""}, none, StateNeverStarted, "created", PaceNever},
		{"", UpstreamStatus{"", "", ""}, none, StateNeverStarted, "", PaceNever},
		{id, UpstreamStatus{"", "error: boom", ""}, none, StateFailed, "boom", PaceNever},
		{id, UpstreamStatus{"", "", ""}, none, StateUnknown, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "Paused By Admin", ""}, none, StateUnknown, "Paused By Admin", PaceEveryTurn},
		// A record with a v3 word.
		{id, UpstreamStatus{"", "new", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "exit", ""}, none, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"", "running", "waiting_for_user"}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"", "error", ""}, none, StateFailed, "", PaceNever},
		{id, UpstreamStatus{"", "suspended", ""}, none, StateSuspended, "", PaceSlowly},
		// v1.
		{id, UpstreamStatus{"v1", "working", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "RUNNING", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "resumed", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "resume_requested", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "resume_requested_frontend", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "blocked", ""}, none, StateWaiting, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "blocked", ""}, open, StatePRReady, "", PaceEveryTurn},
		{id, UpstreamStatus{"v1", "blocked", ""}, merged, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"v1", " stopped ", ""}, none, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"v1", "suspend_requested", ""}, none, StateSuspended, "", PaceSlowly},
		{id, UpstreamStatus{"v1", "suspend_requested_frontend", ""}, none, StateSuspended, "", PaceSlowly},
		{id, UpstreamStatus{"v1", "expired", ""}, none, StateExpired, "", PaceNever},
		{id, UpstreamStatus{"v1", "error", ""}, none, StateUnknown, "error", PaceEveryTurn}, // never shown as an error
		{id, UpstreamStatus{"v1", "hibernating", ""}, none, StateUnknown, "hibernating", PaceEveryTurn},
		// v3.
		{id, UpstreamStatus{"v3", "new", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "creating", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "claimed", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "working"}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "brooding"}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "resuming", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, none, StateWaiting, "waiting_for_user", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "waiting_for_approval"}, closed, StateWaiting, "waiting_for_approval", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, open, StatePRReady, "waiting_for_user", PaceEveryTurn},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, merged, StateFinished, "waiting_for_user", PaceRarely},
		{id, UpstreamStatus{"v3", "running", "finished"}, none, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"v3", "exit", ""}, open, StateFinished, "", PaceRarely},
		{id, UpstreamStatus{"v3", "suspended", "inactivity"}, none, StateSuspended, "inactivity", PaceSlowly},
		{id, UpstreamStatus{"v3", "suspended", "out_of_moonlight"}, open, StateSuspended, "out_of_moonlight", PaceSlowly},
		{id, UpstreamStatus{"v3", "error", ""}, none, StateFailed, "", PaceNever},
		{id, UpstreamStatus{"v3", "blocked", ""}, none, StateUnknown, "blocked", PaceEveryTurn}, // v1's word is none of v3
		{id, UpstreamStatus{"v3", "Archived", "x"}, none, StateUnknown, "Archived", PaceEveryTurn},
	} {
		state, reason := StateOf(c.id, c.word, c.pr)
		if state != c.state || reason != c.reason || state.Pace() != c.pace {
			t.Errorf("%q %+v %+v: %s %q, pace %d; want %s %q, pace %d", c.id, c.word, c.pr, state, reason, state.Pace(), c.state, c.reason, c.pace)
		}
	}
}

func TestStatesAreAll(t *testing.T) {
	want := map[State]bool{"queued": true, "working": true, "waiting": true, "pr_ready": true, "finished": true, "suspended": true, "expired": true, "failed": true, "never_started": true, "unknown": true}
	for _, s := range States() {
		if !want[s] {
			t.Errorf("%s is none of docs/rules.md#session-states, or twice", s)
		}
		delete(want, s)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
	for n, s := range Statuses() {
		if s.Rank() != n || s.Open() != (s != StatusFixed) {
			t.Errorf("%s: rank %d, open %v", s, s.Rank(), s.Open())
		}
	}
}
