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

// The least time between two automatic polls of a session (docs/rules.md#poll).
// Those that work are asked about at each interval of the loop.
const (
	pollWaiting   = 4 // intervals: a person takes minutes to answer
	pollSuspended = 10 * time.Minute
	pollFinished  = time.Hour
	PollMissing   = time.Hour
	// PollAwakened is how long a session counts as working after a message was sent
	// to it here, whatever its state: Devin may take a while to wake it.
	PollAwakened = 10 * time.Minute
)

// PollDistance returns the least time between two polls of a session of this state
// by a loop with that interval. polled is false for a state that only a person
// has asked about.
func (s State) PollDistance(every time.Duration) (distance time.Duration, polled bool) {
	switch s {
	case StateQueued, StateWorking, StateUnknown:
		return every, true
	case StateWaiting, StatePRReady:
		return pollWaiting * every, true
	case StateSuspended:
		return max(pollSuspended, every), true
	case StateFinished:
		return max(pollFinished, every), true
	}
	return 0, false
}

// Keywords of queries that stand for several states.
const (
	KeywordOpen   = "open"   // issues that are not fixed; pull requests; repositories with open issues
	KeywordActive = "active" // sessions that are queued, working or waiting
	KeywordOther  = "other"  // severities that are none of CodeQL's
)
