package panels

import "time"

// PullRef is the pull request of a session or issue; Number 0 = none.
type PullRef struct {
	Number int
	State  string // open, closed, unknown
	Merged bool
	URL    string
}

// SessionRow is one Devin session.
type SessionRow struct {
	State    string // queued, working, waiting, pr_ready, finished, suspended, expired, failed, never_started, unknown
	Reason   string // why it is suspended; the raw word of an unknown one
	HasPR    bool
	Family   string // CWE family of its issues; "" = not known
	Issues   int    // how many it was given; 0 with no Family = not named
	Remark   string // "no update for 2 h 6 min", "429 Too Many Requests"
	Warn     bool   // the remark is a warning
	Recorded bool   // never polled: the state is the record's
	Repo     string // owner/name
	RepoURL  string // "" = /repo/owner/name
	Run      string // "run 398 · batch 2"
	RunURL   string
	Since    time.Time // in this state since
	IssueIDs []string
	PR       PullRef
	Started  time.Time
	ID       string // as recorded: devin-…
	URL      string // of the session in Devin
}

// PullRow is one pull request.
type PullRow struct {
	Number   int
	Title    string // "" = never fetched
	URL      string
	Repo     string
	RepoURL  string
	State    string // open, closed, unknown
	Merged   bool
	Waiting  time.Time // opened at; zero = not known
	IssueIDs []string
	Session  string // the id that it is shown by; "" = none
	SessionURL,
	Basis string // by what it is linked: "session id in the PR"
	Verified     string // gone, still, partial, failed, inconclusive, "" = not verified
	VerifiedWord string // "4 of 5 still there"
	User         string
}

// RepoRow is one repository.
type RepoRow struct {
	Repo       string // owner/name
	RepoURL    string
	Critical   int // open now, by tier
	High       int
	Medium     int
	Low        int
	Unlisted   bool // these are its latest scan's counts: that record names no findings
	Open       int
	Fixed      int
	Runs       int
	Active     int // sessions
	Sessions   int
	PRs        int
	PRsWaiting int
	LastScan   time.Time
	Fork       string // owner/name, where it differs
	ForkURL    string
}

// RunRow is one scan or dispatch.
type RunRow struct {
	Kind     string // scan, dispatch
	Number   int    // 0 for dispatches
	Label    string // shown for a dispatch
	URL      string // of the action run
	Repo     string
	RepoURL  string
	At       time.Time
	Found    int
	New      int
	Gone     int
	Compared bool // New and Gone are known
	Reduced  bool // scope-reduced: it closed nothing
	Unlisted bool // it names no findings
	Batches  int
	Sessions int
	File     string // of the record
}

// IssueRow is one issue.
type IssueRow struct {
	ID       string // public id
	URL      string // its page; "" = none
	Severity string // critical, high, medium, low
	Status   string // recurring, reopened, new, not_scanned, fixed
	Rule     string
	Family   string
	File     string
	Line     int
	Seen     int // locations in its last scan; 0 and 1 are not said
	CodeURL  string
	Repo     string
	RepoURL  string
	First    time.Time
	Last     time.Time
	FirstRun int
	LastRun  int
	Scans    int // that named it
	LatestID string
}

// BrokenRow is a record file that could not be read.
type BrokenRow struct {
	File  string
	URL   string
	Error string
	At    time.Time // when it was met
	Kept  bool      // an older version of it stays in use
}

// NeedRow is one thing that waits for a person.
type NeedRow struct {
	Kind   string // waiting, pr_ready, not_merged, never_started, stuck, overdue
	Title  string
	URL    string
	Ref    string // small, beside the title: "#87", "run 398 · batch 2"
	Repo   string
	Since  time.Time
	Action string // "Review PR"
	Target string // where the action leads
}
