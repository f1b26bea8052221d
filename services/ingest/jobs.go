package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// The kinds of jobs.
const (
	JobRefresh  = "refresh"
	JobPoll     = "poll"
	JobPollPRs  = "poll-prs"
	JobBackfill = "backfill"
	JobRebuild  = "rebuild" // it starts by itself

	// jobPollActive is the loop's poll: it is not shown as a job.
	jobPollActive = "poll-active"
)

// Order is what a caller wants of a job beside its kind.
type Order struct {
	DryRun bool // backfill: only say what would change
	Undo   bool // backfill: take the last application back
	By     telemetry.Starter
}

// Handle is a running or ended job.
type Handle struct {
	mu    sync.Mutex
	job   telemetry.Job
	step  time.Time // when the running step began
	err   error
	done  chan struct{}
	ctx   context.Context
	end   context.CancelFunc
	quiet bool          // it is not written down: a loop's, as long as it changes nothing
	retry time.Duration // how long an upstream asked to wait
	saved time.Time

	cancelled bool // by a person
	r         *Runner
}

// Job returns the job as it stands.
func (h *Handle) Job() telemetry.Job {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.job
	j.Steps = append([]telemetry.JobStep(nil), h.job.Steps...)
	j.Errors = append([]string{}, h.job.Errors...)
	if n := len(j.Steps); n > 0 && j.Steps[n-1].State == "running" {
		j.Steps[n-1].Seconds = h.r.o.Now().Sub(h.step).Seconds()
	}
	return j
}

// Wait returns the job when it has ended, and its failure. A wait that
// outlives ctx ends with ctx's error; the job goes on.
func (h *Handle) Wait(ctx context.Context) (telemetry.Job, error) {
	select {
	case <-h.done:
		return h.Job(), h.err
	case <-ctx.Done():
		return h.Job(), ctx.Err()
	}
}

// Start starts a job, or joins the one of its kind that runs. Its error is
// CodeMissingSetting, naming the variable, or CodeStopping.
func (r *Runner) Start(kind string, order Order) (*Handle, error) {
	if kind == JobRefresh {
		r.retryFiles()
	}
	h, err := r.start(telemetry.Job{Kind: kind, By: order.By}, order, false)
	if err == nil {
		h.matter()
	}
	return h, err
}

// retryFiles has files tried once more that were left out: a person asks, or
// a program of theirs.
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
	if h := r.running[slot]; h != nil {
		if !quiet {
			h.mu.Lock()
			h.job.Joined++
			h.mu.Unlock()
		}
		return h, nil
	}
	if r.stopped || r.ctx.Err() != nil {
		return nil, telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Ask again when it is back.")
	}
	ctx, end := context.WithCancel(r.ctx)
	job.ID = cmp.Or(job.ID, r.o.NewID())
	job.State, job.Started, job.Steps, job.Errors = telemetry.JobRunning, r.o.Now(), []telemetry.JobStep{}, []string{}
	h := &Handle{r: r, ctx: ctx, end: end, done: make(chan struct{}), quiet: quiet, job: job}
	r.running[slot] = h
	r.ended.Go(func() { r.run(slot, h, work) })
	return h, nil
}

// Running returns the job of an id while it runs.
func (r *Runner) Running(id string) (telemetry.Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.running {
		if j := h.Job(); j.ID == id {
			return j, true
		}
	}
	return telemetry.Job{}, false
}

