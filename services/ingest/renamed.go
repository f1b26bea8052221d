package ingest

import (
	"context"
	"strings"

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
