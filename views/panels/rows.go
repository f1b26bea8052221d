package panels

import (
	"strings"
	"time"

	"telemetry-dashboard/views/parts"
)

// PullRef is the pull request of a session or issue; Number 0 = none.
type PullRef struct {
	Number int
	State  string // open, closed, unknown
	Merged bool
	URL    string
}

// SessionRow is one Devin session.
type SessionRow struct {
	Key      string // unique in the list
	State    string // queued, working, waiting, pr_ready, finished, suspended, expired, failed, never_started, unknown
	Reason   string // why it is suspended; the raw word of an unknown one
	HasPR    bool
	Family   string // CWE family of its issues; "" = not known
	Title    string // Devin's, shown where there is no family
	Short    string // the beginning of its id
	Page     string // its address here or in Devin
	Remark   string // "no update for 2 h 6 min", "429 Too Many Requests"
	Warn     bool   // the remark is a warning
	Recorded bool   // never polled: the state is the record's
	Repo     string // owner/name
	Run      string // "run 398 · batch 2"
	RunURL   string
	Since    time.Time // in this state since
	Updated  time.Time // Devin's last update
	IssueIDs []string
	PR       PullRef
	Started  time.Time
	URL      string // of the session in Devin
}

func (r SessionRow) title() string {
	switch {
	case r.Family != "":
		return r.Family
	case r.Title != "":
		return r.Title
	}
	return "Session " + r.Short
}

func (r SessionRow) issues() string {
	if len(r.IssueIDs) == 0 {
		return "issues not named"
	}
	return parts.Plural(len(r.IssueIDs), "issue", "")
}

// PullRow is one pull request.
type PullRow struct {
	Key          string // unique in the list
	Number       int
	Title        string // "" = never fetched
	URL          string
	Repo         string
	State        string // open, closed, unknown
	Merged       bool
	Waiting      time.Time // opened at; zero = not known
	IssueIDs     []string
	Session      string // as recorded; "" = none
	SessionShort string
	SessionURL   string
	Basis        string // by what it is linked: "session id in the PR"
}

func (r PullRow) title() string {
	if r.Title == "" {
		return "Pull request #" + parts.Decimal(r.Number)
	}
	return r.Title
}

// RepoRow is one repository.
type RepoRow struct {
	Repo      string // owner/name
	Remark    string // why its counts are not what one expects
	Short     string // the same in a word or two
	Critical  int    // open now, by tier
	High      int
	Medium    int
	Low       int
	Open      int
	Runs      int
	Active    int // sessions
	PRsOpen   int
	PRsMerged int
	LastScan  time.Time
}

// RunRow is one scan or dispatch.
type RunRow struct {
	Key      string // unique in the list
	Name     string // "run 61", "dispatch"
	Label    string // of one without a number
	Number   int    // 0 for dispatches
	Kind     string // scan, dispatch
	Page     string // its address here or on GitHub
	URL      string // of the action run
	Repo     string
	At       time.Time
	Found    int
	New      int
	Gone     int
	Compared bool // New and Gone are known
	Reduced  bool // scope-reduced: it closed nothing
	Unlisted bool // it names no findings
	Batches  int
	Sessions int
}

func (r RunRow) short() string {
	if r.Number == 0 {
		return r.Kind
	}
	return "#" + parts.Decimal(r.Number)
}

func (r RunRow) found() string {
	if r.Kind == "dispatch" {
		return "–"
	}
	return parts.Number(r.Found)
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
	First    time.Time
	Last     time.Time
	Attempts int // sessions that took it
}

// family is left out where the rule names it already.
func (r IssueRow) family() string {
	if strings.Contains(r.Rule, r.Family) {
		return ""
	}
	return r.Family
}

// FileRow is a record file that could not be read.
type FileRow struct {
	File  string
	Error string
	At    time.Time // when it was met
}

func joined(ids []string) string { return strings.Join(ids, ", ") }

func sessionColumns() []parts.Column {
	return []parts.Column{{Key: "state", Text: "State", Class: "c-state"}, {Key: "family", Text: "Family"}, {Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "run", Text: "Run", Class: "c-run", Initial: true}, {Key: "age", Text: "In this state", Class: "c-span", Number: true, Initial: true},
		{Text: "Issues", Class: "c-ids"}, {Key: "pr", Text: "PR", Class: "c-pr", Initial: true}, {Key: "started", Text: "Started", Class: "c-day", Number: true, Initial: true}, {Text: "Open", Class: "c-open", Hidden: true}}
}

