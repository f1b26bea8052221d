package ingest

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// statusTurn is about how many pull requests a turn asks for reviews, checks and
// mergeability: four requests each, which cost nothing where nothing changed.
const statusTurn = 50

// readStatuses asks what reviews, checks and mergeability of open pull requests
// are, the longest unasked first: of those whose turn it is, or of all. The error
// is one of the database, or the end of ctx.
func (r *Runner) readStatuses(ctx context.Context, t *task, all bool) error {
	refs, err := r.o.Store.PullsToAsk(ctx, all, statusTurn)
	if err != nil || len(refs) == 0 {
		return storing(err)
	}
	t.begin("Reviews and checks", len(refs))
	var once sync.Once
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(pullWorkers)
	for _, ref := range refs {
		g.Go(func() error {
			var err error
			if asking.Err() == nil { // else the next turn begins with it
				err = telemetry.Guard("status of "+ref.Key(), func() error { return r.readStatus(asking, ref) })
			}
			switch {
			case err == nil:
				t.advance(1)
			case isUnstored(err) || ctx.Err() != nil:
				return err
			case asking.Err() == nil:
				once.Do(func() { t.failed("", err) })
				if endsTurn(err) {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); ctx.Err() != nil || isUnstored(err) {
		return err
	}
	return ctx.Err()
}

// readStatus asks for one pull request, with its reviews, checks and mergeability.
func (r *Runner) readStatus(ctx context.Context, ref telemetry.PullRef) error {
	return within(ctx, pullLimit, "Reading a pull request", func(ctx context.Context) error {
		d, err := r.o.PullRequests.FreshPullDetails(ctx, string(ref.Repo), int(ref.Number))
		switch {
		case err == nil:
			return storing(r.o.Store.SavePullDetails(ctx, d))
		case isMissing(err):
			return storing(r.o.Store.PullMissing(ctx, ref))
		case ctx.Err() == nil && !endsTurn(err):
			if err := r.o.Store.PutOffPull(ctx, ref); err != nil {
				return storing(err)
			}
		}
		return err
	})
}
