package telemetry

import (
	"slices"
	"strings"
	"time"
)

// DecisionAction is what a person decided about issues.
type DecisionAction string

// The actions.
const (
	ActionDismiss DecisionAction = "dismiss" // it is not to be fixed, for a reason
	ActionAccept  DecisionAction = "accept"  // its risk is accepted until a time
	ActionReopen  DecisionAction = "reopen"  // ends the dismissals and acceptances before it
	ActionAssign  DecisionAction = "assign"  // who works on it; "" is nobody
	ActionSnooze  DecisionAction = "snooze"  // it does not wait for a person until a time
	ActionComment DecisionAction = "comment"
)

// DecisionActions are all actions.
func DecisionActions() []DecisionAction {
	return []DecisionAction{ActionDismiss, ActionAccept, ActionReopen, ActionAssign, ActionSnooze, ActionComment}
}

// DismissReason is why an issue is dismissed: GitHub's reasons for code
// scanning alerts, and that something else mitigates it.
type DismissReason string

// The reasons.
const (
	ReasonFalsePositive DismissReason = "false_positive"
	ReasonWontFix       DismissReason = "wont_fix"
	ReasonUsedInTests   DismissReason = "used_in_tests"
	ReasonMitigated     DismissReason = "mitigated"
)

// DismissReasons are all reasons.
func DismissReasons() []DismissReason {
	return []DismissReason{ReasonFalsePositive, ReasonWontFix, ReasonUsedInTests, ReasonMitigated}
}

// Words are a reason as GitHub writes it.
func (r DismissReason) Words() string {
	if r == ReasonWontFix {
		return "won't fix"
	}
	return strings.ReplaceAll(string(r), "_", " ")
}

// ReasonOf reads a reason in the spelling of this program or in GitHub's.
func ReasonOf(text string) DismissReason {
	return DismissReason(strings.NewReplacer(" ", "_", "'", "", "\u2019", "").Replace(strings.ToLower(strings.TrimSpace(text))))
}

// Bounds of a decision.
const (
	DecisionIssuesMost  = 10_000
	DecisionCommentMost = 10_000    // bytes
	DecisionBodyMost    = 256 << 10 // bytes of a request: the ids of all issues, and a comment, in any encoding
)

// Me stands for the person who asks, in queries and as an assignee.
const Me = "@me"

// NewDecision is a decision to make.
type NewDecision struct {
	Action   DecisionAction
	Reason   DismissReason
	Comment  string
	Until    time.Time // zero: none
	Assignee string
	By       string   // who decides
	Key      string   // the same key again is the same decision; "" is none
	Needs    []string // the keys of rows of Needs you, which are snoozed; nil: the decision is about issues

	Issues []string // public ids; nil: those that a query names
	Query  string   // that query; a blank one names the whole list
	Expect int64    // how many issues it is to name
}

// Check returns d as it is kept, or what is wrong with it: CodeInvalid with
// the field. known reports whether somebody can be assigned.
func (d NewDecision) Check(now time.Time, known func(name string) bool) (NewDecision, error) {
	d.Comment = strings.TrimSpace(d.Comment)
	for _, check := range []func() error{
		d.checkAction, func() error { return d.checkUntil(now) }, func() error { return d.checkAssignee(known) }, d.checkIssues,
	} {
		if err := check(); err != nil {
			return d, err
		}
	}
	d.Until = d.Until.UTC().Truncate(time.Millisecond)
	return d, nil
}

func invalidField(field, format string, args ...any) error {
	e := Errorf(CodeInvalid, format, args...)
	e.Field = field
	return e
}

func (d NewDecision) checkAction() error {
	switch {
	case !slices.Contains(DecisionActions(), d.Action):
		return invalidField("action", "Invalid action: want dismiss, accept, reopen, assign, snooze or comment.")
	case d.Action == ActionDismiss && !slices.Contains(DismissReasons(), d.Reason):
		return invalidField("reason", "Invalid reason: want false_positive, wont_fix, used_in_tests or mitigated.")
	case d.Action != ActionDismiss && d.Reason != "":
		return invalidField("reason", "Only a dismissal has a reason. Leave it out, or write a comment.")
	case d.Action == ActionComment && d.Comment == "":
		return invalidField("comment", "The comment is empty. Write one.")
	case len(d.Comment) > DecisionCommentMost:
		return invalidField("comment", "The comment has %d bytes; the limit is %d. Shorten it.", len(d.Comment), DecisionCommentMost)
	}
	return nil
}