func nowColumns() []parts.Column {
	return []parts.Column{{Text: "State", Class: "c-state"}, {Text: "Family"}, {Key: "repo", Text: "Repository", Class: "c-repo"}, {Text: "Run", Class: "c-run"},
		{Text: "In this state", Class: "c-span", Number: true}, {Text: "Last update", Class: "c-day"}, {Text: "Open", Class: "c-open", Hidden: true}}
}

func pullColumns() []parts.Column {
	return []parts.Column{{Key: "waiting", Text: "Waiting", Class: "c-span", Number: true, Initial: true}, {Key: "title", Text: "Pull request"}, {Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "state", Text: "State", Class: "c-kind"}, {Text: "Issues", Class: "c-ids"}, {Key: "session", Text: "Session", Class: "c-run"}, {Text: "Linked by", Class: "c-basis"}}
}

func queueColumns() []parts.Column {
	return []parts.Column{{Text: "Waiting", Class: "c-num2", Number: true}, {Text: "Pull request"}, {Text: "Repository", Class: "c-repo"}, {Text: "State", Class: "c-kind"}, {Text: "Session", Class: "c-day"}}
}

func runColumns() []parts.Column {
	return []parts.Column{{Key: "run", Text: "Run", Initial: true}, {Key: "kind", Text: "Kind", Class: "c-kind"}, {Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "found", Text: "Found", Class: "c-num", Number: true, Initial: true}, {Key: "new", Text: "New / gone", Class: "c-span", Number: true, Initial: true}, {Key: "sessions", Text: "Batches → sessions", Class: "c-wide", Number: true, Initial: true},
		{Key: "time", Text: "Time", Class: "c-day", Number: true, Initial: true}, {Text: "Open", Class: "c-open", Hidden: true}}
}

func recentColumns() []parts.Column {
	return []parts.Column{{Text: "Run", Class: "c-kind"}, {Text: "Repository", Class: "c-repo"}, {Text: "Found", Class: "c-num", Number: true},
		{Text: "New / gone", Class: "c-num2", Number: true}, {Text: "Sessions", Class: "c-num2", Number: true}, {Text: "Time", Class: "c-day", Number: true}}
}

func repoColumns() []parts.Column {
	return []parts.Column{{Key: "repo", Text: "Repository", Class: ""}, {Key: "open", Text: "Open", Class: "c-num", Number: true, Initial: true}, {Key: "critical_high", Text: "Critical", Class: "c-num2", Number: true, Initial: true},
		{Text: "High", Class: "c-num", Number: true}, {Text: "Medium", Class: "c-num", Number: true}, {Text: "Low", Class: "c-num", Number: true}, {Key: "active", Text: "Active sessions", Class: "c-wide", Number: true, Initial: true},
		{Key: "waiting", Text: "PRs open", Class: "c-num2", Number: true, Initial: true}, {Key: "merged", Text: "Merged", Class: "c-num2", Number: true, Initial: true}, {Key: "runs", Text: "Runs", Class: "c-num", Number: true, Initial: true}, {Key: "last_run", Text: "Last run", Class: "c-day", Number: true, Initial: true}}
}

func topRepoColumns() []parts.Column {
	return []parts.Column{{Text: "Repository"}, {Text: "C", Class: "c-tier", Number: true}, {Text: "H", Class: "c-tier", Number: true}, {Text: "M", Class: "c-tier", Number: true},
		{Text: "L", Class: "c-tier", Number: true}, {Text: "Last run", Class: "c-day", Number: true}}
}

func issueColumns() []parts.Column {
	return []parts.Column{{Key: "severity", Text: "Severity", Class: "c-sev"}, {Key: "state", Text: "State", Class: "c-status"}, {Key: "rule", Text: "Rule"}, {Key: "file", Text: "Location", Class: "c-path"},
		{Key: "repo", Text: "Repository", Class: "c-repo"}, {Key: "age", Text: "Age", Class: "c-num", Number: true, Initial: true}, {Key: "attempts", Text: "Tries", Class: "c-num", Number: true, Initial: true}, {Key: "last_seen", Text: "Last seen", Class: "c-day", Number: true, Initial: true}}
}

func fileColumns() []parts.Column {
	return []parts.Column{{Text: "File", Class: "c-file"}, {Text: "What is wrong with it"}, {Text: "Met", Class: "c-day", Number: true}}
}

// ActivityRow is one thing that was done.
type ActivityRow struct {
	ID    string
	State string // of the job
	Title string
	Text  string
	At    time.Time
	Took  string
}

func activityColumns() []parts.Column {
	return []parts.Column{{Text: "What", Class: "c-file"}, {Text: "Outcome"}, {Text: "Took", Class: "c-num", Number: true}, {Key: "started", Text: "When", Class: "c-day", Number: true, Initial: true}}
}
