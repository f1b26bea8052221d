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

// followRenames moves the files of a former name of an action repository to the
// name that it has in the settings, so that each counts once. A name of which
// GitHub says nothing keeps its files. Where the settings name a repository twice,
// by two of its names, the files of both are those of the first; the other one is
// not read, for the reason that is returned.
func (r *Runner) followRenames(ctx context.Context) (twice map[string]error, err error) {
	if r.o.Repositories == nil {
		return nil, nil
	}
	stored, err := r.o.Store.FileSources(ctx)
	if err != nil {
		return nil, storing(err)
	}
	twice = r.namedTwice(ctx)
	for _, source := range r.o.Sources {
		if source.Name == "" || twice[source.Name] != nil {
			continue
		}
		for _, former := range stored {
			if strings.EqualFold(former, source.Name) || r.isSource(former) && twice[former] == nil {
				continue
			}
			if r.sameRepository(ctx, former, source.Name) {
				if err := r.o.Store.MoveFiles(ctx, former, source.Name); err != nil {
					return nil, storing(err)
				}
			}
		}
	}
	return twice, nil
}

// namedTwice returns the action repositories that are the same as an earlier one, and
// what is to be said of them.
func (r *Runner) namedTwice(ctx context.Context) map[string]error {
	twice := map[string]error{}
	for i, source := range r.o.Sources {
		for _, earlier := range r.o.Sources[:i] {
			if source.Name != "" && earlier.Name != "" && twice[earlier.Name] == nil && r.sameRepository(ctx, earlier.Name, source.Name) {
				twice[source.Name] = telemetry.Errorf(telemetry.CodeConflict,
					"ACTION_REPO names %s and %s, which are one repository. Remove one of them and restart.", earlier.Name, source.Name)
				break
			}
		}
	}
	return twice
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

// reposTurn is how many repositories GitHub is asked about in a turn.
const reposTurn = 500

// followRepos asks GitHub what targets and forks are now: renamed, archived or
// deleted ones keep their old name in records. What it does not answer is asked in
// a later turn: no person waits for it. The error is one of the database, or the
// end of ctx.
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
	g, asking := errgroup.WithContext(telemetry.InBackground(ctx, always))
	g.SetLimit(pullWorkers)
	for _, name := range wanted {
		g.Go(func() error {
			return telemetry.Guard("repository "+string(name), func() error {
				if asking.Err() != nil {
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