func (d NewDecision) checkUntil(now time.Time) error {
	ends := d.Action == ActionAccept || d.Action == ActionSnooze
	switch {
	case ends && d.Until.IsZero() && d.Needs != nil:
		return nil // until something changes
	case ends && d.Until.IsZero():
		return invalidField("until", "Invalid until: want the date on which this ends, for example 2027-01-31.")
	case !ends && !d.Until.IsZero():
		return invalidField("until", "Only an acceptance and a snooze have an end. Leave until out.")
	case ends && !d.Until.After(now):
		return invalidField("until", "Invalid until: the time has passed. Want a time after now.")
	case d.Until.Year() > 9999:
		return invalidField("until", "Invalid until: want a year of four digits.")
	}
	return nil
}

func (d NewDecision) checkAssignee(known func(string) bool) error {
	switch {
	case d.Action != ActionAssign && d.Assignee != "":
		return invalidField("assignee", "Only an assignment has an assignee. Leave it out.")
	case d.Assignee != "" && !known(d.Assignee):
		return invalidField("assignee", "Nobody here is called %s. Want a person of this dashboard, or an empty text for nobody.",
			Shown(d.Assignee))
	}
	return nil
}

func (d NewDecision) checkIssues() error {
	switch {
	case d.Needs != nil && d.Action != ActionSnooze:
		return invalidField("rows", "Rows of Needs you can only be snoozed. For anything else, name their issues.")
	case d.Needs != nil && (d.Issues != nil || d.Query != ""):
		return invalidField("rows", "Give either rows, issues or q.")
	case d.Needs != nil && len(d.Needs) == 0:
		return invalidField("rows", "No rows: want the `row` of some items of Needs you.")
	case len(d.Needs) > DecisionIssuesMost:
		return invalidField("rows", "A snooze is of at most %d rows; this names %d. Snooze fewer at once.", DecisionIssuesMost, len(d.Needs))
	case d.Needs != nil:
		return nil
	case d.Issues != nil && strings.TrimSpace(d.Query) != "":
		return invalidField("issues", "Give either issues or q, not both.")
	case d.Issues != nil && len(d.Issues) == 0, d.Issues == nil && !Named(d.Query, d.Expect):
		return invalidField("issues", "No issues: want their ids in issues, or a query in q with the number of its issues in expect.")
	case len(d.Issues) > DecisionIssuesMost:
		return TooManyIssues(int64(len(d.Issues)))
	case d.Issues == nil && d.Expect < 1:
		return invalidField("expect", "Invalid expect: want the number of issues that the query names, as it was confirmed.")
	}
	return nil
}

// Named reports whether a query names issues: a blank one names the whole list,
// where how many these are was confirmed.
func Named(query string, confirmed int64) bool {
	return confirmed > 0 || strings.TrimSpace(query) != ""
}

// TooManyIssues is the error of a decision about too many issues.
func TooManyIssues(n int64) error {
	return invalidField("issues", "A decision is about at most %d issues; this names %d. Decide about fewer at once.", DecisionIssuesMost, n)
}

// UntilParam reads the end of a decision: a date, which means its beginning in
// UTC, or a time in RFC 3339; zero for an empty text. The error is CodeInvalid.
func UntilParam(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	t, err := TimeParam("until", text)
	if err != nil {
		return t, invalidField("until", "Invalid until: want a date, for example 2027-01-31, or a time as in 2027-01-31T12:00:00Z.")
	}
	return t, nil
}

// Decided is the decision by which an issue is dismissed or accepted.
type Decided struct {
	ID      int64          `json:"id"`
	Action  DecisionAction `json:"action"`
	Reason  Optional       `json:"reason"` // of a dismissal (DismissReason)
	Comment string         `json:"comment"`
	By      string         `json:"by"`
	At      Time           `json:"at"`
	Until   Time           `json:"until"`
}

// Decision is a decision that was made, as lists and issues have it.
type Decision struct {
	ID       int64          `json:"id"`
	Action   DecisionAction `json:"action"`
	Reason   Optional       `json:"reason"` // of a dismissal (DismissReason)
	Comment  string         `json:"comment"`
	By       string         `json:"by"`
	At       Time           `json:"at"`
	Until    Time           `json:"until"`
	Assignee Optional       `json:"assignee"`
	Issues   int64          `json:"issues"` // how many it is about
	Query    Optional       `json:"query"`  // that named them
	Needs    []string       `json:"rows"`   // the rows of Needs you that were snoozed
	UndoneAt Time           `json:"undone_at"`
	UndoneBy Optional       `json:"undone_by"`
	Repeated bool           `json:"-"` // it was made before, by the same request
}

// IssueDecision is a decision as one of its issues has it.
type IssueDecision struct {
	Decision
	Standing bool `json:"standing"` // it is in force on the issue
	EndedAt  Time `json:"ended_at"` // when it stopped being so; zero where it stands, or never was
}
