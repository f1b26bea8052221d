package telemetry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ActivityKind is the kind of what changed.
type ActivityKind string

// The kinds of changes, in the order in which those of one moment are shown.
const (
	ActivityRun          ActivityKind = "run"          // a scan's or dispatch's record
	ActivitySession      ActivityKind = "session"      // a session's state
	ActivityPull         ActivityKind = "pull"         // a pull request opened, merged or closed
	ActivityVerification ActivityKind = "verification" // a re-scan of a fix
	ActivityScope        ActivityKind = "scope"        // a scope-reduced scan accepted as a full one
	ActivityJob          ActivityKind = "job"          // a refresh, a poll, a backfill
	ActivitySubmission   ActivityKind = "deed"         // a reply, a dispatch
	ActivityCorrection   ActivityKind = "mend"         // a change that backfill made, as long as it holds
)

// ActivityKinds are all of them.
func ActivityKinds() []ActivityKind {
	return []ActivityKind{
		ActivityRun, ActivitySession, ActivityPull, ActivityVerification, ActivityScope, ActivityJob, ActivitySubmission,
		ActivityCorrection,
	}
}

// Activity is one change. At is UTC; which other fields are set depends on
// the kind.
type Activity struct {
	Kind ActivityKind
	At   Time
	Word string // run: scan or dispatch; pull: opened, merged, closed; verification: its outcome; submission: its SubmissionKind
	Repo RepoName
	By   StartedBy // of a scope, a job and a deed

	Source, File string // of the record
	Run          int64
	Found        int64
	Compared     bool // New, Gone and Back are known
	New          int64
	Gone         int64
	Back         int64 // reopened
	Sessions     int64 // started

	Session string // as recorded
	Title   string // of the session or pull request
	State   State
	Detail  string
	Origin  string // of a state: record, poll or pr

	Pull            PullRef
	Fixed, Targeted int64

	Job Job

	Change      Change // of a correction
	Application int64  // of backfill, which made it
}

// ActivityFilter narrows the list of changes. No kinds are all kinds; Repo
// is a repository's key, "" for all, and leaves out what concerns none.
type ActivityFilter struct {
	Kinds []ActivityKind
	Repo  string
	AsOf  time.Time // what was known then; zero is now
}

// ActivityCursor is a place in the list of changes: after Skip changes of Kind
// at a time. The zero value is its beginning.
type ActivityCursor struct {
	At   time.Time
	Kind ActivityKind
	Skip int64
}

// String is the mark as an address has it, "" for the beginning.
func (m ActivityCursor) String() string {
	if m.At.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d-%s-%d", m.At.UnixMilli(), m.Kind, m.Skip)
}

// ParseActivityCursor reads what String wrote. The error is CodeInvalid.
func ParseActivityCursor(text string) (ActivityCursor, error) {
	if text == "" {
		return ActivityCursor{}, nil
	}
	fields := strings.Split(text, "-")
	if len(fields) == 3 {
		at, err := strconv.ParseInt(fields[0], 10, 64)
		skip, err2 := strconv.ParseInt(fields[2], 10, 64)
		kind := ActivityKind(fields[1])
		if err == nil && err2 == nil && skip >= 0 && skip <= 1<<20 && slices.Contains(ActivityKinds(), kind) {
			return ActivityCursor{At: time.UnixMilli(at).UTC(), Kind: kind, Skip: skip}, nil
		}
	}
	return ActivityCursor{}, Errorf(CodeInvalid,
		"Invalid before: want the value of the link to older changes. Leave it out to start with the newest.")
}
