package telemetry

import (
	"encoding/json"
	"time"
)

// Appearance is one finding of an issue in one scan.
type Appearance struct {
	RunFile   string `json:"run_file"`
	RunNumber int64  `json:"run_number"`
	At        Time   `json:"timestamp"`
	File      string `json:"file"`
	Line      int64  `json:"start_line"`
	// Fingerprint is what that scan's record gives or, where it gives none,
	// what was computed.
	Fingerprint string `json:"fingerprint"`
	Basis       Basis  `json:"matched_by"`
	Reduced     bool   `json:"scope_reduced"` // that scan was

	Source string `json:"-"` // the action repository, "" for RUNS_DIR
	Rule   string `json:"-"`
}

// FindingID is what one scan's record calls an issue: "" where it has no id.
type FindingID struct {
	RunFile   string
	Source    string
	RunNumber int64
	At        Time
	IssueID   string
}

// FindingIDs are what scans' records call an issue, the newest first. They
// are read from the records, so of many scans only some are.
type FindingIDs struct {
	Items []FindingID
	Total int // scans that name the issue
}

// AttemptRow is one session that worked on an issue.
type AttemptRow struct {
	Session   string       `json:"session_id"`    // as recorded; the session key where only a verification names it
	Known     bool         `json:"session_known"` // a run record names the session
	Basis     AttemptBasis `json:"basis"`
	File      string       `json:"record"`     // that says so
	RunNumber int64        `json:"run_number"` // of that record
	BatchID   Batch        `json:"batch_id"`
	At        Time         `json:"timestamp"` // of that record
	State     State        `json:"state"`     // "" unless known
	PRURL     string       `json:"pr_url"`
	LinkBasis LinkBasis    `json:"link_basis"`
	Others    int64        `json:"other_issues"` // that the same session worked on by the same record

	Claim  Optional `json:"claim"`          // what the session says of the issue (Said)
	Reason Optional `json:"blocked_reason"` // why it is blocked
	Found  Optional `json:"found"`          // what scans found since (Found)
	Unsure bool     `json:"merge_unknown"`  // nobody knows of a merge
	ACUs   *float64 `json:"acus"`           // its share of what the session has cost; nil where that is not known

	IssueID  string        `json:"-"` // public id
	PR       *PullState    `json:"-"`
	States   []StateChange `json:"-"` // of the session, oldest first
	PrunedAt Time          `json:"-"` // since when the record is no longer kept as it was fetched
}

// StepKind is the kind of a step in an issue's timeline.
type StepKind string

// The kinds of steps.
const (
	StepFirstSeen          StepKind = "first_seen"
	StepMoved              StepKind = "moved"
	StepFingerprintChanged StepKind = "relinked" // the same issue, another fingerprint; it may have moved too
	StepAttempt            StepKind = "taken"    // a session worked on it
	StepSession            StepKind = "session"  // what became of that session, as polled
	StepPROpened           StepKind = "pr_opened"
	StepVerified           StepKind = "verified"
	StepMerged             StepKind = "merged"
	StepPRClosed           StepKind = "pr_closed"
	StepGone               StepKind = "gone"
	StepBack               StepKind = "back"
	StepNotScanned         StepKind = "not_scanned"
	StepDecided            StepKind = "decided"          // a person decided about it
	StepDecisionUndone     StepKind = "decision_undone"  // that was taken back
	StepDecisionExpired    StepKind = "decision_expired" // its time had passed
)

// Step is one step of an issue's timeline.
type Step struct {
	Kind      StepKind            `json:"kind"`
	At        Time                `json:"timestamp"` // zero where the time is not known
	Text      string              `json:"text"`      // a sentence
	RunFile   Optional            `json:"record"`    // that says so, "" where Source names another source
	RunNumber int64               `json:"run_number"`
	Source    string              `json:"source"`     // "record", "github", "devin", "person"
	Session   Optional            `json:"session_id"` // as recorded
	PRURL     Optional            `json:"pr_url"`
	Outcome   VerificationOutcome `json:"outcome"` // with StepVerified

	// What stands behind the step, nil for other kinds.
	Seen    *Appearance      `json:"-"` // first seen, moved, re-linked, back
	Was     *Appearance      `json:"-"` // the one before that
	Attempt *AttemptRow      `json:"-"`
	Pull    *PullRow         `json:"-"`
	Check   *VerificationRow `json:"-"`
	Decided *IssueDecision   `json:"-"`
}

