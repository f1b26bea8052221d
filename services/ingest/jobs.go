package ingest

import (
	"cmp"
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// The kinds of jobs.
const (
	JobRefresh  = "refresh"
	JobPoll     = "poll"
	JobPollPRs  = "poll-prs"
	JobBackfill = "backfill"
	JobRebuild  = "rebuild"  // it starts by itself
	JobLogs     = "run-logs" // likewise, or where a person wants a log

	// jobPollActive is the loop's poll: it is not shown as a job.
	jobPollActive = "poll-active"
)

// Order is what a caller wants of a job beside its kind.
type Order struct {
	DryRun bool // backfill: only say what would change
	Undo   bool // backfill: take the last application back
	By     telemetry.StartedBy
}

// Start starts a job, or joins the one of its kind that runs. Its error is
// CodeMissingSetting, naming the variable, or CodeStopping.
func (r *Runner) Start(kind string, order Order) (*Handle, error) {
	if kind == JobRefresh {
		r.retryFiles()
	}
	h, err := r.start(telemetry.Job{Kind: kind, By: order.By}, order, false)
	if err == nil {
		h.task.matter()
	}
	return h, err
}

// retryFiles has files tried once more that were left out.
func (r *Runner) retryFiles() {
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Second)
	defer cancel()
	if err := r.o.Store.RetryFiles(ctx); err != nil && r.ctx.Err() == nil {
		r.o.Log.Warn("cannot try files again", "err", err)
	}
}

// start starts a job of the kind, one with an id under that.
func (r *Runner) start(job telemetry.Job, order Order, quiet bool) (*Handle, error) {
	work, err := r.work(job.Kind, order)
	if err != nil {
		return nil, err
	}
	slot := job.Kind
	if order.Undo {
		slot += " undo"
	}
	if order.DryRun {
		slot += " dry run"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.running[slot]; t != nil && !t.ended {
		return t.join(quiet), nil
	}
	if r.stopped || r.ctx.Err() != nil {
		return nil, telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Try again when it is back.")
	}
	ctx, end := context.WithCancel(r.ctx)
	job.ID = cmp.Or(job.ID, r.o.NewID())
	job.State, job.Started, job.Steps, job.Errors = telemetry.JobRunning, telemetry.At(r.o.Now()), []telemetry.JobStep{}, []string{}
	t := &task{r: r, ctx: ctx, end: end, now: newPass(), quiet: quiet, job: job}
	r.running[slot] = t
	r.ended.Go(func() { r.guarded("job "+slot, func() { r.run(slot, t, work) }) })
	return &Handle{t, t.now}, nil
}

// Running returns the job of an id while it runs.
func (r *Runner) Running(id string) (telemetry.Job, bool) {
	if t := r.find(id); t != nil {
		return t.snapshot(), true
	}
	return telemetry.Job{}, false
}

func (r *Runner) find(id string) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.running {
		if t.snapshot().ID == id {
			return t
		}
	}
	return nil
}

// Cancel ends a running job at its next commit. The error is CodeNotFound for an
// id that no job has, and CodeConflict for one that has ended or must not be cut
// off.
func (r *Runner) Cancel(ctx context.Context, id string) (telemetry.Job, error) {
	t := r.find(id)
	if t == nil {
		return r.notRunning(ctx, id)
	}
	if kind := t.snapshot().Kind; !Cancellable(kind) {
		return t.snapshot(), telemetry.Errorf(telemetry.CodeConflict,
			"A %s cannot be canceled: it must not be left half done.", kind)
	}
	t.mu.Lock()
	t.cancelled = true
	h := &Handle{t, t.now}
	t.mu.Unlock()
	t.end()
	job, err := h.Wait(ctx)
	if telemetry.CodeOf(err) == telemetry.CodeConflict {
		err = nil // it ended as asked
	}
	return job, err
}

// notRunning says why a job that this program does not run is not canceled.
func (r *Runner) notRunning(ctx context.Context, id string) (telemetry.Job, error) {
	job, found, err := r.o.Store.Job(ctx, id)
	switch {
	case err != nil:
	case !found:
		err = telemetry.Errorf(telemetry.CodeNotFound, "Job not found.")
	case job.Running():
		err = telemetry.Errorf(telemetry.CodeConflict, "Another dashboard on the same database runs the job; cancel it there.")
	default:
		err = telemetry.Errorf(telemetry.CodeConflict, "The job has ended already, so there is nothing to cancel.")
	}
	return job, err
}

// Cancellable reports whether a job of the kind may be ended midway.
func Cancellable(kind string) bool {
	return kind == JobRefresh || kind == JobPoll || kind == JobPollPRs || kind == JobLogs
}

func (r *Runner) work(kind string, order Order) (func(context.Context, *task) (any, error), error) {
	switch kind {
	case JobRefresh:
		if len(r.o.Sources) == 0 {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"No source of run files is set. Set GITHUB_TOKEN and ACTION_REPO to read from GitHub, "+
					"or RUNS_DIR to read from a directory.")
		}
		return r.refresh, nil
	case JobPoll, jobPollActive:
		if r.o.Devin == nil {
			return nil, missingDevin()
		}
		return func(ctx context.Context, t *task) (any, error) { return r.poll(ctx, t, kind == JobPoll) }, nil
	case JobPollPRs:
		if r.o.PullRequests == nil {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"GITHUB_TOKEN is not set, so pull requests cannot be read from GitHub. Set it and restart.")
		}
		return r.pollPRs, nil
	case JobLogs:
		if r.o.RunLogs == nil {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"GITHUB_TOKEN is not set, so run logs cannot be read from GitHub. Set it and restart, or put the logs beside RUNS_DIR.")
		}
		return r.readLogs, nil
	case JobRebuild:
		return r.rebuild, nil
	case JobBackfill:
		return func(ctx context.Context, t *task) (any, error) { return r.backfill(ctx, t, order) }, nil
	}
	return nil, telemetry.Errorf(telemetry.CodeNotFound, "Unknown kind of job %q.", kind)
}
