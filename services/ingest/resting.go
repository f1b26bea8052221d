package ingest

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

const (
	// hookedFor is how long after a delivery the webhooks of its repository
	// count as working.
	hookedFor = time.Hour
	// restFactor is how many intervals pass between two turns in which a loop
	// asks about a repository whose webhooks work, and restMost how long at most.
	restFactor = 6
	restMost   = time.Hour
)

// resting returns what a turn of the refresh loop leaves out: a source, or the
// pull requests of a repository, that was read lately and of which webhooks tell.
// It leaves out nothing for a person, or at the start.
func (r *Runner) resting(ctx context.Context, t *task) func(what, repo string) bool {
	nothing := func(string, string) bool { return false }
	job := t.snapshot()
	every := r.o.RefreshInterval
	if every <= 0 || job.By != telemetry.ByInterval(every) || job.Joined > 0 {
		return nothing
	}
	now := r.o.Now()
	hooked, err := r.o.Store.Hooked(ctx, now.Add(-hookedFor))
	if err != nil || len(hooked) == 0 {
		return nothing
	}
	return func(what, repo string) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		at, read := r.fresh[what]
		return hooked[repo] && read && now.Sub(at) >= 0 && now.Sub(at) < Rest(every)-every/2 // a turn may come early
	}
}

// Rest is how long what is usually read at an interval rests while webhooks tell
// of it.
func Rest(every time.Duration) time.Duration { return min(restFactor*every, max(restMost, every)) }

// wasRead notes that something was read as a whole.
func (r *Runner) wasRead(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fresh[what] = r.o.Now()
}

// pullsOf names the pull requests of a repository among what was read.
func pullsOf(repo telemetry.RepoName) string { return "pull requests of " + repo.Key() }
