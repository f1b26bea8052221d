package dashboard

import (
	"context"
	"errors"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Described is a list, whatever its rows are.
type Described interface {
	// Schema is what the list is called, and what its queries understand.
	Schema() *query.Schema
	// Counts answers the totals of several questions.
	Counts(ctx context.Context, asks []query.Ask) ([]int64, error)
	// Values answers values that the rows have in a field, or had at a time, and
	// that hold what is typed, the likeliest first, at most most of them.
	Values(ctx context.Context, at time.Time, field, typed string, most int) ([]string, error)
}

// List is a list of rows T. The errors of a question are CodeInvalid and
// CodeNoPast, in words.
type List[T any] interface {
	Described
	// Rows answers one page.
	Rows(ctx context.Context, a query.Ask) (telemetry.List[T], error)
	// Begin begins to read all rows of a question, and returns what hands them
	// over once, some at a time, and ends with the first error, do's own included.
	Begin(ctx context.Context, a query.Ask) (func(ctx context.Context, do func([]T) error) error, error)
	// Head are the columns of CSV, Cells those of a row as of a time.
	Head() []string
	Cells(row *T, at time.Time) []string
}

// Lists are all lists.
type Lists struct {
	Issues        List[telemetry.IssueRow]
	Sessions      List[telemetry.SessionRow]
	Pulls         List[telemetry.PullRow]
	Runs          List[telemetry.RunRow]
	Repos         List[telemetry.RepoRow]
	Files         List[telemetry.FileRow]
	Verifications List[telemetry.VerificationRow]
	Changes       List[telemetry.IssueEvent]
	Jobs          List[telemetry.Job]
	Needs         List[telemetry.NeedRow]
	Deliveries    List[telemetry.Delivery]
	Audit         List[telemetry.AuditEntry]
	Decisions     List[telemetry.Decision]
	Notifications List[telemetry.Notification]
}

// Sums are sums over all rows of a list.
type Sums interface {
	RunSums(ctx context.Context, a query.Ask) (telemetry.RunSums, error)
	PullSums(ctx context.Context, a query.Ask) (telemetry.PullCounts, error)
	IssueGroups(ctx context.Context, a query.Ask, by string) ([]telemetry.IssueGroup, error)
	NeedCounts(ctx context.Context, a query.Ask) (map[telemetry.Need]int64, error)
}

// Searched are the lists that have a page and a query of people's, in the
// order in which pages name them.
func (l Lists) Searched() []Described {
	return []Described{l.Repos, l.Issues, l.Pulls, l.Sessions, l.Runs}
}

// Queried are all lists that have a page and a query of people's: beside the
// searched ones, those whose rows are about what others list.
func (l Lists) Queried() []Described {
	return append(l.Searched(), l.Verifications, l.Needs, l.Deliveries, l.Audit, l.Decisions, l.Notifications)
}

// Named returns the list that people query by a name. The error is
// CodeInvalid for an unknown one.
func (l Lists) Named(name string) (Described, error) {
	var names []string
	for _, list := range l.Queried() {
		if list.Schema().Name == name {
			return list, nil
		}
		names = append(names, list.Schema().Name)
	}
	return nil, telemetry.Errorf(telemetry.CodeInvalid, "Unknown list %q: want one of %s.",
		telemetry.Shown(name), strings.Join(names, ", "))
}

// Parse reads a list's query. The error is CodeInvalid, in words.
func Parse(l Described, text string) (query.Query, error) {
	q, err := l.Schema().Parse(text)
	return q, invalid(err)
}

// Term makes a term of a list's query. The error is CodeInvalid, in words.
func Term(l Described, field string, values ...string) (query.Term, error) {
	t, err := l.Schema().Term(field, values...)
	return t, invalid(err)
}

// Texts makes a term of texts as they stand. The error is CodeInvalid, in
// words.
func Texts(field string, values ...string) (query.Term, error) {
	t, err := query.Texts(field, values...)
	return t, invalid(err)
}

// invalid gives what is wrong with a query its code.
func invalid(err error) error {
	if e, ok := errors.AsType[*query.Error](err); ok {
		return telemetry.Errorf(telemetry.CodeInvalid, "%s", e.Message)
	}
	return err
}
