package telemetry

import "time"

// RunFile is one run file of an action repository or a directory. SHA is the Git blob
// SHA-1 in hex: two files with the same SHA have the same bytes.
type RunFile struct {
	Name string
	SHA  string
	Size int64 // bytes
}

// GitHubRepo is what GitHub says of a repository. ID stays the same when it is
// renamed or transferred; the zero value is one that GitHub does not show.
type GitHubRepo struct {
	ID       int64
	Name     RepoName // what it is called now
	Parent   RepoName // of a fork: what it was forked from
	Archived bool
}

// RepoAnswer is what GitHub answered when a repository was asked for under a
// name.
type RepoAnswer struct {
	Asked RepoName
	GitHubRepo
}

// RepoNews is what became of a repository on GitHub.
type RepoNews struct {
	Repo RepoName // the name under which it was asked for
	Now  RepoName // its present name
	What string   // renamed, archived, unarchived
}

// PullRequest is a pull request as GitHub tells it. Times are UTC; a zero
// time is one that GitHub did not give.
type PullRequest struct {
	Repo      string // "owner/name" of the repository that holds it, as GitHub spells it
	RenamedTo string // the name under which GitHub has that repository, often the same; "" if it does not say
	Number    int
	Title     string
	Body      string
	HTMLURL   string
	State     string // GitHub's word: "open" or "closed"
	Draft     bool
	User      string // login of the author
	HeadRef   string
	HeadSHA   string
	CreatedAt time.Time
	UpdatedAt time.Time
	ClosedAt  time.Time
	MergedAt  time.Time // zero unless merged
}

// UpstreamSession is what Devin says of one session, in the words of either
// API version. Times are UTC.
type UpstreamSession struct {
	ID        string // the session key: without "devin-"
	API       string // "v1" or "v3": which vocabulary Status and Detail are of
	Status    string // v1: status_enum, else status; v3: status
	Detail    string // v3: status_detail; "" where there is none
	Title     string
	URL       string // "" where Devin gives none (v1)
	CreatedAt time.Time
	UpdatedAt time.Time
	PRs       []UpstreamPR
	Tags      []string
	Playbook  string // its id, "" without one
	MilliACUs int64  // what it has cost, in thousandths of an ACU; 0 where that is not known (v1)
	Output    []byte // its structured output as KeepOutput has it, nil without one
}

// NewSession is a session of Devin to start.
type NewSession struct {
	Prompt  string
	Title   string
	Tags    []string // at most MaxTags
	MaxACUs int64    // what it may cost; 0 leaves it to Devin
	// Playbook is the id of the one that it follows, "" for none.
	Playbook string
	Schema   []byte // of its structured output: JSON Schema, Draft 7; nil without one
}

// MaxTags is how many tags Devin takes for a session.
const MaxTags = 50

// UpstreamPR is a pull request that Devin names in a session.
type UpstreamPR struct {
	URL   string
	State string // Devin's word (v3), "" if unknown
}

// SessionAnswer is the outcome of asking Devin for a set of sessions.
type SessionAnswer struct {
	Sessions []UpstreamSession // those found, among the wanted ones
	Skipped  []string          // wanted ids (keys) that were left for a later turn
	Unknown  []string          // wanted ids (keys) that Devin answered 404 for

	Unchanged []string // ids (keys) of which a list of changes says nothing
}

// PollTurn is what a turn of the poll may ask about.
type PollTurn struct {
	Due   []DueSession // whose distance has passed, the longest unasked first
	Known []string     // keys of all sessions that have an id
}

// DueSession is a session whose turn it is. AskedAt is zero where Devin was never
// asked about it, or does not know it: then only its own answer says more.
type DueSession struct {
	ID      string
	AskedAt time.Time
}

// Message is one message of a Devin session.
type Message struct {
	ID   string `json:"id"`
	From string `json:"from"` // "devin" or "user"
	Text string `json:"message"`
	At   Time   `json:"created_at"`
}

// Dispatch is what starts one run of the action's workflow. A nil or empty
// optional value is not sent, so that the workflow's own default applies.
type Dispatch struct {
	TargetRepo string
	Inputs     map[string]string // the other inputs of the workflow, by name
	Ref        string            // branch of the action repository; "" for its default branch
}

// PullDetails is what GitHub says of a pull request beyond its list item.
type PullDetails struct {
	Pull    PullRequest
	Status  PullStatus // what all of it comes to
	Checks  []Check    // check runs and commit statuses of its head commit, by name
	Reviews []Review   // oldest first
	Unseen  []string   // sentences: what the token may not see of these, and why
	AskedAt time.Time
	Stale   string // a sentence: why this is an earlier answer, of AskedAt; "" if it is not
}

// Check is a check run or a status of a commit. Conclusion is "" until it has ended.
type Check struct {
	Name       string
	Status     string // GitHub's word: queued, in_progress, pending, completed, …
	Conclusion string // GitHub's word: success, failure, error, neutral, cancelled, skipped, timed_out, action_required, …
	URL        string
	Commit     bool // it is a commit status
}

// Review is one review of a pull request. At is UTC.
type Review struct {
	Reviewer string // login
	State    string // GitHub's word: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING
	URL      string
	At       time.Time
	Outsider bool // the reviewer is no owner, member or collaborator
}
