package telemetry

import (
	"encoding/json"
	"slices"
	"time"
)

// List is one page of rows and how many rows there are in all.
type List[T any] struct {
	Items []T
	Total int64
}

// Topic names a kind of data whose changes are counted by a version.
type Topic = string

// The topics. A write that changes no row raises none.
const (
	TopicRecords     Topic = "records"  // files, runs, issues, repositories
	TopicSessions    Topic = "sessions" // sessions and their states
	TopicPulls       Topic = "pulls"    // pull requests and their links
	TopicJobs        Topic = "jobs"
	TopicViews       Topic = "views"
	TopicSubmissions Topic = "submissions" // runs started and replies sent from here
	TopicDeliveries  Topic = "deliveries"  // webhooks that GitHub delivered
	TopicPeople      Topic = "people"      // access tokens
	TopicAudit       Topic = "audit"       // who changed what
	TopicDecisions   Topic = "decisions"   // what people decided about issues
	TopicCampaigns   Topic = "campaigns"
	TopicNotify      Topic = "notifications" // rules of notifications, and what was sent
)

// Topics are all topics.
func Topics() []Topic {
	return []Topic{TopicRecords, TopicSessions, TopicPulls, TopicJobs, TopicViews, TopicSubmissions, TopicDeliveries,
		TopicPeople, TopicAudit, TopicDecisions, TopicCampaigns, TopicNotify}
}

// RunRow is one scan or dispatch. Its JSON is that of a reference to it: a list
// answers its record.
type RunRow struct {
	File        string   `json:"file"`
	RunNumber   int64    `json:"run_number"`
	At          Time     `json:"timestamp"`
	Repo        RepoName `json:"repo"`
	IssuesFound int64    `json:"issues_found"`
	Reduced     bool     `json:"scope_reduced"`
	Lost        []string `json:"languages_not_scanned"` // that scans before it named, and it none of

	Source      string `json:"-"` // the action repository, "" for RUNS_DIR
	CountedAt   Time   `json:"-"` // when it was fetched, where its record is dated later; else zero
	Kind        Kind   `json:"-"`
	RunID       string `json:"-"`
	RunURL      string `json:"-"`
	RunLabel    string `json:"-"`
	Batches     int64  `json:"-"`
	Sessions    int64  `json:"-"` // with an id
	HasFindings bool   `json:"-"`
	New         *int64 `json:"-"` // issues first seen or reopened here; nil without findings data
	Gone        *int64 `json:"-"` // issues that it no longer names
	Item        []byte `json:"-"` // the record as JSON, as clients get it
}

// SessionRow is one Devin session.
type SessionRow struct {
	ID          string    `json:"session_id"`  // as recorded; "" if it never started
	Key         string    `json:"session_key"` // without "devin-"; "file#place" for one that never started
	URL         string    `json:"session_url"`
	BatchID     Batch     `json:"batch_id"`
	Status      string    `json:"status"`        // the upstream's or the record's word
	Detail      string    `json:"status_detail"` // v3's
	State       State     `json:"state"`
	Reason      string    `json:"reason"`
	StateSince  Time      `json:"state_since"`
	StateSource string    `json:"state_source"` // "record", "poll" or "pr"
	PolledAt    Time      `json:"polled_at"`    // since when Devin has said what it says now; zero: never polled
	UpdatedAt   Time      `json:"updated_at"`   // Devin's, zero if never polled
	HasPR       bool      `json:"has_pr"`
	PRURL       string    `json:"pr_url"`
	Basis       LinkBasis `json:"link_basis"`
	IssueIDs    []string  `json:"issue_ids"`
	Title       string    `json:"title"` // Devin's
	Repo        RepoName  `json:"repo"`
	TargetRepo  string    `json:"target_repo"`
	ForkURL     string    `json:"fork_url"`
	RunNumber   int64     `json:"run_number"`
	RunID       string    `json:"run_id"`
	RunURL      string    `json:"run_url"`
	RunLabel    string    `json:"run_label"`
	AtText      string    `json:"timestamp"` // of its record, RFC 3339 as recorded

	// What Devin says of it beside its state.
	Tags           []string `json:"tags"`
	Playbook       Optional `json:"playbook_id"`
	ACUs           *float64 `json:"acus_consumed"` // nil where it is not known
	ClaimStatus    Optional `json:"claim_status"`  // the status of its structured output
	ClaimedFixed   int64    `json:"claimed_fixed"` // issues that it says are fixed
	ClaimedBlocked int64    `json:"claimed_blocked"`
	TestsPassing   *bool    `json:"tests_passing"` // nil where it does not say
	ClaimedAt      Time     `json:"claimed_at"`    // since when it says what it says now, zero if it says nothing

	RunFile string     `json:"-"`
	At      Time       `json:"-"` // of its record
	Family  string     `json:"-"` // of its issues, where all have the same; else ""
	PR      *PullState `json:"-"` // its pull request, nil without one
}

