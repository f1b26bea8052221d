package telemetry

import (
	"fmt"
	"strings"
	"time"
)

// Need is why something waits for a person.
type Need string

// The groups of "Needs you" (docs/rules.md#needs-you).
const (
	NeedWaiting      Need = "waiting"       // a session waits for its user, without a pull request
	NeedNew          Need = "new"           // critical or high, nothing is under way, and new or overdue
	NeedReview       Need = "pr_ready"      // a pull request is ready for review
	NeedMerge        Need = "verified"      // verified, not merged
	NeedStillThere   Need = "still_there"   // merged, and a later scan still names the issue
	NeedGaveUp       Need = "gave_up"       // a session ended without a pull request, or says that it is blocked
	NeedNeverStarted Need = "never_started" // a session could not be created
	NeedStuck        Need = "stuck"         // polled, working, and long without an update
	NeedScan         Need = "overdue"       // the next scan is late
)

// Needs are all of them, in the order of lists.
func Needs() []Need {
	return []Need{
		NeedWaiting, NeedNew, NeedReview, NeedMerge, NeedStillThere, NeedGaveUp, NeedNeverStarted, NeedStuck, NeedScan,
	}
}

// Label is the need in words, as pages and the API have it.
func (n Need) Label() string {
	return map[Need]string{
		NeedWaiting:      "Devin waits for you",
		NeedNew:          "New or overdue",
		NeedReview:       "PR ready for review",
		NeedMerge:        "Verified, not merged",
		NeedStillThere:   "Merged, but still there",
		NeedGaveUp:       "Devin gave up",
		NeedNeverStarted: "Never started",
		NeedStuck:        "Stuck",
		NeedScan:         "Scan overdue",
	}[n]
}

// Action is the one thing to do about the row: its name in the API, and its
// label.
func (n *NeedRow) Action() (name, label string) {
	switch n.PullReason() {
	case ReasonConflict:
		return "resolve", "Resolve on GitHub"
	case ReasonChecksRed:
		return "checks", "See checks"
	case ReasonApproved:
		return "merge", "Merge on GitHub"
	case ReasonChanges:
		return "review", "Review"
	}
	need, sessions := n.Need, n.Sessions
	switch need {
	case NeedWaiting:
		return "reply", "Reply"
	case NeedReview:
		return "review", "Review"
	case NeedMerge:
		return "merge", "Merge on GitHub"
	case NeedStuck:
		return "look", "Open in Devin"
	}
	switch n := len(n.Issues); {
	case n == 0 || n > needIssuesMost:
	case need == NeedNew:
		return "send", "Send to Devin…"
	case need == NeedStillThere:
		return "retry", "Retry " + counted(n, "issue") + "…"
	case sessions > 1:
		return "retry", fmt.Sprintf("Retry %d batches…", sessions)
	default:
		return "retry", "Retry this batch…"
	}
	return "dispatch", "Start a run…"
}

// needIssuesMost is how many issues of a row are sent to Devin together: more are
// chosen in their list.
const needIssuesMost = 400

// PullReason is what about an open pull request a person can act on.
type PullReason string

// The reasons, the first that applies first: what keeps it from being merged, and
// that nothing does.
const (
	ReasonConflict  PullReason = "conflict"
	ReasonChecksRed PullReason = "checks red"
	ReasonChanges   PullReason = "changes requested"
	ReasonApproved  PullReason = "approved and green"
)

// PullReason is that of a row about an open pull request, "" where there is none.
func (n *NeedRow) PullReason() PullReason {
	switch {
	case n.Need != NeedReview && n.Need != NeedMerge:
	case n.Mergeable == MergeableConflict:
		return ReasonConflict
	case n.Checks == ChecksFailure:
		return ReasonChecksRed
	case n.Review == ReviewChanges:
		return ReasonChanges
	case n.Ready() && !n.PullDraft:
		return ReasonApproved
	}
	return ""
}

// StartedFor is how long a run that was started from here, and that left no
// record yet, counts as running.
const StartedFor = 6 * time.Hour

