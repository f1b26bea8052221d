// Package ingest is the write side: it reads run files, sessions and pull
// requests from their sources and stores what follows. Each kind of work is
// a job that runs once at a time; who asks for it while it runs joins it.
// It reaches the store and the upstreams only through the interfaces below,
// and renders nothing.
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Files is where run files are kept.
type Files interface {
	KnownFiles(ctx context.Context, source string) (map[string]string, error)
	PutFiles(ctx context.Context, source string, files []telemetry.FetchedFile) (telemetry.PutResult, error)
	MarkGone(ctx context.Context, source string, names []string) error
	RetryFiles(ctx context.Context) error
}

// Pulls is where pull requests are kept.
type Pulls interface {
	PullSyncs(ctx context.Context) ([]telemetry.PullSync, error)
	SavePulls(ctx context.Context, repo telemetry.RepoName, pulls []telemetry.PullRequest, watermark time.Time) error
	PullsFailed(ctx context.Context, repo telemetry.RepoName, cause string) error
	UnfetchedPulls(ctx context.Context, again bool, limit int) ([]telemetry.PullRef, error)
	PullMissing(ctx context.Context, ref telemetry.PullRef) error
	FoundPulls(ctx context.Context) (int64, error)
}

// Sessions is where polled states are kept.
type Sessions interface {
	SessionsToPoll(ctx context.Context, all bool) ([]string, error)
	SavePoll(ctx context.Context, answer telemetry.SessionAnswer) error
}

// Notes is where jobs and the state of sources are kept.
type Notes interface {
	SaveJob(ctx context.Context, j telemetry.Job) error
	SaveSource(ctx context.Context, s telemetry.SourceStatus) error
	Job(ctx context.Context, id string) (telemetry.Job, bool, error)
	TakeOver(ctx context.Context, kinds []string) ([]telemetry.Job, error)
}

// Mender finds and applies what can be mended in old records.
type Mender interface {
	Backfill(ctx context.Context, apply bool) ([]telemetry.Change, error)
	UndoBackfill(ctx context.Context, apply bool) ([]telemetry.Change, error)
}

// Rebuilder derives stored records again after the rules have changed.
type Rebuilder interface {
	RebuildPending(ctx context.Context) (bool, error)
	Rebuild(ctx context.Context, advance func(done, total int)) error
}

// Store is all of the store that ingest needs.
type Store interface {
	Files
	Pulls
	Sessions
	Notes
	Mender
	Rebuilder
	Deeds
}