// PullState is what a session's row says of its pull request.
type PullState struct {
	Repo   RepoName
	Number int64
	State  string
	Merged bool
}

// PullRow is one pull request. Times are zero where they are unknown.
type PullRow struct {
	Number     int64     `json:"pr_number"`
	Title      string    `json:"title"`
	URL        string    `json:"html_url"`
	State      string    `json:"state"` // GitHub's word, or "unknown"
	Merged     bool      `json:"merged"`
	Draft      bool      `json:"draft"`
	CreatedAt  TextTime  `json:"created_at"`
	UpdatedAt  Time      `json:"updated_at"`
	ClosedAt   Time      `json:"closed_at"`
	MergedAt   Time      `json:"merged_at"`
	Repo       RepoName  `json:"repo"`
	IssueIDs   []string  `json:"issue_ids"`
	User       string    `json:"user"`
	Session    string    `json:"session_id"`  // the session key, "" without a link
	SessionKey string    `json:"session_key"` // the same, under the name that /api/sessions has
	Basis      LinkBasis `json:"link_basis"`
	Candidates []string  `json:"candidates"` // ids as recorded, where several sessions fit
	RevertedAt Time      `json:"reverted_at"`
	RevertedBy Optional  `json:"reverted_by"` // address of the pull request that took it back
	PullStatus
}

// PullExtras is what lists show beside a pull request.
type PullExtras struct {
	Severity map[string]int64    // of the issues of its sessions, counted by tier
	Outcome  VerificationOutcome // of its latest verification, "" without one
}

// IssueRow is one issue of a list.
type IssueRow struct {
	Issue
	Repo       RepoName `json:"repo"`
	TargetRepo string   `json:"target_repo"`    // as recorded
	Attempts   int64    `json:"attempts"`       // sessions that worked on it
	Session    string   `json:"latest_session"` // session key of the latest of them, "" without one
	Claim      Optional `json:"claim"`          // what the latest session says of it (Said), "" without one
	Found      Optional `json:"found"`          // what scans found since that session (Found), "" without one
	State      Status   `json:"state"`          // in which it is shown: its status, unless a decision stands
	Decision   *Decided `json:"decision"`       // by which it is dismissed or accepted; nil without one
	Assignee   Optional `json:"assignee"`
	DecisionID int64    `json:"-"`      // of Decision, 0 without one
	Title      Optional `json:"title"`  // of its rule, "" where no log names that
	Score      *float64 `json:"score"`  // CVSS, by the newest log that names the issue; nil without one
	CWEs       []string `json:"cwes"`   // likewise: CWE-79
	Owners     []string `json:"owners"` // of its file, by CODEOWNERS, else the tags of the registry
	DueAt      Time     `json:"due_at"` // null unless it is open and has a due date
	Overdue    bool     `json:"overdue"`
	DueSoon    bool     `json:"-"` // it is due within the next DueSoon
	PausedAt   Time     `json:"-"` // since when the clock of DueAt pauses; zero where it runs
}

