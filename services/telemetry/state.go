package telemetry

import (
	"strings"
	"time"
)

// State is the state of a Devin session in this program's words.
type State string

// The states of docs/rules.md#session-states, in the order in which lists group them.
const (
	StateWaiting      State = "waiting"
	StatePRReady      State = "pr_ready"
	StateWorking      State = "working"
	StateQueued       State = "queued"
	StateFinished     State = "finished"
	StateSuspended    State = "suspended"
	StateExpired      State = "expired"
	StateFailed       State = "failed"
	StateNeverStarted State = "never_started"
	StateUnknown      State = "unknown"
)

// States are all states.
func States() []State {
	return []State{
		StateWaiting, StatePRReady, StateWorking, StateQueued, StateFinished, StateSuspended, StateExpired, StateFailed,
		StateNeverStarted, StateUnknown,
	}
}

// Active reports whether a session of this state is being worked on or waits
// for its user.
func (s State) Active() bool {
	return s == StateQueued || s == StateWorking || s == StateWaiting
}

// MissingSession is the reason of the state of a session that was active
// until Devin no longer knew it.
const MissingSession = "404 from Devin"

// PRSummary is what a session's pull requests say together.
type PRSummary struct {
	Any    bool // it has one, of whatever state
	Open   bool // one is open, or of unknown state
	Merged bool
}

// UpstreamStatus is a session's state in the words of its source.
type UpstreamStatus struct {
	API    string // "v1", "v3", or "" for a record's word
	Status string
	Detail string // v3 only
}

// StateOf translates an upstream's or a record's word (docs/rules.md#session-states).
// The reason is what its source says of a state that needs one. A recorded
// "error: …" beside an id is a failed session: the id says that it started.
func StateOf(id string, w UpstreamStatus, pr PRSummary) (state State, reason string) {
	if SessionKey(id) == "" {
		return StateNeverStarted, strings.TrimSpace(strings.TrimPrefix(w.Status, "error:"))
	}
	if w.API == "v3" {
		return stateV3(w, pr)
	}
	return stateV1(w, pr)
}

func stateV1(w UpstreamStatus, pr PRSummary) (State, string) {
	word := strings.ToLower(strings.TrimSpace(w.Status))
	switch word {
	case "created":
		return StateQueued, ""
	case "working", "running", "resumed":
		return StateWorking, ""
	case "blocked":
		return waiting(pr), ""
	case "finished", "stopped":
		return StateFinished, ""
	case "expired":
		return StateExpired, ""
	}
	switch {
	case strings.HasPrefix(word, "resume_requested"):
		return StateWorking, ""
	case strings.HasPrefix(word, "suspend_requested"):
		return StateSuspended, ""
	case w.API == "" && strings.HasPrefix(word, "error:"):
		return StateFailed, strings.TrimSpace(strings.TrimPrefix(w.Status, "error:"))
	case w.API == "":
		// Newer actions may record a v3 word; those that mean the same in
		// both vocabularies were answered above.
		if state, reason := stateV3(w, pr); state != StateUnknown {
			return state, reason
		}
	}
	return StateUnknown, w.Status
}

func stateV3(w UpstreamStatus, pr PRSummary) (State, string) {
	switch strings.ToLower(strings.TrimSpace(w.Status)) {
	case "new", "creating", "claimed":
		return StateQueued, ""
	case "running":
		switch strings.ToLower(w.Detail) {
		case "waiting_for_user", "waiting_for_approval":
			return waiting(pr), w.Detail
		case "finished":
			return StateFinished, ""
		}
		return StateWorking, ""
	case "resuming":
		return StateWorking, ""
	case "exit":
		return StateFinished, ""
	case "suspended":
		return StateSuspended, w.Detail
	case "error":
		return StateFailed, w.Detail
	}
	return StateUnknown, w.Status
}

// waiting tells apart what a session that stopped for its user waits for.
func waiting(pr PRSummary) State {
	switch {
	case pr.Open:
		return StatePRReady
	case pr.Merged:
		return StateFinished
	}
	return StateWaiting
}

// How often sessions are polled that seldom change, and those that Devin does
// not know (docs/rules.md#session-states, the column "poll on").
const (
	pollSuspended = 10 * time.Minute
	pollFinished  = time.Hour
	PollMissing   = time.Hour
)

// PollInterval returns the least time between two polls of a session of this
// state, 0 to poll it each time. ok is false for a state that is never polled.
func (s State) PollInterval() (interval time.Duration, ok bool) {
	switch s {
	case StateQueued, StateWorking, StateWaiting, StatePRReady, StateUnknown:
		return 0, true
	case StateSuspended:
		return pollSuspended, true
	case StateFinished:
		return pollFinished, true
	}
	return 0, false
}

// Keywords of queries that stand for several states.
const (
	KeywordOpen   = "open"   // issues that are not fixed; pull requests; repositories with open issues
	KeywordActive = "active" // sessions that are queued, working or waiting
	KeywordOther  = "other"  // severities that are none of CodeQL's
)