// RunFiles is a directory of run files.
type RunFiles interface {
	RunFiles(ctx context.Context) ([]telemetry.RunFile, error)
	FetchRunFiles(ctx context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error
}

// PullRequests asks for pull requests. After a time that is not zero, only
// those updated later need be given.
type PullRequests interface {
	PullRequests(ctx context.Context, repo string, updatedAfter time.Time) ([]telemetry.PullRequest, error)
	PullRequest(ctx context.Context, repo string, number int) (telemetry.PullRequest, error)
}

// Devin asks for sessions, in the order of their urgency.
type Devin interface {
	Sessions(ctx context.Context, wanted []string) (telemetry.SessionAnswer, error)
}

// Source is a directory of run files and the name under which its records
// are kept: the action repository, or "" for RUNS_DIR.
type Source struct {
	Name  string
	Files RunFiles
}

// Options are what a Runner works with. What is nil is switched off.
type Options struct {
	Store           Store
	Sources         []Source
	PullRequests    PullRequests
	Devin           Devin
	Messenger       Messenger
	Dispatcher      Dispatcher // needs GITHUB_TOKEN and ACTION_REPO
	MissingDevin    string     // which variable is missing, for the sentence
	RefreshInterval time.Duration
	PollInterval    time.Duration
	Log             *slog.Logger
	Now             func() time.Time
	NewID           func() string
}

// Runner runs jobs. It is safe for concurrent use.
type Runner struct {
	o   Options
	ctx context.Context // the server's life; set by Run

	mu      sync.Mutex
	running map[string]*Handle
	doing   map[string]*doing    // by token
	pauses  map[string]time.Time // by kind: when its loop may ask again
	unsaved []telemetry.Job      // ended, and not yet written down
	ended   sync.WaitGroup
	stopped bool
}

// New returns a Runner whose jobs live as long as ctx.
func New(ctx context.Context, o Options) *Runner {
	return &Runner{o: o, ctx: ctx, running: map[string]*Handle{}, doing: map[string]*doing{}, pauses: map[string]time.Time{}}
}

// Run starts what an earlier program left undone and the loops, and returns
// when ctx has ended and the last job has stopped.
func (r *Runner) Run(ctx context.Context) error {
	r.rebuildIfPending(ctx)
	r.resume(ctx)
	var loops sync.WaitGroup
	loops.Go(func() { r.loop(ctx, JobRefresh, r.o.RefreshInterval, len(r.o.Sources) > 0, true) })
	loops.Go(func() { r.beat(ctx) })
	loops.Go(func() { r.loop(ctx, jobPollActive, r.o.PollInterval, r.o.Devin != nil, false) })
	<-ctx.Done()
	loops.Wait()
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.ended.Wait()
	return nil
}

// maxPause bounds how long an upstream can silence a loop.
const maxPause = time.Hour

// loop starts a job at each interval, and at start where first is set.
func (r *Runner) loop(ctx context.Context, kind string, every time.Duration, possible, first bool) {
	if !possible {
		return
	}
	if first {
		r.turn(ctx, kind, telemetry.ByStart)
	}
	if every > 0 {
		repeat(ctx, every, func() { r.turn(ctx, kind, telemetry.ByInterval(every)) })
	}
}

// repeat does something every so often until ctx ends.
func repeat(ctx context.Context, every time.Duration, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

// turn runs one job of a loop. Where an upstream said when to ask again, the
// turns until then are left out: a limit that is asked against lasts longer.
func (r *Runner) turn(ctx context.Context, kind string, by telemetry.Starter) {
	r.mu.Lock()
	early := r.o.Now().Before(r.pauses[kind])
	r.mu.Unlock()
	if early {
		return
	}
	h, err := r.start(telemetry.Job{Kind: kind, By: by}, Order{}, true)
	if err == nil {
		_, err = h.Wait(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	var wait time.Duration
	if h != nil {
		h.mu.Lock()
		wait = h.retry
		h.mu.Unlock()
	}
	if err != nil {
		r.o.Log.Warn("a turn failed", "job", kind, "err", err)
		if e, ok := errors.AsType[*telemetry.Error](err); ok {
			wait = max(wait, e.RetryAfter)
		}
	}
	if wait > 0 {
		r.mu.Lock()
		r.pauses[kind] = r.o.Now().Add(min(wait, maxPause))
		r.mu.Unlock()
	}
}

// beatEvery is how often the program says that it lives, and looks for jobs of
// those that do not any more.
const beatEvery = 5 * time.Second

// beat resumes what another program's end interrupts, until ctx ends.
func (r *Runner) beat(ctx context.Context) {
	repeat(ctx, beatEvery, func() {
		r.saveUnsaved()
		r.resume(ctx)
	})
}

// resume starts again what an earlier program's end interrupted, each job
// under its own id: a page that shows it goes on showing it.
func (r *Runner) resume(ctx context.Context) {
	jobs, err := r.o.Store.TakeOver(ctx, []string{JobRefresh, JobPoll, JobPollPRs})
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("cannot read earlier jobs", "err", err)
	}
	for _, j := range jobs {
		h, err := r.start(j, Order{}, false)
		if err != nil {
			r.o.Log.Info("an interrupted job is not resumed", "job", j.Kind, "err", err)
			continue
		}
		h.matter()
	}
}
