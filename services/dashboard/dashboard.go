// Package dashboard is the read side: what pages and the JSON API ask. It
// answers from the store, so that an upstream that is down changes nothing
// that was stored; only what no record holds (a session's messages, what is
// open before a dispatch) is asked of an upstream. It renders nothing.
package dashboard

import (
	"context"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Store is what the store keeps that nothing is derived from.
type Store interface {
	Sources(ctx context.Context) ([]telemetry.SourceStatus, error)
	Lease(ctx context.Context) (telemetry.Lease, error)
	PendingDispatch(ctx context.Context, repo string, after time.Time) (at time.Time, found bool, err error)
	Views
	Batches
}

// Options are what a Dashboard reads from. A nil upstream is one whose
// variable is not set.
type Options struct {
	Lists    Lists
	Sums     Sums
	Details  Details
	Figures  Figures
	Store    Store
	Messages Messages
	GitHub   GitHub
	Keeper   PullKeeper
	Decider  Decider

	Campaigner Campaigner

	Known  func(ctx context.Context, name string) bool // whether somebody can be assigned, beside who asks
	People func(ctx context.Context) ([]telemetry.Person, error)

	Sender     Sender // nil where DEVIN_API_KEY is not set
	SendLimits telemetry.SendLimits
}

// Dashboard answers questions. It is safe for concurrent use.
type Dashboard struct {
	Lists
	Sums
	Details
	Figures
	Store
	o Options
}

// New returns a Dashboard.
func New(o Options) *Dashboard { return &Dashboard{o.Lists, o.Sums, o.Details, o.Figures, o.Store, o} }

// RepoDetail is a repository and one page of each of its lists.
type RepoDetail struct {
	Repo     telemetry.RepoRow
	Runs     telemetry.List[telemetry.RunRow]
	Sessions telemetry.List[telemetry.SessionRow]
	Pulls    telemetry.List[telemetry.PullRow]
	Issues   telemetry.List[telemetry.IssueRow]
}

// RepoDetailAsOf returns a repository by "owner/name", with its lists as they were at
// a time; zero is now. The error is CodeNotFound for one that no record names.
func (d *Dashboard) RepoDetailAsOf(ctx context.Context, name string, asOf time.Time, p query.Page) (RepoDetail, error) {
	repo, err := d.RepoByName(ctx, name, asOf)
	if err != nil {
		return RepoDetail{}, err
	}
	detail := RepoDetail{Repo: repo}
	ask := query.Ask{Repo: repo.Name.Key(), AsOf: asOf, Page: p}
	if detail.Runs, err = d.Runs.Rows(ctx, ask); err != nil {
		return RepoDetail{}, err
	}
	if detail.Sessions, err = d.Sessions.Rows(ctx, ask); err != nil {
		return RepoDetail{}, err
	}
	if detail.Pulls, err = d.Pulls.Rows(ctx, ask); err != nil {
		return RepoDetail{}, err
	}
	detail.Issues, err = d.Issues.Rows(ctx, ask)
	return detail, err
}

// RepoByName returns a repository by "owner/name" or its URL, in any case, as it
// was at a time; zero is now.
func (d *Dashboard) RepoByName(ctx context.Context, name string, asOf time.Time) (telemetry.RepoRow, error) {
	repo, found, err := d.repo(ctx, telemetry.ParseRepo(name), asOf)
	if err == nil && !found {
		err = noRepoAt(name, asOf)
	}
	return repo, err
}

func noRepoAt(name string, asOf time.Time) error {
	if !asOf.IsZero() {
		return telemetry.Errorf(telemetry.CodeNotFound, "Repository %s not found at that time: no run by %s names it.",
			telemetry.Shown(name), minute(asOf))
	}
	return telemetry.Errorf(telemetry.CodeNotFound,
		"Repository %s not found: no run names it. See the list of repositories.", telemetry.Shown(name))
}

// minute is a past time in sentences.
func minute(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// repo returns a repository; found is false where no record names it.
func (d *Dashboard) repo(ctx context.Context, name telemetry.RepoName, asOf time.Time) (repo telemetry.RepoRow, found bool, err error) {
	if name == "" {
		return repo, false, nil
	}
	return first(ctx, d.Repos, query.Ask{Repo: name.Key(), AsOf: asOf})
}

// first returns the first row that a question has, if there is one.
func first[T any](ctx context.Context, l List[T], a query.Ask) (row T, found bool, err error) {
	a.Page = query.Page{Size: 1}
	rows, err := l.Rows(ctx, a)
	if err != nil || len(rows.Items) == 0 {
		return row, false, err
	}
	return rows.Items[0], true, nil
}

// JobByID returns a job. The error is CodeNotFound for an unknown id.
func (d *Dashboard) JobByID(ctx context.Context, id string) (telemetry.Job, error) {
	job, found, err := first(ctx, d.Jobs, query.Ask{}.And(query.Term{Field: "id", Values: []query.Value{{Text: id}}}))
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound, "Job %s not found.", telemetry.Shown(id))
	}
	return job, err
}

// AllSessions returns every session that has an id, newest first.
func (d *Dashboard) AllSessions(ctx context.Context) ([]telemetry.SessionRow, error) {
	return all(ctx, d.Sessions, query.Ask{})
}

// AllPulls returns every pull request, newest first.
func (d *Dashboard) AllPulls(ctx context.Context) ([]telemetry.PullRow, error) {
	return all(ctx, d.Pulls, query.Ask{})
}

func all[T any](ctx context.Context, l List[T], a query.Ask) ([]T, error) {
	rows := []T{}
	each, err := l.Begin(ctx, a)
	if err != nil {
		return nil, err
	}
	err = each(ctx, func(some []T) error {
		rows = append(rows, some...)
		return nil
	})
	return rows, err
}
