package telemetry

import "testing"

// TestStateOf is the table of docs/rules.md#session-states.
func TestStateOf(t *testing.T) {
	const id = "devin-0123456789abcdef0123456789abcdef"
	none, open, merged := PRSummary{}, PRSummary{Any: true, Open: true}, PRSummary{Any: true, Merged: true}
	closed, both := PRSummary{Any: true}, PRSummary{Any: true, Open: true, Merged: true}
	for _, c := range []struct {
		id     string
		word   Word
		pr     PRSummary
		state  State
		reason string
		pace   Pace
	}{
		// In a record.
		{id, Word{"", "created", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, Word{"", "working", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"", "blocked", ""}, none, StateWaiting, "", PaceEveryTurn},
		{id, Word{"", "blocked", ""}, closed, StateWaiting, "", PaceEveryTurn},
		{id, Word{"", "blocked", ""}, open, StatePRReady, "", PaceEveryTurn},
		{id, Word{"", "blocked", ""}, merged, StateFinished, "", PaceRarely},
		{id, Word{"", "blocked", ""}, both, StatePRReady, "", PaceEveryTurn},
		{id, Word{"", "finished", ""}, none, StateFinished, "", PaceRarely},
		{id, Word{"", "finished", ""}, open, StateFinished, "", PaceRarely},
		{id, Word{"", "expired", ""}, none, StateExpired, "", PaceNever},
		{"", Word{"", "error: 429 Client Error", ""}, none, StateNeverStarted, "429 Client Error", PaceNever},
		{"", Word{"", "created", ""}, none, StateNeverStarted, "created", PaceNever},
		{"", Word{"", "", ""}, none, StateNeverStarted, "", PaceNever},
		{id, Word{"", "error: boom", ""}, none, StateFailed, "boom", PaceNever},
		{id, Word{"", "", ""}, none, StateUnknown, "", PaceEveryTurn},
		{id, Word{"", "Paused By Admin", ""}, none, StateUnknown, "Paused By Admin", PaceEveryTurn},
		// A record with a v3 word.
		{id, Word{"", "new", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, Word{"", "exit", ""}, none, StateFinished, "", PaceRarely},
		{id, Word{"", "running", "waiting_for_user"}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"", "error", ""}, none, StateFailed, "", PaceNever},
		{id, Word{"", "suspended", ""}, none, StateSuspended, "", PaceSlowly},
		// v1.
		{id, Word{"v1", "working", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v1", "RUNNING", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v1", "resumed", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v1", "resume_requested", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v1", "resume_requested_frontend", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v1", "blocked", ""}, none, StateWaiting, "", PaceEveryTurn},
		{id, Word{"v1", "blocked", ""}, open, StatePRReady, "", PaceEveryTurn},
		{id, Word{"v1", "blocked", ""}, merged, StateFinished, "", PaceRarely},
		{id, Word{"v1", " stopped ", ""}, none, StateFinished, "", PaceRarely},
		{id, Word{"v1", "suspend_requested", ""}, none, StateSuspended, "", PaceSlowly},
		{id, Word{"v1", "suspend_requested_frontend", ""}, none, StateSuspended, "", PaceSlowly},
		{id, Word{"v1", "expired", ""}, none, StateExpired, "", PaceNever},
		{id, Word{"v1", "error", ""}, none, StateUnknown, "error", PaceEveryTurn}, // never shown as an error
		{id, Word{"v1", "hibernating", ""}, none, StateUnknown, "hibernating", PaceEveryTurn},
		// v3.
		{id, Word{"v3", "new", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, Word{"v3", "creating", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, Word{"v3", "claimed", ""}, none, StateQueued, "", PaceEveryTurn},
		{id, Word{"v3", "running", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v3", "running", "working"}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v3", "running", "brooding"}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v3", "resuming", ""}, none, StateWorking, "", PaceEveryTurn},
		{id, Word{"v3", "running", "waiting_for_user"}, none, StateWaiting, "waiting_for_user", PaceEveryTurn},
		{id, Word{"v3", "running", "waiting_for_approval"}, closed, StateWaiting, "waiting_for_approval", PaceEveryTurn},
		{id, Word{"v3", "running", "waiting_for_user"}, open, StatePRReady, "waiting_for_user", PaceEveryTurn},
		{id, Word{"v3", "running", "waiting_for_user"}, merged, StateFinished, "waiting_for_user", PaceRarely},
		{id, Word{"v3", "running", "finished"}, none, StateFinished, "", PaceRarely},
		{id, Word{"v3", "exit", ""}, open, StateFinished, "", PaceRarely},
		{id, Word{"v3", "suspended", "inactivity"}, none, StateSuspended, "inactivity", PaceSlowly},
		{id, Word{"v3", "suspended", "out_of_moonlight"}, open, StateSuspended, "out_of_moonlight", PaceSlowly},
		{id, Word{"v3", "error", ""}, none, StateFailed, "", PaceNever},
		{id, Word{"v3", "blocked", ""}, none, StateUnknown, "blocked", PaceEveryTurn}, // v1's word is none of v3
		{id, Word{"v3", "Archived", "x"}, none, StateUnknown, "Archived", PaceEveryTurn},
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
