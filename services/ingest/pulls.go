package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// overlap allows for the clocks of GitHub's servers, which may differ.
const overlap = 10 * time.Minute

// pullWorkers is well under GitHub's secondary limits.
const pullWorkers = 6

// addPulls is readPulls for a job that does something else too: only failures of
// the database end it.
func (r *Runner) addPulls(ctx context.Context, t *task) error {
	if r.o.PullRequests == nil {
		return nil
	}
	err := r.readPulls(ctx, t, false)
	if ctx.Err() != nil || isUnstored(err) {
		return err
	}
	return nil
}

// readPulls asks for the pull requests of every target and fork, and for those
// that are only named; again includes those that GitHub lately did not know.
// The error is one of the database, the end of ctx, or the first failure if
// every repository failed.
func (r *Runner) readPulls(ctx context.Context, t *task, again bool) error {
	if err := r.followRepos(ctx); err != nil {
		return err
	}
	syncs, err := r.o.Store.PullSyncs(ctx)
	if err != nil {
		return storing(err)
	}
	rests := r.resting(ctx, t)
	syncs = slices.DeleteFunc(syncs, func(s telemetry.PullSync) bool { return rests(pullsOf(s.Repo), s.Repo.Key()) })
	t.begin("Pull requests", len(syncs))
	var mu sync.Mutex
	var failures []error
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(pullWorkers)
	for _, s := range syncs {
		g.Go(func() error {
			err := telemetry.Guard("pull requests of "+string(s.Repo), func() error {
				return within(asking, repoLimit, "Reading the pull requests", func(ctx context.Context) error { return r.readRepoPulls(ctx, s) })
			})
			if err != nil && (isUnstored(err) || errors.Is(err, telemetry.ErrReserved)) {
				return err // the others could not be stored, or asked for, either
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil && asking.Err() == nil {
				failures = append(failures, err)
				t.failed(string(s.Repo)+": ", err)
			}
			t.advance(1)
			return nil
		})
	}
	err = g.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		t.failed("", err)
		return err
	}
	named := r.readNamedPulls(ctx, again)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case isUnstored(named):
		return named
	case named != nil:
		t.failed("", named)
	}
	if len(failures) > 0 && len(failures) == len(syncs) {
		err = failures[0]
	}
	r.note(ctx, "pulls", err)
	return err
}

// listedPulls is how many pull requests the list has: the total of /api/prs.
func (r *Runner) listedPulls(ctx context.Context) (int64, error) {
	n, err := r.o.Store.ListedPulls(ctx)
	return n, storing(err)
}

// readRepoPulls asks for what is new of a repository. Those given beside an error
// do not move the watermark: what was not read would never be asked for again.
func (r *Runner) readRepoPulls(ctx context.Context, s telemetry.PullSync) error {
	now := r.o.Now()
	mark := s.Watermark
	if mark.After(now) {
		mark = time.Time{} // it hid what came after it: all is asked for again
	}
	after := mark
	if !after.IsZero() {
		after = after.Add(-overlap)
	}
	pulls, err := r.o.PullRequests.PullRequests(ctx, string(s.Repo), after)
	if err != nil {
		if len(pulls) > 0 {
			if saveErr := r.o.Store.SavePulls(ctx, s.Repo, pulls, time.Time{}); saveErr != nil {
				return storing(saveErr)
			}
		}
		if ctx.Err() == nil && !errors.Is(err, telemetry.ErrReserved) {
			r.logFailure("cannot note that pull requests could not be read", "note pulls",
				r.o.Store.PullsFailed(ctx, s.Repo, telemetry.Sentence(err)))
		}
		return err
	}
	if err := r.o.Store.SavePulls(ctx, s.Repo, pulls, newest(mark, pulls, now)); err != nil {
		return storing(err)
	}
	r.wasRead(pullsOf(s.Repo))
	return nil
}

// newest is the latest update. A time after now would hide every later one.
func newest(mark time.Time, pulls []telemetry.PullRequest, now time.Time) time.Time {
	for i := range pulls {
		at := pulls[i].UpdatedAt
		if at.After(now) {
			at = now
		}
		if at.After(mark) {
			mark = at
		}
	}
	return mark
}

// namedPulls is how many pull requests are asked one by one in a turn.
const namedPulls = 50

// readNamedPulls asks for pull requests that no listing brings. It returns the
// failure that ended it, or else the first one.
func (r *Runner) readNamedPulls(ctx context.Context, again bool) error {
	refs, err := r.o.Store.UnfetchedPulls(ctx, again, namedPulls)
	if err != nil {
		return storing(err)
	}
	var first error
	for _, ref := range refs {
		err := within(ctx, pullLimit, "Reading a pull request", func(ctx context.Context) error { return r.readNamedPull(ctx, ref) })
		if first == nil {
			first = err
		}
		if err != nil && (isUnstored(err) || ctx.Err() != nil || endsTurn(err)) {
			return err
		}
	}
	return first
}

func (r *Runner) readNamedPull(ctx context.Context, ref telemetry.PullRef) error {
	pull, err := r.o.PullRequests.PullRequest(ctx, string(ref.Repo), int(ref.Number))
	switch code := telemetry.CodeOf(err); {
	case err == nil:
		return storing(r.o.Store.SavePulls(ctx, ref.Repo, []telemetry.PullRequest{pull}, time.Time{}))
	case code == telemetry.CodeUpstreamNotFound || code == telemetry.CodeUpstreamDenied:
		return storing(r.o.Store.PullMissing(ctx, ref)) // it stays unknown
	}
	return err
}

// endsTurn reports whether asking for the next one would fail alike, or slowly.
func endsTurn(err error) bool {
	return slices.Contains([]telemetry.Code{telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamTimeout,
		telemetry.CodeUpstreamDown}, telemetry.CodeOf(err))
}
