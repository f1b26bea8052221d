package ingest

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// ownersTurn is about how many repositories a turn asks for CODEOWNERS: up to four
// requests each, which cost nothing where nothing changed.
const ownersTurn = 50

// readOwners asks who owns the files of repositories, the longest unasked first: of
// those whose turn it is, or of all. The error is one of the database, or the end of ctx.
func (r *Runner) readOwners(ctx context.Context, t *task, all bool) error {
	if r.o.Owners == nil {
		return nil
	}
	repos, err := r.o.Store.ReposToOwn(ctx, all, ownersTurn)
	if err != nil || len(repos) == 0 {
		return storing(err)
	}
	t.begin("Code owners", len(repos))
	said := false
	for _, repo := range repos {
		err := within(ctx, pullLimit, "Reading the code owners", func(ctx context.Context) error { return r.readOwnersOf(ctx, repo) })
		switch {
		case isUnstored(err) || ctx.Err() != nil:
			return err
		case err != nil && telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound && !said: // the listing says what is not shown
			t.failed(string(repo)+": ", err)
			said = true
		}
		if err != nil && endsTurn(err) {
			return nil // the next turn begins with it
		}
		t.advance(1)
	}
	return nil
}

// readOwnersOf asks for one repository. Where GitHub does not show it, what is known
// stays in force.
func (r *Runner) readOwnersOf(ctx context.Context, repo telemetry.RepoName) error {
	file, err := r.o.Owners.Codeowners(ctx, string(repo))
	if err == nil {
		return storing(r.o.Store.SaveCodeowners(ctx, repo, file))
	}
	if ctx.Err() == nil && !endsTurn(err) {
		if err := r.o.Store.PutOffCodeowners(ctx, repo); err != nil {
			return storing(err)
		}
	}
	return err
}