// IssueDetail is an issue with all that is known of it, in time order.
type IssueDetail struct {
	IssueRow
	Described
	Appearances   []Appearance      `json:"appearance_list"`
	Verifications []VerificationRow `json:"verifications"`
	Decisions     []IssueDecision   `json:"decisions"` // all of them, oldest first
	Timeline      []Step            `json:"timeline"`
	Odds          Odds              `json:"odds"`
	Due           Due               `json:"due"`
	Attempts      []AttemptRow      `json:"-"` // the API adds what came of each
	Scans         []ScanPoint       `json:"-"` // of its repository from its first on
}

// StateChange is one change of a session's state.
type StateChange struct {
	State  State  `json:"state"`
	Status string `json:"status"` // the upstream's or the record's
	Detail string `json:"status_detail"`
	Origin string `json:"source"` // "record", "poll" or "pr"
	At     Time   `json:"timestamp"`
}

// Mention is what one run record says of a session.
type Mention struct {
	RunFile   string `json:"file"`
	Kind      Kind   `json:"kind"`
	RunNumber int64  `json:"run_number"`
	At        Time   `json:"timestamp"`
	RecordedSession
	IssuesNamed bool   `json:"issues_named"` // its record's findings, or a dispatch's, have those ids
	Source      string `json:"-"`
}

// SessionDetail is a session with all that is known of it.
type SessionDetail struct {
	SessionRow
	States        []StateChange     `json:"states"`       // oldest first
	Mentions      []Mention         `json:"mentions"`     // newest record first
	IssuesNamed   bool              `json:"issues_named"` // false: "issues not named"
	Issues        []IssueRow        `json:"issues"`       // of its attempts; empty where none is named
	Pulls         []PullRow         `json:"prs"`          // linked to it, ambiguous ones too
	Verifications []VerificationRow `json:"verifications"`
	Output        json.RawMessage   `json:"structured_output"` // as Devin gives it, nil without one
	Claim         *Claim            `json:"claim"`             // what that says; nil where it is no object
	IssueClaims   []IssueClaim      `json:"issue_claims"`
	Said          []SaidChange      `json:"claim_changes"` // oldest first
	MissingSince  Time              `json:"-"`             // when Devin first answered 404 for it; zero while it knows it
}

// PullDetail is a pull request with all that is known of it.
type PullDetail struct {
	PullRow
	Sessions      []LinkedSession   `json:"sessions"`
	Issues        []IssueRow        `json:"issues"` // of its sessions
	Verifications []VerificationRow `json:"verifications"`
	Retired       Retired           `json:"-"` // why the repository that it is in is out of use
}

// LinkedSession is a session that a pull request belongs to, or may. Its Basis
// is that of this pull request.
type LinkedSession struct {
	SessionRow
	Ambiguous bool `json:"guess"` // one of several that it fits equally
}

// VerificationRow is the latest verification of a session.
type VerificationRow struct {
	File      string   `json:"file"`
	At        Time     `json:"verified_at"`
	Session   string   `json:"session_id"`    // as recorded in its run, else the session key
	Known     bool     `json:"session_known"` // a run record names the session
	Repo      RepoName `json:"repo"`          // the target; the pull request's own is PullRef.Repo
	PullRef            // zero without one
	PRURL     string   `json:"pr_url"`
	PRTitle   string   `json:"pr_title"`
	SourceRun int64    `json:"source_run_number"`
	ScanFile  Optional `json:"source_file"` // the scan that it is about, "" if that is not known
	Family    string   `json:"cwe_family"`
	Targeted  int64    `json:"total_targeted"`
	Fixed     int64    `json:"fixed_count"`
	Remaining int64    `json:"remaining_count"`

	Gone        int64               `json:"gone"`        // of the issues called fixed: gone by now
	StillThere  int64               `json:"still_there"` // of the issues called fixed: still there
	Unmatched   int64               `json:"unmatched"`   // entries that are no finding of its run
	Merge       MergeState          `json:"merge"`
	MergedAt    Time                `json:"merged_at"`
	Outcome     VerificationOutcome `json:"outcome"`
	Current     bool                `json:"current"` // the latest of its session
	ReferenceAt Time                `json:"reference_at"`
	Rescanned   bool                `json:"rescanned"` // a full scan is newer than the merge, or than the verification where that is not known
	Issues      []VerifiedIssue     `json:"issues"`

	StoreID  int64  `json:"-"` // its id in the store
	Source   string `json:"-"`
	PrunedAt Time   `json:"-"` // since when its record is no longer kept as it was fetched
}

