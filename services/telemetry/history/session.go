package history

import (
	"strconv"
	"strings"
	"time"
)

// State is what a session does, in words that are neither API's.
type State string

// The states. A session that waits with an open pull request is StatePRReady;
// a suspended one has its reason in the step's Detail, in the words of Devin's
// status_detail.
const (
	StateQueued    State = "queued"
	StateWorking   State = "working"
	StateWaiting   State = "waiting"
	StatePRReady   State = "pr_ready"
	StateFinished  State = "finished"
	StateSuspended State = "suspended"
	StateExpired   State = "expired"
	StateFailed    State = "failed"
)

// step is one moment of a session's script: from then on it is in the state,
// has the pull request, and has said the message.
type step struct {
	at      time.Time
	state   State
	detail  string
	pr      *pull
	from    string // fromDevin or fromUser, with a message
	message string
}

const (
	fromDevin = "devin"
	fromUser  = "user"
)

// target is an issue as a session was given it.
type target struct {
	issue *issue
	ref   issueRef
	print string
	path  string
	gone  bool // the fix's re-scan does not find it
}

// plannedOutcome is what becomes of a session.
type plannedOutcome int

const (
	planMerged plannedOutcome = iota
	planClosed
	planOpen // its pull request waits
	planNoPR
	planFailed
	planExpired
	planSuspended
	planNeverStarted
	planWaiting // it asks, and continues when somebody answers
	planWorking // as of a World's End; it opens a pull request soon after
	planStuck   // works, and tells nothing
	planDryRun  // the action only says what it would start
)

// session is one Devin session. id is "" where none could be made.
type session struct {
	id       string
	number   uint64
	repo     *repository
	batch    int
	family   string
	title    string
	targets  []target
	original int // findings of the scan it is for
	created  time.Time
	planned  plannedOutcome
	asks     bool // it puts a question before it continues
	verify   bool // its pull request gets a re-scan
	pull     *pull
	steps    []step

	rec  *scanRecord // is written anew when the session has ended; nil: it is not
	told bool        // it was

	sent []string // the tags with which somebody started it; nil: the action did

	brisk bool // its steps take seconds to minutes, for those who watch
	plan  int  // plans so far: an event of an older plan does nothing
}

// dryRunID stands where a dry run has no session.
const dryRunID = "dry-run"

// pull is a pull request and what becomes of it; zero times: never.
type pull struct {
	repo     string // "owner/name"
	number   int
	title    string
	body     string
	user     string
	branch   string
	session  string // session key
	created  time.Time
	verified time.Time
	merged   time.Time
	closed   time.Time
}

// forget clears what was to happen after a time.
func (p *pull) forget(at time.Time) {
	for _, t := range []*time.Time{&p.created, &p.verified, &p.merged, &p.closed} {
		if t.After(at) {
			*t = time.Time{}
		}
	}
}

func (p *pull) url() string {
	return "https://github.com/" + p.repo + "/pull/" + strconv.Itoa(p.number)
}

// claimed returns the targets that the re-scan found gone, or still there.
func (s *session) claimed(gone bool) []target {
	var out []target
	for _, t := range s.targets {
		if t.gone == gone {
			out = append(out, t)
		}
	}
	return out
}

// recordedStatus is the session's status as its record says it: newer records
// are written when the session is made, and not again unless it expires.
func (s *session) recordedStatus(newer bool) string {
	switch {
	case s.planned == planNeverStarted:
		return "error: 429 Client Error: Too Many Requests for url: https://api.devin.ai/v1/sessions"
	case s.planned == planDryRun:
		return dryRunID
	case s.planned == planExpired:
		return "expired"
	case newer:
		return "created"
	case s.planned == planOpen || s.planned == planWaiting:
		return "blocked"
	case s.planned == planWorking || s.planned == planStuck:
		return "working"
	default:
		return "finished"
	}
}

// at returns the index of the step that rules at now, -1 before the first.
func (s *session) at(now time.Time) int {
	k := len(s.steps) - 1
	for k >= 0 && s.steps[k].at.After(now) {
		k--
	}
	return k
}

func (s *session) idList(sep string) string {
	ids := make([]string, 0, len(s.targets))
	for _, t := range s.targets {
		if t.ref.number > 0 {
			ids = append(ids, t.ref.String())
		}
	}
	return strings.Join(ids, sep)
}