// RepoRow is one repository with its figures.
type RepoRow struct {
	TargetRepo       string           `json:"repo"` // as last recorded
	Name             RepoName         `json:"name"`
	ForkURL          string           `json:"fork_url"`
	Runs             int64            `json:"runs"`         // scans and dispatches
	IssuesFound      int64            `json:"issues_found"` // sum over runs
	SessionsCreated  int64            `json:"sessions_created"`
	SessionsFinished int64            `json:"sessions_finished"`
	SeveritySum      map[string]int64 `json:"severity_breakdown"` // sums over runs
	CategorySum      map[string]int64 `json:"category_breakdown"`
	LastRun          Time             `json:"last_run"`
	Open             int64            `json:"open"`             // of listed issues, or of the latest scan's counts
	OpenSeverity     map[string]int64 `json:"open_by_severity"` // likewise
	OpenCategory     map[string]int64 `json:"open_by_category"`
	Dismissed        int64            `json:"dismissed"` // taken out of the open ones by decisions
	Accepted         int64            `json:"accepted"`
	Overdue          int64            `json:"overdue"`       // of the open issues that have a list
	Latest           int64            `json:"latest_issues"` // open by scans alone: Open + Dismissed + Accepted
	LatestSeverity   map[string]int64 `json:"latest_severity"`
	LatestCategory   map[string]int64 `json:"latest_category"`
	ReferenceRun     *int64           `json:"reference_run"`
	LatestRun        *int64           `json:"latest_run"`
	LatestReduced    bool             `json:"scope_reduced"`         // the latest scan with findings data closed nothing
	LanguagesLost    []string         `json:"languages_not_scanned"` // that scan closed nothing of them
	Retired          Optional         `json:"retired"`               // why it is out of use (Retired), "" if it is not
	RetiredAt        Time             `json:"retired_at"`            // since when that is known

	Fork            RepoName   `json:"-"`
	Scans           int64      `json:"-"`
	Dispatches      int64      `json:"-"`
	SessionsActive  int64      `json:"-"`
	SessionsWaiting int64      `json:"-"`
	SessionsWithPR  int64      `json:"-"`
	NeverStarted    int64      `json:"-"`
	PRs             PullCounts `json:"-"` // of the target and the fork
	Listed          bool       `json:"-"` // there is a reference scan: the counts have a list
	ReferenceAt     Time       `json:"-"`
	LatestScanAt    Time       `json:"-"`
	LatestFile      string     `json:"-"`
	WithoutFindings bool       `json:"-"` // a newer scan than the reference names no findings
}

// StatusNote says what the counts of open issues are of, where that is unusual:
// in two or three words, and as a sentence. Both are "" otherwise.
func (r RepoRow) StatusNote() (short, note string) {
	switch {
	case r.Retired != "":
		return string(r.Retired), "The repository was " + string(r.Retired) + " on GitHub: its issues are not counted as open"
	case !r.Listed && r.LatestRun != nil:
		return "not listed", "Counts of the latest scan, which lists no findings"
	case r.WithoutFindings:
		return "newer scan not listed", "A newer scan lists no findings; open issues are as of the one before"
	case r.LatestReduced:
		return "scope reduced", "The latest scan covered less than the one before and closed nothing"
	case len(r.LanguagesLost) > 0:
		return "language not scanned", "The latest scan names nothing of " + LanguageNames(r.LanguagesLost) + " and closed nothing of it"
	}
	return "", ""
}

// PullCounts counts pull requests by state. Total = Open + Closed + Merged +
// Unknown.
type PullCounts struct {
	Total   int64 `json:"prs_total"`
	Merged  int64 `json:"prs_merged"`
	Open    int64 `json:"prs_open"`
	Closed  int64 `json:"prs_closed"`
	Unknown int64 `json:"prs_unknown"`
}

// Add counts n more pull requests of a state.
func (c *PullCounts) Add(state string, n int64) {
	c.Total += n
	switch state {
	case "merged":
		c.Merged += n
	case "open":
		c.Open += n
	case "closed":
		c.Closed += n
	default:
		c.Unknown += n
	}
}

// FixRate is merged / all pull requests × 100, to one decimal; 0 without any.
func (c PullCounts) FixRate() float64 {
	if c.Total == 0 {
		return 0
	}
	return float64((c.Merged*2000+c.Total)/(2*c.Total)) / 10
}

// FileRow is one file of a run directory, as the store knows it.
type FileRow struct {
	File      string   `json:"file"`
	Source    string   `json:"source"`
	Kind      Kind     `json:"kind"` // "" if it never parsed
	SHA       string   `json:"blob_sha"`
	Size      int64    `json:"size"`
	Error     Optional `json:"error"` // of its latest version, "" if that parsed
	Gone      bool     `json:"gone"`
	Shadowed  bool     `json:"shadowed"` // the action repository has the same file
	FetchedAt Time     `json:"fetched_at"`
	PrunedAt  Time     `json:"pruned_at"` // since when the file itself is no longer kept
}

