package telemetry

import (
	"testing"
	"time"
)

// TestStateOf is the table of docs/rules.md#session-states.
func TestStateOf(t *testing.T) {
	const (
		id    = "devin-0123456789abcdef0123456789abcdef"
		never = time.Duration(-1) // it is not polled
	)
	none, open, merged := PRSummary{}, PRSummary{Any: true, Open: true}, PRSummary{Any: true, Merged: true}
	closed, both := PRSummary{Any: true}, PRSummary{Any: true, Open: true, Merged: true}
	for _, c := range []struct {
		id     string
		status UpstreamStatus
		pr     PRSummary
		state  State
		reason string
		poll   time.Duration // the least time between two
	}{
		// In a record.
		{id, UpstreamStatus{"", "created", ""}, none, StateQueued, "", 30 * time.Second},
		{id, UpstreamStatus{"", "working", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"", "blocked", ""}, none, StateWaiting, "", 2 * time.Minute},
		{id, UpstreamStatus{"", "blocked", ""}, closed, StateWaiting, "", 2 * time.Minute},
		{id, UpstreamStatus{"", "blocked", ""}, open, StatePRReady, "", 2 * time.Minute},
		{id, UpstreamStatus{"", "blocked", ""}, merged, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"", "blocked", ""}, both, StatePRReady, "", 2 * time.Minute},
		{id, UpstreamStatus{"", "finished", ""}, none, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"", "finished", ""}, open, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"", "expired", ""}, none, StateExpired, "", never},
		{"", UpstreamStatus{"", "error: 429 Client Error", ""}, none, StateNeverStarted, "429 Client Error", never},
		{"", UpstreamStatus{"", "created", ""}, none, StateNeverStarted, "created", never},
		{"", UpstreamStatus{"", "", ""}, none, StateNeverStarted, "", never},
		{id, UpstreamStatus{"", "error: boom", ""}, none, StateFailed, "boom", never},
		{id, UpstreamStatus{"", "", ""}, none, StateUnknown, "", 30 * time.Second},
		{id, UpstreamStatus{"", "Paused By Admin", ""}, none, StateUnknown, "Paused By Admin", 30 * time.Second},
		// A record with a v3 word.
		{id, UpstreamStatus{"", "new", ""}, none, StateQueued, "", 30 * time.Second},
		{id, UpstreamStatus{"", "exit", ""}, none, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"", "running", "waiting_for_user"}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"", "error", ""}, none, StateFailed, "", never},
		{id, UpstreamStatus{"", "suspended", ""}, none, StateSuspended, "", 10 * time.Minute},
		// v1.
		{id, UpstreamStatus{"v1", "working", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v1", "RUNNING", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v1", "resumed", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v1", "resume_requested", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v1", "resume_requested_frontend", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v1", "blocked", ""}, none, StateWaiting, "", 2 * time.Minute},
		{id, UpstreamStatus{"v1", "blocked", ""}, open, StatePRReady, "", 2 * time.Minute},
		{id, UpstreamStatus{"v1", "blocked", ""}, merged, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"v1", " stopped ", ""}, none, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"v1", "suspend_requested", ""}, none, StateSuspended, "", 10 * time.Minute},
		{id, UpstreamStatus{"v1", "suspend_requested_frontend", ""}, none, StateSuspended, "", 10 * time.Minute},
		{id, UpstreamStatus{"v1", "expired", ""}, none, StateExpired, "", never},
		{id, UpstreamStatus{"v1", "error", ""}, none, StateUnknown, "error", 30 * time.Second}, // never shown as an error
		{id, UpstreamStatus{"v1", "hibernating", ""}, none, StateUnknown, "hibernating", 30 * time.Second},
		// v3.
		{id, UpstreamStatus{"v3", "new", ""}, none, StateQueued, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "creating", ""}, none, StateQueued, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "claimed", ""}, none, StateQueued, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "running", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "running", "working"}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "running", "brooding"}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "resuming", ""}, none, StateWorking, "", 30 * time.Second},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, none, StateWaiting, "waiting_for_user", 2 * time.Minute},
		{id, UpstreamStatus{"v3", "running", "waiting_for_approval"}, closed, StateWaiting, "waiting_for_approval", 2 * time.Minute},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, open, StatePRReady, "waiting_for_user", 2 * time.Minute},
		{id, UpstreamStatus{"v3", "running", "waiting_for_user"}, merged, StateFinished, "waiting_for_user", time.Hour},
		{id, UpstreamStatus{"v3", "running", "finished"}, none, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"v3", "exit", ""}, open, StateFinished, "", time.Hour},
		{id, UpstreamStatus{"v3", "suspended", "inactivity"}, none, StateSuspended, "inactivity", 10 * time.Minute},
		{id, UpstreamStatus{"v3", "suspended", "out_of_moonlight"}, open, StateSuspended, "out_of_moonlight", 10 * time.Minute},
		{id, UpstreamStatus{"v3", "error", ""}, none, StateFailed, "", never},
		{id, UpstreamStatus{"v3", "blocked", ""}, none, StateUnknown, "blocked", 30 * time.Second}, // v1's word is none of v3
		{id, UpstreamStatus{"v3", "Archived", "x"}, none, StateUnknown, "Archived", 30 * time.Second},
	} {
		state, reason := StateOf(c.id, c.status, c.pr)
		interval, polled := state.PollDistance(30 * time.Second)
		if !polled {
			interval = never
		}
		if state != c.state || reason != c.reason || interval != c.poll {
			t.Errorf("%q %+v %+v: %s %q, polled every %v; want %s %q, %v", c.id, c.status, c.pr, state, reason, interval, c.state, c.reason, c.poll)
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
		if s.Rank() != n || s.Open() != (s != StatusFixed && s != StatusRetired) {
			t.Errorf("%s: rank %d, open %v", s, s.Rank(), s.Open())
		}
	}
}
