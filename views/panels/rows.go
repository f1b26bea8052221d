package panels

import (
	"cmp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"telemetry-dashboard/services/telemetry"
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
	Reason   string // why it is suspended; the raw status of an unknown one
	HasPR    bool
	Family   string    // CWE family of its issues; "" = not known
	Title    string    // Devin's, shown where there is no family
	Short    string    // the beginning of its id
	Page     string    // its address here
	Remark   string    // "no update for 2 h 6 min", "429 Too Many Requests"
	Warn     bool      // the remark is a warning
	Recorded bool      // never polled: the state is the record's
	Repo     string    // owner/name
	Run      string    // "run 398 · batch 2"
	RunURL   string    // its page
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

// PullRow is one pull request, and what a list shows beside what is known of
// it. Its title is "" where it was never fetched.
type PullRow struct {
	telemetry.PullRow
	Short       string    // the title for a narrow column
	Page        string    // its address here
	GitHub      string    // and on GitHub
	Waiting     time.Time // since when it waits; zero = it does not, or that is not known
	SessionLink parts.Link
	SessionIDs  string // as recorded, several where they are candidates; "" = none
	LinkedBy    string // "session id in the PR"
	Tiers       []Tier
	Verified    parts.State // of its latest verification; zero = none
}

// key is unique in the list.
func (r PullRow) key() string { return string(r.Repo) + "-" + r.number() }

func (r PullRow) number() string { return strconv.FormatInt(r.Number, 10) }

// Tier is how many issues have a severity.
type Tier struct {
	Severity string
	N        int
}

func (t Tier) look() parts.State {
	look, _ := severity(t.Severity)
	return look
}

func (t Tier) label() string { return parts.Number(t.N) + " " + strings.ToLower(t.look().Label) }

// letter is C, H, M or L; ? of a severity that has no tier.
func (t Tier) letter() string {
	switch word := strings.ToLower(t.Severity); word {
	case "critical", "high", "medium", "low":
		return strings.ToUpper(word[:1])
	}
	return "?"
}

// title is what a narrow column shows; its tooltip has the whole title.
func (r PullRow) title() string {
	if r.Title == "" {
		return "Pull request #" + r.number()
	}
	return cmp.Or(r.Short, r.Title)
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
	Active    int // sessions
	PRsOpen   int
	LastScan  time.Time
	Days      []int // open at the end of each of the last days; nil = not asked
	Change    int   // over these days
	Closed    int   // in them
	ClosedURL string
}

// RunRow is one scan or dispatch.
type RunRow struct {
	Key      string // unique in the list
	Name     string // "run 61", "dispatch"
	Label    string // of one without a number
	Number   int    // 0 for dispatches
	Kind     string // scan, dispatch
	Page     string // its address here
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
	Attempts int // sessions that worked on it
	Latest   Attempt
}

// Attempt is the latest session that worked on an issue; the zero Attempt is none.
type Attempt struct {
	Short  string // the beginning of its id
	Page   string // its address here; "" = no run record names it
	State  string // as of a SessionRow; "" = not known, or not asked
	Reason string
	PR     PullRef
}

func (l Attempt) look() parts.State { return sessionState(l.State, l.Reason, l.PR.Number > 0) }

// icon is that of the state, or of the pull request where the session has
// ended with it.
func (l Attempt) icon() parts.State {
	if l.State == "pr_ready" || l.State == "finished" {
		return pullState(l.PR.State, l.PR.Merged)
	}
	return l.look()
}

// label says what the icon and the text leave out.
func (l Attempt) label() string { return "Session " + l.Short + ": " + l.look().Label }

// short is the state as briefly as a narrow column needs it.
func (l Attempt) short() string {
	switch l.State {
	case "waiting":
		return "waiting"
	case "finished":
		return "no PR"
	case "suspended":
		return "suspended"
	}
	return strings.ToLower(l.look().Label)
}

// family is left out where the rule names it already.
func (r IssueRow) family() string {
	if strings.Contains(r.Rule, r.Family) {
		return ""
	}
	return r.Family
}

// ruleRoom is how many characters of a rule and its family fit in one line of
// the list.
const ruleRoom = 27

func (r IssueRow) long() bool {
	return utf8.RuneCountInString(r.Rule)+utf8.RuneCountInString(r.family()) > ruleRoom
}

// FileRow is a record file that could not be read.
type FileRow struct {
	File  string
	Error string
	At    time.Time // when it was met
}

func joined(ids []string) string { return strings.Join(ids, ", ") }

func noun(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
