// Package dashboard is the read side: what pages and the JSON API ask. It
// answers from the store, so that an upstream that is down changes nothing
// that was stored; only what no record holds (a session's messages, what is
// open before a dispatch) is asked of an upstream. It renders nothing.
package dashboard

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Lists is where rows are read.
type Lists interface {
	Runs(ctx context.Context, f telemetry.RunFilter, p telemetry.Page) (telemetry.List[telemetry.RunRow], error)
	Sessions(ctx context.Context, f telemetry.SessionFilter, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error)
	Pulls(ctx context.Context, f telemetry.PullFilter, p telemetry.Page) (telemetry.List[telemetry.PullRow], error)
	Issues(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error)
	Files(ctx context.Context, f telemetry.FileFilter, p telemetry.Page) (telemetry.List[telemetry.FileRow], error)
	Jobs(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.Job], error)
}

// Figures is where figures and single rows are read.
type Figures interface {
	Totals(ctx context.Context) (telemetry.Totals, error)
	Repos(ctx context.Context, f telemetry.RepoFilter, p telemetry.Page) (telemetry.List[telemetry.RepoRow], error)
	Repo(ctx context.Context, key string) (telemetry.RepoRow, bool, error)
	Job(ctx context.Context, id string) (telemetry.Job, bool, error)
	Sources(ctx context.Context) ([]telemetry.SourceStatus, error)
}

// Beside is where the rows of a page get what other lists know of them, and
// a list's other views their totals, in one question each.
type Beside interface {
	SessionsByKey(ctx context.Context, keys []string) (map[string]telemetry.SessionRow, error)
	PullMarks(ctx context.Context, keys []string) (map[string]telemetry.PullMarks, error)
	ListCounts(ctx context.Context, list telemetry.ListName, repo string, queries []telemetry.Query) ([]int64, error)
}

// Store is all of the store that dashboard reads.
type Store interface {
	Lists
	Figures
	Beside
	Details
	Metrics
	Finds
	Views
}

// Options are what a Dashboard reads from. A nil upstream is one whose
// variable is not set.
type Options struct {
	Store       Store
	Messages    Messages
	OpenPulls   OpenPulls
	PullDetails PullDetails
}

// Dashboard answers questions. It is safe for concurrent use.
type Dashboard struct {
	Store
	o Options
}

// New returns a Dashboard.
func New(o Options) *Dashboard { return &Dashboard{o.Store, o} }

// RepoDetail is a repository and one page of each of its lists.
type RepoDetail struct {
	Repo     telemetry.RepoRow
	Runs     telemetry.List[telemetry.RunRow]
	Sessions telemetry.List[telemetry.SessionRow]
	Pulls    telemetry.List[telemetry.PullRow]
	Issues   telemetry.List[telemetry.IssueRow]
}

// RepoDetailAsOf returns a repository by "owner/name", with its lists as they
// were at a time; zero is now. The error is CodeNotFound for a repository that
// no record names.
func (d *Dashboard) RepoDetailAsOf(ctx context.Context, name string, asOf time.Time, p telemetry.Page) (RepoDetail, error) {
	repo, err := d.RepoByName(ctx, name)
	if err != nil {
		return RepoDetail{}, err
	}
	key := repo.Name.Key()
	detail := RepoDetail{Repo: repo}
	if detail.Runs, err = d.Runs(ctx, telemetry.RunFilter{Repo: key, AsOf: asOf}, p); err != nil {
		return RepoDetail{}, err
	}
	if detail.Sessions, err = d.Sessions(ctx, telemetry.SessionFilter{Repo: key, AsOf: asOf}, p); err != nil {
		return RepoDetail{}, err
	}
	if detail.Pulls, err = d.Pulls(ctx, telemetry.PullFilter{Repo: key, AsOf: asOf}, p); err != nil {
		return RepoDetail{}, err
	}
	detail.Issues, err = d.Issues(ctx, telemetry.IssueFilter{Repo: key, AsOf: asOf}, p)
	return detail, err
}

// RepoByName returns a repository by "owner/name" or its URL, in any case.
func (d *Dashboard) RepoByName(ctx context.Context, name string) (telemetry.RepoRow, error) {
	repo, found, err := d.Repo(ctx, telemetry.ParseRepo(name).Key())
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound,
			"No run record names the repository %s. The list of repositories has those that are known.", shown(name))
	}
	return repo, err
}

func shown(name string) string {
	if len(name) > 100 {
		return name[:100] + "…"
	}
	return name
}

// JobByID returns a job. The error is CodeNotFound for an unknown id.
func (d *Dashboard) JobByID(ctx context.Context, id string) (telemetry.Job, error) {
	job, found, err := d.Job(ctx, id)
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound, "There is no job %s.", shown(id))
	}
	return job, err
}

// pageAll is how many rows a walk over a whole list reads at a time.
const pageAll = 1000

// AllSessions returns every session that has an id, newest first.
func (d *Dashboard) AllSessions(ctx context.Context) ([]telemetry.SessionRow, error) {
	return all(func(p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
		return d.Sessions(ctx, telemetry.SessionFilter{}, p)
	})
}

// AllPulls returns every pull request, newest first.
func (d *Dashboard) AllPulls(ctx context.Context) ([]telemetry.PullRow, error) {
	return all(func(p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
		return d.Pulls(ctx, telemetry.PullFilter{}, p)
	})
}

func all[T any](page func(telemetry.Page) (telemetry.List[T], error)) ([]T, error) {
	rows := []T{}
	for n := int64(1); ; n++ {
		list, err := page(telemetry.Page{Number: n, Size: pageAll})
		if err != nil {
			return nil, err
		}
		rows = append(rows, list.Items...)
		if len(list.Items) < pageAll {
			return rows, nil
		}
	}
}