// Cancel ends a running job at its next commit: what it has stored stays, and
// the next one goes on from there. The error is CodeNotFound for an id that
// no job has, and CodeConflict for one that has ended or must not be cut off.
func (r *Runner) Cancel(ctx context.Context, id string) (telemetry.Job, error) {
	r.mu.Lock()
	var h *Handle
	for _, other := range r.running {
		if other.Job().ID == id {
			h = other
		}
	}
	r.mu.Unlock()
	if h == nil {
		job, found, err := r.o.Store.Job(ctx, id)
		if err == nil && !found {
			err = telemetry.Errorf(telemetry.CodeNotFound, "There is no job of that id.")
		} else if err == nil && job.Running() {
			err = telemetry.Errorf(telemetry.CodeConflict, "Another dashboard on the same database runs the job; cancel it there.")
		} else if err == nil {
			err = telemetry.Errorf(telemetry.CodeConflict, "The job has ended already, so there is nothing to cancel.")
		}
		return job, err
	}
	if !Cancellable(h.Job().Kind) {
		return h.Job(), telemetry.Errorf(telemetry.CodeConflict,
			"A %s is not cancelled: it is short, or nothing may be left half done.", h.Job().Kind)
	}
	h.mu.Lock()
	h.cancelled = true
	h.mu.Unlock()
	h.end()
	job, err := h.Wait(ctx)
	if telemetry.CodeOf(err) == telemetry.CodeConflict {
		err = nil // it ended as asked
	}
	return job, err
}

// Cancellable tells whether a job of the kind may be ended midway.
func Cancellable(kind string) bool {
	return kind == JobRefresh || kind == JobPoll || kind == JobPollPRs
}

// work returns what a job of the kind does, or why it cannot be done.
func (r *Runner) work(kind string, order Order) (func(context.Context, *Handle) (any, error), error) {
	switch kind {
	case JobRefresh:
		if len(r.o.Sources) == 0 {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"There is nothing to refresh from: set GITHUB_TOKEN and ACTION_REPO to read run files from GitHub, or RUNS_DIR to read them from a directory.")
		}
		return r.refresh, nil
	case JobPoll, jobPollActive:
		if r.o.Devin == nil {
			return nil, r.missingDevin()
		}
		return func(ctx context.Context, h *Handle) (any, error) { return r.poll(ctx, h, kind == JobPoll) }, nil
	case JobPollPRs:
		if r.o.PullRequests == nil {
			return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
				"GITHUB_TOKEN is not set, so GitHub cannot be asked for pull requests. Set it and restart.")
		}
		return r.pollPRs, nil
	case JobRebuild:
		return r.rebuild, nil
	case JobBackfill:
		return func(ctx context.Context, h *Handle) (any, error) { return r.backfill(ctx, h, order) }, nil
	}
	return nil, telemetry.Errorf(telemetry.CodeNotFound, "There is no job %q.", kind)
}

func (r *Runner) run(slot string, h *Handle, work func(context.Context, *Handle) (any, error)) {
	h.save(true)
	result, err := r.guard(h, work)
	if err != nil && h.ctx.Err() == nil {
		h.matter()
	}
	h.mu.Lock()
	h.job.Ended = r.o.Now()
	h.endStep(err)
	switch {
	case err == nil:
		h.job.State = telemetry.JobDone
		h.job.Result, err = json.Marshal(result)
	case h.cancelled && r.ctx.Err() == nil:
		h.job.State, h.job.Error, h.job.Code = telemetry.JobCancelled,
			"It was cancelled. What it had stored stays; the next one goes on from there.", telemetry.CodeConflict
		err = telemetry.Errorf(telemetry.CodeConflict, "The job %s was cancelled. What it had stored stays.", h.job.ID).Because(err)
	case r.ctx.Err() != nil:
		h.job.State = telemetry.JobInterrupted
		h.job.Error = "The server was stopped before the job had ended. Its next start resumes it."
		stopping := telemetry.Errorf(telemetry.CodeStopping,
			"The server is shutting down; the job %s goes on at its next start.", h.job.ID).Because(err)
		stopping.JobID = h.job.ID
		h.job.Code, err = telemetry.CodeStopping, stopping
	default:
		h.job.State, h.job.Error, h.job.Code = telemetry.JobFailed, sentence(err), telemetry.CodeOf(err)
	}
	h.err = err
	h.mu.Unlock()
	h.save(true)
	r.mu.Lock()
	delete(r.running, slot)
	r.mu.Unlock()
	h.end()
	close(h.done)
	if code := telemetry.CodeOf(err); err != nil && code != telemetry.CodeStopping && code != telemetry.CodeConflict {
		r.o.Log.Warn("a job failed", "job", h.job.Kind, "id", h.job.ID, "err", err)
	}
}

