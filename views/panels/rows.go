package panels

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// SessionRow is one Devin session, its title as a narrow column has room for
// it and without the ids that say nothing.
type SessionRow struct {
	telemetry.SessionRow
	Short    string // the beginning of its id
	Page     string // its address here
	URL      string // in Devin
	Run      string // "run 398 · batch 2"
	RunURL   string // its page
	Remark   string // why it did not start
	Recorded bool   // never polled: the state is the record's
}

// family is what the session is about; its title stands on its page, so that a
// column of families holds nothing else.
func (r SessionRow) family() string { return cmp.Or(r.Family, "Not recorded") }

// title names the session by its family, else by itself.
func (r SessionRow) title() string { return cmp.Or(r.Family, r.label()) }

func (r SessionRow) label() string { return cmp.Or(r.Title, "Session "+r.Short) }

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
	URL      string // the list of them
}

func (t Tier) look() parts.State { return Severity(t.Severity) }

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
	telemetry.RepoRow
	Remark    string // why its counts are not what one expects
	Short     string // the same in a word or two
	Days      telemetry.RepoDays
	ClosedURL string // what was closed in these days
	ChangeURL string // its page over them
}

// RunRow is one scan or dispatch.
type RunRow struct {
	telemetry.RunRow
	Name     string // "run 61", "dispatch"
	Label    string // of one without a number
	Page     string // its address here
	URL      string // of the action run
	Unlisted bool   // it names no findings

	OpenedURL, ClosedURL string // the issues that it opened, and those that it closed
}

func (r RunRow) key() string { return r.Source + "-" + r.File }

func (r RunRow) short() string {
	if r.RunNumber == 0 {
		return string(r.Kind)
	}
	return "#" + parts.Decimal(r.RunNumber)
}

// IssueRow is one issue.
type IssueRow struct {
	telemetry.IssueRow
	CodeURL string
	Short   string      // the beginning of the id of its latest session; "" = none
	Latest  *SessionRow // that session; nil = not asked, or no run record names it
}

// latest is how the latest session looks.
func (r IssueRow) latest() parts.State {
	return SessionState(r.Latest.State, r.Latest.Reason, r.Latest.PR != nil)
}

// latestIcon is that of the latest session's state, or of its pull request
// where the session has ended with it.
func (r IssueRow) latestIcon() parts.State {
	if s := r.Latest; s.State == telemetry.StatePRReady || s.State == telemetry.StateFinished {
		return PullState(s.PR.State, s.PR.Merged)
	}
	return r.latest()
}

// latestLabel says what the icon and the text leave out.
func (r IssueRow) latestLabel() string { return "Session " + r.Short + ": " + r.latest().Label }

// latestShort is the state as briefly as a narrow column needs it.
func (r IssueRow) latestShort() string {
	switch r.Latest.State {
	case telemetry.StateWaiting, telemetry.StateSuspended:
		return string(r.Latest.State)
	case telemetry.StateFinished:
		return "no PR"
	}
	return strings.ToLower(r.latest().Label)
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

func joined(ids []string) string { return strings.Join(ids, ", ") }

func noun(n int64, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// none reports whether nothing is open.
func (b Breakdown) none() bool {
	return !slices.ContainsFunc(slices.Concat(b.Severity, b.Family), func(s parts.Slice) bool { return s.N > 0 })
}

// label names an outcome, such as "Finished, no PR".
func (r OutcomeRow) label() string {
	label := SessionState(r.State, "", r.HasPR).Label
	if r.HasPR && r.State != "finished" && r.State != "pr_ready" {
		label += ", with PR"
	}
	return label
}

// table is the chart's numbers, each with its list.
func (o Outcomes) table() []parts.Row {
	rows := make([]parts.Row, len(o.Rows))
	for i, r := range o.Rows {
		rows[i] = parts.Row{Name: r.label(), Cells: []parts.Link{{Text: parts.Number(r.N), URL: r.URL}}}
	}
	return rows
}
