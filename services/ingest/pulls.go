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

// readPulls asks for the pull requests of every target and fork whose turn it is,
// and for those that are only named; again includes those that GitHub lately did
// not know. The error is one of the database, the end of ctx, or the first failure
// if every repository failed.
func (r *Runner) readPulls(ctx context.Context, t *task, again bool) error {
	asked := again || !t.background()
	if err := r.followRepos(ctx); err != nil {
		return err
	}
	syncs, err := r.o.Store.PullSyncs(ctx)
	if err != nil {
		return storing(err)
	}
	err = r.readListings(ctx, t, syncs, asked)
	if ctx.Err() != nil || isUnstored(err) || errors.Is(err, telemetry.ErrReserved) {
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
	if failure := r.readStatuses(ctx, t, asked); failure != nil {
		return failure
	}
	if failure := r.readOwners(ctx, t, again); failure != nil {
		return failure
	}
	return err
}

// readListings asks for what is new of each repository whose turn it is, or of all.
// One that GitHub does not show is said once, and to a person. The error is one of
// the database, the end of ctx, or the first failure if nothing could be read.
func (r *Runner) readListings(ctx context.Context, t *task, syncs []telemetry.PullSync, asked bool) error {
	due, left := r.dueListings(ctx, t, syncs, asked)
	if len(due) == 0 && len(syncs) > 0 {
		return nil // what was noted last still holds
	}
	t.begin("Pull requests", len(due))
	var mu sync.Mutex
	var failures []error
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(pullWorkers)
	for _, s := range due {
		g.Go(func() error {
			said, err := r.readListing(asking, s)
			if err != nil && (isUnstored(err) || errors.Is(err, telemetry.ErrReserved)) {
				return err // the others could not be stored, or asked for, either
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil && asking.Err() == nil {
				failures = append(failures, err)
				if asked || said || !isMissing(err) {
					t.failed(string(s.Repo)+": ", err)
				}
			}
			t.advance(1)
			return nil
		})
	}
	err := g.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, telemetry.ErrReserved):
		t.failed("", err)
		return err
	case err != nil:
		return err
	case len(failures) < max(1, len(due)):
		r.note(ctx, "pulls", nil)
		return nil
	}
	worst := failures[max(0, slices.IndexFunc(failures, func(err error) bool { return !isMissing(err) }))]
	if isMissing(worst) && left > 0 {
		return nil // others can be read
	}
	r.note(ctx, "pulls", worst)
	return worst
}

// dueListings are the repositories whose turn it is, or all; left is how many of
// the others GitHub shows.
func (r *Runner) dueListings(ctx context.Context, t *task, syncs []telemetry.PullSync, asked bool) (due []telemetry.PullSync, left int) {
	rests, now := r.resting(ctx, t), r.o.Now()
	for _, s := range syncs {
		switch {
		case (asked || !s.AskAt.After(now)) && !rests(pullsOf(s.Repo), s.Repo.Key()):
			due = append(due, s)
		case !s.Missing:
			left++
		}
	}
	return due, left
}

// readListing is readRepoPulls within its time; a panic in it is an error.
func (r *Runner) readListing(ctx context.Context, s telemetry.PullSync) (news bool, err error) {
	err = telemetry.Guard("pull requests of "+string(s.Repo), func() error {
		return within(ctx, repoLimit, "Reading the pull requests", func(ctx context.Context) (err error) {
			news, err = r.readRepoPulls(ctx, s)
			return err
		})
	})
	return news, err
}

// isMissing reports whether a failure is that GitHub shows no such thing, or not to
// this token.
func isMissing(err error) bool {
	code := telemetry.CodeOf(err)
	return code == telemetry.CodeUpstreamNotFound || code == telemetry.CodeUpstreamDenied
}

// listedPulls is how many pull requests the list has: the total of /api/prs.
func (r *Runner) listedPulls(ctx context.Context) (int64, error) {
	n, err := r.o.Store.ListedPulls(ctx)
	return n, storing(err)
}

// readRepoPulls asks for what is new of a repository, and reports whether a failure
// is news. Those given beside an error do not move the watermark: what was not read
// would never be asked for again.
func (r *Runner) readRepoPulls(ctx context.Context, s telemetry.PullSync) (news bool, err error) {
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
				return false, storing(saveErr)
			}
		}
		if ctx.Err() == nil && !errors.Is(err, telemetry.ErrReserved) {
			news = r.noteRepoFailed(ctx, s, err)
		}
		return news, err
	}
	if watermark := newest(mark, pulls, now); watermark.IsZero() {
		err = r.o.Store.PullsRead(ctx, s.Repo)
	} else {
		err = r.o.Store.SavePulls(ctx, s.Repo, pulls, watermark)
	}
	if err != nil {
		return false, storing(err)
	}
	if s.Missing {
		r.o.Log.Info("GitHub shows a repository again", "repo", s.Repo)
	}
	r.wasRead(pullsOf(s.Repo))
	return false, nil
}

// noteRepoFailed notes that a repository could not be read, logs once that GitHub
// does not show it, and reports whether the failure is news.
func (r *Runner) noteRepoFailed(ctx context.Context, s telemetry.PullSync, cause error) bool {
	news, err := r.o.Store.PullsFailed(ctx, s.Repo, cause)
	r.logFailure("cannot note that pull requests could not be read", "note pulls", err)
	if news && isMissing(cause) {
		r.o.Log.Warn("cannot read the pull requests of a repository; it is asked for again at growing distance", "repo", s.Repo, "err", cause)
	}
	return news && err == nil
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
	switch {
	case err == nil:
		return storing(r.o.Store.SavePulls(ctx, ref.Repo, []telemetry.PullRequest{pull}, time.Time{}))
	case isMissing(err):
		return storing(r.o.Store.PullMissing(ctx, ref)) // it stays unknown
	}
	return err
}

// endsTurn reports whether asking for the next one would fail alike, or slowly.
func endsTurn(err error) bool {
	return slices.Contains([]telemetry.Code{telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamTimeout,
		telemetry.CodeUpstreamDown}, telemetry.CodeOf(err))
}
