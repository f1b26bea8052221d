package ingest

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// Repositories says what a repository is called now, and what has become of it.
type Repositories interface {
	Repository(ctx context.Context, repo string) (telemetry.GitHubRepo, error)
}

// followRenames moves the files of a former name of the action repository to the
// name that it has in the settings, so that each counts once. A name of which
// GitHub says nothing keeps its files.
func (r *Runner) followRenames(ctx context.Context) error {
	if r.o.Repositories == nil {
		return nil
	}
	stored, err := r.o.Store.FileSources(ctx)
	if err != nil {
		return storing(err)
	}
	for _, source := range r.o.Sources {
		if source.Name == "" {
			continue
		}
		for _, former := range stored {
			if !strings.EqualFold(former, source.Name) && !r.isSource(former) && r.sameRepository(ctx, former, source.Name) {
				if err := r.o.Store.MoveFiles(ctx, former, source.Name); err != nil {
					return storing(err)
				}
			}
		}
	}
	return nil
}

func (r *Runner) isSource(name string) bool {
	for _, source := range r.o.Sources {
		if strings.EqualFold(source.Name, name) {
			return true
		}
	}
	return false
}

// sameRepository reports whether GitHub has both names for one repository.
func (r *Runner) sameRepository(ctx context.Context, a, b string) bool {
	var found [2]telemetry.GitHubRepo
	for i, name := range []string{a, b} {
		err := within(ctx, pullLimit, "Asking for the name of a repository", func(ctx context.Context) (err error) {
			found[i], err = r.o.Repositories.Repository(ctx, name)
			return err
		})
		if err != nil {
			r.o.Log.Debug("cannot tell whether a repository was renamed", "repo", name, "code", telemetry.CodeOf(err))
			return false
		}
	}
	return found[0].ID == found[1].ID
}

const (
	// reposTurn is how many repositories GitHub is asked about in a turn.
	reposTurn = 500
	// repoQuota is which part of the requests that GitHub still allows is left to
	// all else.
	repoQuota = 5
)

// followRepos asks GitHub what targets and forks are now: renamed, archived or
// deleted ones keep their old name in records. What it does not answer is asked in
// a later turn. The error is one of the database, or the end of ctx.
func (r *Runner) followRepos(ctx context.Context) error {
	if r.o.Repositories == nil {
		return nil
	}
	wanted, err := r.o.Store.ReposToAsk(ctx, reposTurn)
	if err != nil || len(wanted) == 0 {
		return storing(err)
	}
	var mu sync.Mutex
	var answers []telemetry.RepoAnswer
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(pullWorkers)
	for _, name := range wanted {
		g.Go(func() error {
			return telemetry.Guard("repository "+string(name), func() error {
				if asking.Err() != nil || !r.leavesQuota() {
					return nil
				}
				answer, err := r.askRepo(asking, name)
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, answer...)
				return nil
			})
		})
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		r.o.Log.Debug("asking what repositories are called ended early", "code", telemetry.CodeOf(err))
	}
	if ctx.Err() != nil || len(answers) == 0 {
		return ctx.Err()
	}
	return r.saveRepos(ctx, answers)
}

// saveRepos keeps what GitHub answered, and logs what is new of it.
func (r *Runner) saveRepos(ctx context.Context, answers []telemetry.RepoAnswer) error {
	news, err := r.o.Store.SaveRepos(ctx, answers)
	for _, n := range news {
		r.o.Log.Info("a repository was "+n.What+" on GitHub", "repo", n.Repo, "now", n.Now)
	}
	return storing(err)
}

// askRepo asks for one repository. Its error ends the turn; of one that GitHub
// gives no usable answer for there is none.
func (r *Runner) askRepo(ctx context.Context, name telemetry.RepoName) ([]telemetry.RepoAnswer, error) {
	answer := telemetry.RepoAnswer{Asked: name}
	err := within(ctx, pullLimit, "Asking for a repository", func(ctx context.Context) (err error) {
		answer.GitHubRepo, err = r.o.Repositories.Repository(ctx, string(name))
		return err
	})
	switch {
	case err == nil || telemetry.CodeOf(err) == telemetry.CodeUpstreamNotFound:
		return []telemetry.RepoAnswer{answer}, nil
	case endsTurn(err):
		return nil, err
	}
	return nil, nil
}

// leavesQuota reports whether GitHub still allows for more than what names are
// worth: without a token that is soon not so.
func (r *Runner) leavesQuota() bool {
	if r.o.RateLimit == nil {
		return true
	}
	limit := r.o.RateLimit()
	return !limit.Known || limit.Remaining*repoQuota >= limit.Limit
}