// VerifiedIssue is one issue of a verification.
type VerifiedIssue struct {
	IssueRow
	Result VerificationResult `json:"claim"`
}

// RunDetail is a scan or dispatch with what came of it.
type RunDetail struct {
	RunRow
	Accepted  bool   // a person accepted it as a full scan
	Reference bool   // it is its repository's reference scan
	Against   string // file of the scan that it is compared with, "" for none
	// NotCompared is why it cannot be compared as asked, in words; "" if it
	// can. The lists of what changed are empty then.
	NotCompared   string
	Counts        RunCounts // how long the lists are that a cut shows in part
	Previous      string    // file of the scan with findings data before it, "" if there is none
	Earlier       []RunRow  // scans with findings data before it, newest first, at most 100
	Sessions      []Mention
	States        map[string]SessionRow // by session key: the sessions that have a row
	SessionIssues map[string][]IssueRow // by session key: what the record says that a session worked on
	New           []DiffIssue
	Reopened      []DiffIssue
	Gone          []DiffIssue
	Moved         []DiffIssue
	Unassigned    []IssueRow // named here, and in no session
	// UnassignedKnown is false where a session's ids name no finding of the
	// record, so that nobody can say which issues are in no session.
	UnassignedKnown bool

	PrunedAt    Time // since when its record is no longer kept as fetched
	LogPrunedAt Time // likewise its log
	LogBroken   []LogFailure
}

// RunDiff compares what was open after two scans of a repository.
type RunDiff struct {
	Run       RunRow      `json:"run"`
	Against   RunRow      `json:"against"`
	New       []DiffIssue `json:"new"`      // first seen after Against
	Reopened  []DiffIssue `json:"reopened"` // seen before or in Against, not open then, open now
	Gone      []DiffIssue `json:"gone"`
	Moved     []DiffIssue `json:"moved"`
	Unchanged []DiffIssue `json:"unchanged"`
}

// DiffIssue is an issue with its places in both scans.
type DiffIssue struct {
	IssueRow
	Before Spot `json:"before"`
	After  Spot `json:"after"`
}

// Spot is a place in a file. The zero Spot is none, null in JSON.
type Spot struct {
	File string `json:"file"`
	Line int64  `json:"start_line"`
}

// MarshalJSON implements json.Marshaler.
func (s Spot) MarshalJSON() ([]byte, error) {
	if s == (Spot{}) {
		return []byte("null"), nil
	}
	type plain Spot
	return json.Marshal(plain(s))
}

// RawFile is a file as it was fetched.
type RawFile struct {
	File, Source, SHA string
	Body              []byte
	Parsed            bool   // Body is a record; else nothing of this name ever parsed
	Error             string // of the latest version, "" if that parsed
}

// RunCounts is how many issues each list of a run has.
type RunCounts struct {
	New, Reopened, Gone, Moved, Unassigned int
}

// RunCut chooses what of a run is read: the scan that it is compared with,
// and how much of its lists. The zero cut reads all, against the scan before.
type RunCut struct {
	At      time.Time         // as of; zero is now
	Against string            // file; "" = the scan before
	Windows map[string]Window // by list: new, reopened, gone, moved, unassigned; nil = all of each
}

// Of is the window of a list.
func (c RunCut) Of(list string) Window {
	if c.Windows == nil {
		return Window{}
	}
	w := c.Windows[list]
	w.Part = true
	return w
}

// Window is a part of a list. The zero window is all of it.
type Window struct {
	Part       bool
	From, Size int
}

// Bounds returns the window's place in a list of n: list[from:to].
func (w Window) Bounds(n int) (from, to int) {
	if !w.Part {
		return 0, n
	}
	from = min(max(0, w.From), n)
	return from, min(n, from+max(0, w.Size))
}
