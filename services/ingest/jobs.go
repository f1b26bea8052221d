package ingest

import (
	"cmp"
	"context"
	"errors"
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
type Order = telemetry.JobOrder

// startLimit is how long starting a job may take: it may need the database.
const startLimit = 5 * time.Second

// Start starts a job, or joins the one of its kind that runs; where another
// program runs the jobs, it asks that one. Its error is CodeMissingSetting,
// naming the variable, or CodeStopping.
func (r *Runner) Start(kind string, order Order) (*Handle, error) {
	if _, err := r.work(kind, order); err != nil {
		return nil, err
	}
	if kind == JobRefresh {
		r.retryFiles()
	}
	job := telemetry.Job{Kind: kind, By: order.By, Order: order}
	h, err := r.start(job, false)
	if errors.Is(err, telemetry.ErrLeaseLost) {
		return r.startElsewhere(job)
	}
	if err == nil {
		h.task.matter()
	}
	return h, err
}

// startElsewhere starts a job where this program can get the lease now, and
// else asks the one that has it.
func (r *Runner) startElsewhere(job telemetry.Job) (*Handle, error) {
	ctx, cancel := context.WithTimeout(r.ctx, startLimit)
	defer cancel()
	if t, err := r.lead(ctx); err != nil {
		return nil, err
	} else if t == nil {
		return r.queue(ctx, job)
	}
	h, err := r.start(job, false)
	if err == nil {
		h.task.matter()
	}
	return h, err
}

// retryFiles has files tried once more that were left out.
func (r *Runner) retryFiles() {
	ctx, cancel := context.WithTimeout(r.ctx, startLimit)
	defer cancel()
	if err := r.o.Store.RetryFiles(ctx); err != nil && r.ctx.Err() == nil {
		r.o.Log.Warn("cannot try files again", "err", err)
	}
}

// start starts a job of the kind, one with an id under that, or joins the one
// that runs. Its error is telemetry.ErrLeaseLost where this program has no term.
func (r *Runner) start(job telemetry.Job, quiet bool) (*Handle, error) {
	work, err := r.work(job.Kind, job.Order)
	if err != nil {
		return nil, err
	}
	slot := job.Kind
	if job.Order.Undo {
		slot += " undo"
	}
	if job.Order.DryRun {
		slot += " dry run"
	}
	if job.Order.Only != "" {
		slot += " of " + job.Order.Only
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want(job.Order)
	if t := r.running[slot]; t != nil && !t.ended {
		return t.join(job, quiet), nil
	}
	if r.stopped || r.ctx.Err() != nil {
		return nil, telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Try again when it is back.")
	}
	if r.term == nil {
		return nil, telemetry.LeaseLost()
	}
	ctx, end := context.WithCancel(r.term.ctx)
	job.ID = cmp.Or(job.ID, r.o.NewID())
	job.State, job.Started, job.Steps, job.Errors = telemetry.JobRunning, telemetry.At(r.o.Now()), []telemetry.JobStep{}, []string{}
	t := &task{r: r, ctx: ctx, end: end, now: newPass(), quiet: quiet, job: job}
	r.running[slot] = t
	r.ended.Go(func() { r.guarded("job "+slot, func() { r.run(slot, t, work) }) })
	return &Handle{r: r, task: t, pass: t.now}, nil
}

// Running returns the job of an id while this program runs it.
func (r *Runner) Running(id string) (telemetry.Job, bool) {
	if t := r.find(id); t != nil {
		return t.snapshotAs(id), true
	}
	return telemetry.Job{}, false
}

func (r *Runner) find(id string) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.running {
		if t.is(id) {
			return t
		}
	}
	return nil
}

// Cancel ends a job that runs or is queued at its next commit, whichever
// program runs it. The error is CodeNotFound for an id that no job has, and
// CodeConflict for one that has ended or must not be cut off.
func (r *Runner) Cancel(ctx context.Context, id string) (telemetry.Job, error) {
	var was, job telemetry.Job
	var err error
	if t := r.find(id); t == nil {
		was, job, err = r.cancelQueued(ctx, id)
	} else if was = t.snapshot(); !Cancellable(was.Kind) {
		return t.snapshotAs(id), notCancellable(was.Kind)
	} else {
		job, err = endedAsAsked(t.cancel().Wait(ctx))
	}
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: job.Kind + " " + id, Before: was.State, After: job.State})
	}
	return job, err
}

func notCancellable(kind string) error {
	return telemetry.Errorf(telemetry.CodeConflict, "A %s cannot be canceled: it must not be left half done.", kind)
}

// endedAsAsked is how a job ended whose end was asked for.
func endedAsAsked(job telemetry.Job, err error) (telemetry.Job, error) {
	if telemetry.CodeOf(err) == telemetry.CodeConflict {
		err = nil
	}
	return job, err
}

// Cancellable reports whether a job of the kind may be ended midway.
func Cancellable(kind string) bool {
	return kind == JobRefresh || kind == JobPoll || kind == JobPollPRs || kind == JobLogs || kind == JobPrune
}

func (r *Runner) work(kind string, order Order) (func(context.Context, *task) (any, error), error) {
	switch kind {
	case JobRefresh:
		if len(r.o.Sources) == 0 {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"No source of run files is set. Set GITHUB_TOKEN and ACTION_REPO to read from GitHub, "+
					"or RUNS_DIR to read from a directory.")
		}
		if order.Only != "" {
			return func(ctx context.Context, t *task) (any, error) { return r.refreshOne(ctx, t, order.Only) }, nil
		}
		return r.refresh, nil
	case JobPoll, jobPollActive:
		if r.o.Devin == nil {
			return nil, missingDevin()
		}
		if kind == jobPollActive {
			return r.pollDue, nil
		}
		return r.pollAll, nil
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
	case JobPrune:
		if r.o.RetentionDays == 0 {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"RETENTION_DAYS is not set, so records and run logs are kept for ever. Set it to a number of days and restart.")
		}
		return r.prune, nil
	case JobRebuild:
		return r.rebuild, nil
	case JobBackfill:
		return func(ctx context.Context, t *task) (any, error) { return r.backfill(ctx, t, order) }, nil
	}
	return nil, telemetry.Errorf(telemetry.CodeNotFound, "Unknown kind of job %q.", kind)
}