// JobStep is one step of a job. Seconds is how long it took, or has taken.
type JobStep struct {
	Name    string  `json:"name"`
	State   string  `json:"state"` // waiting, running, done, failed
	Done    int64   `json:"done"`
	Total   int64   `json:"total"`
	Detail  string  `json:"detail"`
	Seconds float64 `json:"seconds"`
}

// Job is one run of a refresh, a poll, … Its lists are never nil.
type Job struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`  // refresh, poll, poll-prs, run-logs, backfill, rebuild, prune
	State   string          `json:"state"` // queued, running, done, failed, interrupted, cancelled
	Steps   []JobStep       `json:"steps"`
	By      StartedBy       `json:"started_by"`
	Joined  int64           `json:"joined"` // callers that joined it
	Started Time            `json:"started"`
	Ended   Time            `json:"ended"`  // zero while it runs
	Result  json.RawMessage `json:"result"` // nil until it is done
	Error   Optional        `json:"error"`
	Errors  []string        `json:"errors"` // what failed while the job went on
	Code    Code            `json:"-"`      // of Error
	Retry   time.Duration   `json:"-"`      // how long an upstream asked to wait, 0 if it did not
	Order   JobOrder        `json:"-"`
}

// JobOrder is what a caller wants of a job beside its kind.
type JobOrder struct {
	DryRun  bool      `json:"dry_run,omitempty"` // backfill: only say what would change
	Undo    bool      `json:"undo,omitempty"`    // backfill: take the last application back
	Log     LogRef    `json:"log,omitzero"`      // run-logs: the one to ask for before all others
	Offered bool      `json:"offered,omitempty"` // that log, as long as GitHub's limit leaves room
	Only    string    `json:"only,omitempty"`    // refresh: the files of this action repository, and nothing else
	By      StartedBy `json:"-"`                 // the job's own
}

// Running reports whether the job has not ended.
func (j *Job) Running() bool { return j.State == JobRunning || j.State == JobQueued }

// The states of a job.
const (
	JobQueued      = "queued" // until the program that runs the jobs starts it
	JobRunning     = "running"
	JobDone        = "done"
	JobFailed      = "failed"
	JobInterrupted = "interrupted" // the program ended before it
	JobCancelled   = "cancelled"   // by a person
)

// Why a job ended before its work did.
const (
	JobCancelledText   = "Canceled. What it had stored is kept; the next job continues from there."
	JobInterruptedText = "The program ended before the job did. Its next run completes it."
)

// SourceDatabase is the SourceStatus that there is while nothing can be written.
const SourceDatabase = "database"

// SourceStatus is when a source of data was last read, and what went wrong
// since.
type SourceStatus struct {
	Name     string       `json:"name"` // "runs", "runs_dir", "sessions", "pulls"
	Repo     RepoName     `json:"repo"` // of "runs": the action repository
	OKAt     Time         `json:"ok_at"`
	FailedAt Time         `json:"failed_at"` // of the first failure since OKAt; zero if the last reading was good
	RetryAt  Time         `json:"retry_at"`  // when an upstream's limit ends; zero if none is known
	Error    string       `json:"error"`     // of the last failure
	Code     Code         `json:"code"`
	Missing  int64        `json:"missing"`      // of sessions: how many Devin does not know with this key
	Held     *HeldListing `json:"held_listing"` // of run files: the listing that marks nothing gone; nil if there is none
}

// Change is one correction of an old record.
type Change struct {
	Source string `json:"-"`
	File   string `json:"file"`
	Field  string `json:"field"` // for example sessions[3].issue_ids
	Old    any    `json:"old"`
	New    any    `json:"new"`
	Reason string `json:"reason"`
}

// FetchedFile is a run file as a source gave it. Record is nil where Err says what is
// wrong with it; Body is nil where it was not fetched at all.
type FetchedFile struct {
	RunFile
	Body   []byte
	Record *Record
	Err    error
}

// PutResult counts what storing files changed.
type PutResult struct {
	New, Updated, Broken int64
}

// SeverityRank orders severity tiers, the worst first, from 0; a tier that
// CodeQL does not have comes last.
func SeverityRank(tier string) int {
	if rank := slices.Index(Severities(), tier); rank >= 0 {
		return rank
	}
	return len(Severities())
}

// Severities are the tiers of severity, the worst first.
func Severities() []string { return []string{"critical", "high", "medium", "low"} }
