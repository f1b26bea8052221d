package telemetry

import "time"

// List is one page of rows and how many rows there are in all.
type List[T any] struct {
	Items []T
	Total int64
}

// Topic names a kind of data whose changes are counted by a version.
type Topic = string

// The topics. A write that changes no row raises none.
const (
	TopicRecords  Topic = "records"  // files, runs, issues, repositories
	TopicSessions Topic = "sessions" // sessions and their states
	TopicPulls    Topic = "pulls"    // pull requests and their links
	TopicJobs     Topic = "jobs"
	TopicViews    Topic = "views"
)

// Topics are all topics.
func Topics() []Topic { return []Topic{TopicRecords, TopicSessions, TopicPulls, TopicJobs, TopicViews} }

// RunRow is one scan or dispatch. Its JSON is that of a reference to it: a list
// answers its record.
type RunRow struct {
	File        string   `json:"file"`
	RunNumber   int64    `json:"run_number"`
	At          Time     `json:"timestamp"`
	Repo        RepoName `json:"repo"`
	IssuesFound int64    `json:"issues_found"`
	Reduced     bool     `json:"scope_reduced"`

	Source      string `json:"-"` // the action repository, "" for RUNS_DIR
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
	ID          string    `json:"session_id"` // as recorded; "" if it never started
	URL         string    `json:"session_url"`
	BatchID     int64     `json:"batch_id"`
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

	Key     string     `json:"-"` // the bare id; for one that never started "file#place"
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
	CreatedAt  Time      `json:"created_at"`
	UpdatedAt  Time      `json:"updated_at"`
	ClosedAt   Time      `json:"closed_at"`
	MergedAt   Time      `json:"merged_at"`
	Repo       RepoName  `json:"repo"`
	IssueIDs   []string  `json:"issue_ids"`
	User       string    `json:"user"`
	Session    string    `json:"session_id"` // as recorded, "" without a link
	Basis      LinkBasis `json:"link_basis"`
	Candidates []string  `json:"candidates"` // ids as recorded, where several sessions fit
}

// PullMarks is what lists show beside a pull request.
type PullMarks struct {
	Severity map[string]int64 // of the issues that its sessions took, counted by tier
	Verdict  Verdict          // of its latest verification, "" without one
}

// IssueRow is one issue of a list.
type IssueRow struct {
	Issue
	Repo       RepoName `json:"repo"`
	TargetRepo string   `json:"target_repo"`    // as recorded
	Attempts   int64    `json:"attempts"`       // sessions that took it
	Session    string   `json:"latest_session"` // bare id of the latest of them, "" without one
}

// RepoRow is one repository with its figures. PRs are those of the target
// and the fork.
type RepoRow struct {
	Name        RepoName
	TargetRepo  string // as last recorded
	ForkURL     string
	Fork        RepoName
	Runs        int64 // scans and dispatches
	Scans       int64
	Dispatches  int64
	IssuesFound int64 // sum over runs
	LastRun     Time

	SessionsCreated  int64 // with an id
	SessionsFinished int64
	SessionsActive   int64
	SessionsWaiting  int64
	SessionsWithPR   int64
	NeverStarted     int64

	PRs PullCounts

	SeveritySum map[string]int64 // sums over runs
	CategorySum map[string]int64

	Open          int64            // of listed issues, or of the latest scan's counts
	OpenSeverity  map[string]int64 // likewise
	OpenCategory  map[string]int64
	Listed        bool // there is a reference scan: the counts have a list
	ReferenceRun  *int64
	ReferenceAt   Time
	LatestRun     *int64
	LatestScanAt  Time
	LatestFile    string
	LatestReduced bool // the latest scan with findings data closed nothing
	Unnamed       bool // a newer scan than the reference names no findings
}

// PullCounts counts pull requests by state. Total = Open + Closed + Merged +
// Unknown.
type PullCounts struct {
	Total, Open, Closed, Merged, Unknown int64
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

// Totals are the figures over all repositories.
type Totals struct {
	Repos         []string // target_repo as recorded, latest first
	Runs          int64
	Scans         int64
	Dispatches    int64
	Verifications int64
	BrokenFiles   int64
	IssuesFound   int64

	Latest         int64 // open issues, with what Unlisted adds
	Unlisted       int64 // of repositories without a reference scan
	LatestSeverity map[string]int64
	LatestCategory map[string]int64
	SeveritySum    map[string]int64
	CategorySum    map[string]int64

	SessionsByState  map[State]int64 // never-started ones included
	SessionsCreated  int64
	SessionsWithPR   int64
	SessionsFinished int64
	Active           ActiveSessions
	PRs              PullCounts
}

// ActiveSessions counts what Devin does now. What only a record tells, and
// told long ago, is not among it (RecordedFor).
type ActiveSessions struct {
	Working int64 // queued or working
	Waiting int64 // for its user, without a pull request
}

// FileRow is one file of a run directory, as the store knows it.
type FileRow struct {
	Source    string
	File      string
	Kind      Kind // "" if it never parsed
	SHA       string
	Size      int64
	Error     string // of its latest version, "" if that parsed
	Gone      bool
	Shadowed  bool // the action repository has the same file
	FetchedAt Time
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

// Job is one run of a refresh, a poll, … Times are UTC; Ended is zero while
// it runs.
type Job struct {
	ID      string
	Kind    string // refresh, poll, poll-prs, backfill
	State   string // running, done, failed, interrupted, cancelled
	By      Starter
	Steps   []JobStep
	Joined  int64 // callers that joined it
	Started Time
	Ended   Time
	Result  []byte // JSON, nil until it is done
	Error   string
	Code    Code     // of Error
	Errors  []string // what failed while the job went on
}

// Running tells whether the job has not ended.
func (j *Job) Running() bool { return j.State == JobRunning }

// The states of a job.
const (
	JobRunning     = "running"
	JobDone        = "done"
	JobFailed      = "failed"
	JobInterrupted = "interrupted" // the program ended before it
	JobCancelled   = "cancelled"   // by a person
)

// SourceStatus is when a source of data was last read, and what went wrong
// since. Times are UTC.
type SourceStatus struct {
	Name     string // "runs", "runs_dir", "sessions", "pulls"
	OKAt     Time
	FailedAt Time   // of the first failure since OKAt; zero if the last reading was good
	RetryAt  Time   // when an upstream's limit ends; zero if none is known
	Error    string // of the last failure
	Code     Code
	Held     *HeldListing // of run files: the listing that marks nothing gone; nil if there is none
	Missing  int64        // of sessions: how many Devin does not know with this key
}

// Change is one mend of an old record.
type Change struct {
	Source string `json:"-"`
	File   string `json:"file"`
	Field  string `json:"field"` // for example sessions[3].issue_ids
	Old    any    `json:"old"`
	New    any    `json:"new"`
	Reason string `json:"reason"`
}

// FetchedFile is a run file with its content, as a source gave it. Record is
// nil where Err says what is wrong with it; Body is nil where it was not
// fetched at all.
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

// PullSync is one repository whose pull requests are asked for, and how far
// they are known: nothing updated before Watermark is missing.
type PullSync struct {
	Repo      RepoName
	Watermark time.Time
}

// SeverityRank orders severity tiers, the worst first, from 0; a tier that
// CodeQL does not have comes last.
func SeverityRank(tier string) int {
	for i, t := range Severities() {
		if t == tier {
			return i
		}
	}
	return len(Severities())
}

// Severities are the tiers of severity, the worst first.
func Severities() []string { return []string{"critical", "high", "medium", "low"} }