// NeedRow is one thing that waits for a person, and since when. Sessions that
// ended for one cause in one repository are one row, and so are issues of one rule.
type NeedRow struct {
	Need       Need     `json:"group"`
	Since      Time     `json:"since"`
	Repo       RepoName `json:"repo"`
	TargetRepo string   `json:"target_repo"` // as recorded, "" if unknown
	SessionID  string   `json:"session_id"`  // as recorded; "" without a session
	PullNumber int64    `json:"pr_number"`   // 0 without a pull request
	IssueIDs   []string `json:"issue_ids"`   // as the session has them
	Severity   string   `json:"severity"`    // the worst of Issues, "" where none is known
	Rule       string   `json:"rule_id"`     // that all of Issues have, else ""
	Sessions   int64    `json:"sessions"`    // how many the row stands for
	Issues     []string `json:"issues"`      // public ids of the open issues that it is about
	StartedAt  Time     `json:"started_at"`  // of a run that was started for it and has left no record yet
	DueAt      Time     `json:"due_at"`      // the first of Issues; null where none has a due date
	Late       bool     `json:"overdue"`     // it waits because its issues are overdue
	PullStatus          // of the pull request

	Key          string   `json:"row"`           // names the row, for a snooze
	Assignee     Optional `json:"assignee"`      // of the worst of Issues
	Owners       []string `json:"owners"`        // likewise
	Snooze       int64    `json:"snooze"`        // the decision by which it is snoozed; 0 = it is not
	SnoozedUntil Time     `json:"snoozed_until"` // zero also where only a change ends it
	SnoozedRows  int64    `json:"snoozed_rows"`  // how many rows that decision snoozed at once

	SessionURL   string        `json:"-"`
	SessionTitle string        `json:"-"`
	State        State         `json:"-"` // of the session
	Blocked      bool          `json:"-"` // by the session's own word
	Family       string        `json:"-"` // of the session's issues
	Reason       string        `json:"-"` // why a session never started, or what it waits for
	RunFile      string        `json:"-"`
	RunNumber    int64         `json:"-"`
	BatchID      Batch         `json:"-"`
	PullRepo     RepoName      `json:"-"`
	PullTitle    string        `json:"-"`
	PullURL      string        `json:"-"`
	PullDraft    bool          `json:"-"`
	File         string        `json:"-"` // of the issue, where there is just one
	Line         int64         `json:"-"`
	LastScan     Time          `json:"-"` // of the repository
	Interval     time.Duration `json:"-"` // usual time between two scans; 0 with too few
	Ended        []string      `json:"-"` // keys of the sessions that gave up
}

// Subject is what the row is about, in words.
func (n *NeedRow) Subject() string {
	switch {
	case n.PullNumber > 0 && n.PullTitle != "":
		return n.PullTitle
	case n.PullNumber > 0:
		return fmt.Sprintf("%s#%d", n.PullRepo, n.PullNumber)
	case n.Need == NeedScan:
		return string(n.Repo)
	case n.Need == NeedNew && len(n.Issues) > 1:
		return fmt.Sprintf("%d × %s", len(n.Issues), n.Rule)
	case n.Need == NeedNew:
		return n.Rule
	case n.Sessions > 1 && n.Need == NeedNeverStarted:
		return fmt.Sprintf("%d batches never started", n.Sessions)
	case n.Sessions > 1:
		return fmt.Sprintf("%d sessions", n.Sessions)
	case n.SessionTitle != "":
		return n.SessionTitle
	case n.SessionID != "":
		return "Session " + n.SessionID
	}
	if n.BatchID == NoBatch {
		return fmt.Sprintf("A session of run %d", n.RunNumber)
	}
	return fmt.Sprintf("Batch %d of run %d", n.BatchID, n.RunNumber)
}

// Detail says why the row waits, in words; times are the reader's to tell.
func (n *NeedRow) Detail() string {
	switch n.PullReason() {
	case ReasonConflict:
		return "It conflicts with its base branch and cannot be merged."
	case ReasonChecksRed:
		return "Checks of its last commit failed."
	case ReasonChanges:
		return "A reviewer requested changes."
	case ReasonApproved:
		return "It is approved, and its checks passed: merge it."
	}
	switch n.Need {
	case NeedWaiting:
		return "Devin waits for an answer and has opened no pull request."
	case NeedNew:
		if n.Late {
			return "Its due date has passed, and no session or pull request is under way."
		}
		return "The latest scan found it, and no session has worked on it."
	case NeedReview:
		return "The pull request is open."
	case NeedMerge:
		return "The re-scan found the issues gone; the pull request is not merged."
	case NeedStillThere:
		return "Its fix was merged or verified, and a scan since still found " + counted(len(n.Issues), "issue") + "."
	case NeedGaveUp:
		return n.End() + "."
	case NeedNeverStarted:
		if n.Reason != "" {
			return "Devin did not start it: " + n.Reason
		}
		return "Devin did not start it."
	case NeedStuck:
		return "Devin says that it works, without an update for over two hours."
	case NeedScan:
		return fmt.Sprintf("Usually scanned every %s; the next scan is overdue.", roundAge(n.Interval))
	}
	return ""
}

// End is how a session that gave up has ended: "Suspended: out of credits".
func (n *NeedRow) End() string {
	if n.Blocked {
		return "Devin says that it is blocked"
	}
	if n.State == StateFinished {
		return "Finished without a pull request"
	}
	words := string(n.State)
	if words != "" {
		words = strings.ToUpper(words[:1]) + words[1:]
	}
	if n.Reason != "" {
		words += ": " + strings.ReplaceAll(n.Reason, "_", " ")
	}
	return words
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// roundAge is a duration in words of one unit.
func roundAge(d time.Duration) string {
	unit, size := "hours", time.Hour
	switch {
	case d >= 48*time.Hour:
		unit, size = "days", 24*time.Hour
	case d < 2*time.Hour:
		unit, size = "minutes", time.Minute
	}
	return fmt.Sprintf("%d %s", int64(d.Round(size)/size), unit)
}