// guard keeps a panic in a job from ending the program.
func (r *Runner) guard(h *Handle, work func(context.Context, *Handle) (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("a job panicked", "job", h.job.Kind, "panic", p)
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return work(h.ctx, h)
}

// sentence is what a client may know of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return "Something went wrong inside the program; its log has the cause. What was stored stays."
}

// begin starts the next step of a job.
func (h *Handle) begin(name string, total int) {
	h.mu.Lock()
	h.endStep(nil)
	h.job.Steps = append(h.job.Steps, telemetry.JobStep{Name: name, State: "running", Total: int64(total)})
	h.step = h.r.o.Now()
	h.mu.Unlock()
	h.save(false)
}

// advance counts n more done in the running step.
func (h *Handle) advance(n int) {
	h.mu.Lock()
	if last := len(h.job.Steps) - 1; last >= 0 {
		h.job.Steps[last].Done += int64(n)
	}
	h.mu.Unlock()
	h.save(false)
}

// describe sets the running step's detail and counts.
func (h *Handle) describe(detail string, done, total int) {
	h.mu.Lock()
	if last := len(h.job.Steps) - 1; last >= 0 {
		s := &h.job.Steps[last]
		s.Detail, s.Done, s.Total = detail, int64(done), int64(total)
	}
	h.mu.Unlock()
}

// failed notes what went wrong, and with what, while the job goes on.
func (h *Handle) failed(what string, err error) {
	h.mu.Lock()
	h.job.Errors = append(h.job.Errors, what+sentence(err))
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		h.retry = max(h.retry, e.RetryAfter)
	}
	h.mu.Unlock()
	h.matter()
}

// matter makes a loop's job one that is written down: it changes something,
// or someone waits for it. A turn that finds nothing leaves no row, so that
// open pages are not told of it.
func (h *Handle) matter() {
	h.mu.Lock()
	first := h.quiet && h.job.Kind != jobPollActive
	if first {
		h.quiet = false
	}
	h.mu.Unlock()
	if first {
		h.save(true)
	}
}

func (h *Handle) errors() []string { return h.Job().Errors }

// endStep ends the running step; h.mu is held.
func (h *Handle) endStep(err error) {
	if last := len(h.job.Steps) - 1; last >= 0 && h.job.Steps[last].State == "running" {
		s := &h.job.Steps[last]
		s.State, s.Seconds = "done", h.r.o.Now().Sub(h.step).Seconds()
		if err != nil {
			s.State = "failed"
		}
	}
}

// saveEvery is how often a running job is written down: often enough for a
// page that watches, seldom enough not to slow the job.
const saveEvery = 500 * time.Millisecond

// save writes the job down, at most every saveEvery unless forced. It does
// so even while the server stops.
func (h *Handle) save(force bool) {
	now := h.r.o.Now()
	h.mu.Lock()
	due := !h.quiet && (force || now.Sub(h.saved) >= saveEvery)
	if due {
		h.saved = now
	}
	h.mu.Unlock()
	if !due {
		return
	}
	h.r.saveJob(h.Job())
}

// saveJob writes a job down. One that has ended and cannot be, since the
// database is away or its disk is full, is kept until it can.
func (r *Runner) saveJob(job telemetry.Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), 5*time.Second)
	defer cancel()
	err := r.o.Store.SaveJob(ctx, job)
	if err == nil {
		return
	}
	r.o.Log.Warn("cannot write a job down", "job", job.Kind, "err", err)
	if !job.Running() {
		r.mu.Lock()
		r.unsaved = append(r.unsaved, job)
		r.mu.Unlock()
	}
}

// saveUnsaved writes the jobs down that could not be at their end.
func (r *Runner) saveUnsaved() {
	r.mu.Lock()
	jobs := r.unsaved
	r.unsaved = nil
	r.mu.Unlock()
	for _, j := range jobs {
		r.saveJob(j)
	}
}
