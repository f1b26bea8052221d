package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// task is a job that runs or has ended. Its work may take several passes: a
// caller that comes after a pass has begun is answered by the next one, so that
// the answer includes everything that the caller may have seen before.
type task struct {
	mu    sync.Mutex
	job   telemetry.Job
	now   *pass     // the one that runs
	next  *pass     // answers callers that came after now had begun; nil without any
	begun bool      // whether now has begun
	step  time.Time // when the running step began
	ctx   context.Context
	end   context.CancelFunc
	quiet bool      // it is not written down: a loop's, as long as it changes nothing
	saved time.Time // when it was last written down

	awaited   bool // a person has joined
	cancelled bool // by a person
	ended     bool // no more passes; guarded by the Runner's mutex
	r         *Runner
}

// pass is one run of a task's work. Its end is set when done is closed.
type pass struct {
	done  chan struct{}
	job   telemetry.Job
	err   error
	retry time.Duration   // how long an upstream asked to wait
	rows  []telemetry.Job // of callers in other programs, which look for the end under ids of their own
}

func newPass() *pass { return &pass{done: make(chan struct{})} }

// Handle is a caller's view of a job.
type Handle struct {
	r      *Runner
	task   *task // nil: another program runs the job
	pass   *pass
	queued telemetry.Job // without a task
}

// Job returns the job as it stands, or as it was queued.
func (h *Handle) Job() telemetry.Job {
	if h.task == nil {
		return h.queued
	}
	return h.task.snapshot()
}

// Wait returns the job when the caller's pass has ended, and its failure. A job
// that another program takes over is waited for there.
func (h *Handle) Wait(ctx context.Context) (telemetry.Job, error) {
	if h.task == nil {
		return h.r.await(ctx, h.queued)
	}
	select {
	case <-h.pass.done:
	case <-ctx.Done():
		return h.Job(), ctx.Err()
	}
	if !errors.Is(h.pass.err, telemetry.ErrLeaseLost) {
		return h.pass.job, h.pass.err
	}
	queued, err := h.r.queue(ctx, h.pass.job) // which is there, unless this program was stopped before it could write it down
	if err != nil {
		return h.pass.job, err
	}
	return queued.Wait(ctx)
}

func (t *task) snapshot() telemetry.Job {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.copyJob()
}

// copyJob returns the job as it stands; t.mu is held.
func (t *task) copyJob() telemetry.Job {
	j := t.job
	j.Steps = append([]telemetry.JobStep{}, t.job.Steps...)
	j.Errors = append([]string{}, t.job.Errors...)
	if n := len(j.Steps); n > 0 && j.Steps[n-1].State == "running" {
		j.Steps[n-1].Seconds = t.r.o.Now().Sub(t.step).Seconds()
	}
	return j
}

// join returns the pass that answers one more caller: the running one, or the
// next one if the running one may miss what the caller has seen. A quiet caller,
// which is a loop, gets the running one. A job with an id is that of callers in
// other programs.
func (t *task) join(job telemetry.Job, quiet bool) *Handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	if quiet {
		return &Handle{r: t.r, task: t, pass: t.now}
	}
	t.job.Joined += 1 + job.Joined
	t.awaited = t.awaited || !job.By.Automatic()
	p := t.now
	if t.begun && Cancellable(t.job.Kind) {
		if t.next == nil {
			t.next = newPass()
		}
		p = t.next
	}
	if job.ID != "" {
		p.rows = append(p.rows, job)
	}
	return &Handle{r: t.r, task: t, pass: p}
}

// row finds the row of a caller in another program; t.mu is held.
func (t *task) row(id string) (row telemetry.Job, found bool) {
	for _, p := range []*pass{t.now, t.next} {
		if p == nil {
			continue
		}
		for _, row := range p.rows {
			if row.ID == id {
				return row, true
			}
		}
	}
	return row, false
}

// is reports whether a caller has the job under an id.
func (t *task) is(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, found := t.row(id)
	return found || t.job.ID == id
}

// snapshotAs is the job as the caller of an id has it.
func (t *task) snapshotAs(id string) telemetry.Job {
	t.mu.Lock()
	defer t.mu.Unlock()
	job := t.copyJob()
	if row, found := t.row(id); found {
		job = as(job, row)
	}
	return job
}

// background reports whether no person waits for the task.
func (t *task) background() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.job.By.Automatic() && !t.awaited
}

func always() bool { return true }
func never() bool  { return false }

// cancel ends the task, as a person asked.
func (t *task) cancel() *Handle {
	t.mu.Lock()
	t.cancelled = true
	h := &Handle{r: t.r, task: t, pass: t.now}
	t.mu.Unlock()
	t.end()
	return h
}

// limitOf is how long one pass of a job may take. What it ends hangs.
func limitOf(kind string) time.Duration {
	switch kind {
	case JobRefresh, JobPollPRs:
		return 30 * time.Minute
	case JobPoll, jobPollActive:
		return 5 * time.Minute
	}
	return 6 * time.Hour // it asks no upstream, and its length depends on what is stored
}

// run does the passes of a task until nobody waits for another.
func (r *Runner) run(slot string, t *task, work func(context.Context, *task) (any, error)) {
	for again := true; again; {
		_ = t.save(true) // the end is saved, too
		t.mu.Lock()
		t.begun = true
		kind := t.job.Kind
		t.mu.Unlock()
		var result any
		err := within(t.ctx, limitOf(kind), "The job ("+kind+")", func(ctx context.Context) error {
			return telemetry.Guard(kind, func() (err error) {
				result, err = work(telemetry.InBackground(ctx, t.background), t)
				return err
			})
		})
		if err != nil && t.ctx.Err() == nil && !errors.Is(err, telemetry.ErrReserved) {
			t.matter()
		}
		again = r.endPass(slot, t, result, err)
	}
}

// endPass ends a pass and reports whether another follows.
func (r *Runner) endPass(slot string, t *task, result any, err error) (again bool) {
	r.mu.Lock()
	t.mu.Lock()
	done := t.now
	err = t.conclude(result, err)
	again = t.next != nil && t.ctx.Err() == nil
	t.ended = !again
	done.job, done.err = t.copyJob(), err
	rest := t.next
	if again {
		t.now, t.next, t.begun = t.next, nil, false
		t.job.State, t.job.Ended, t.job.Result, t.job.Error, t.job.Code = telemetry.JobRunning, telemetry.Time{}, nil, "", ""
		t.job.Steps, t.job.Errors, t.job.Retry = []telemetry.JobStep{}, []string{}, 0
	}
	t.mu.Unlock()
	r.mu.Unlock()
	r.logFailure("a job failed", done.job.Kind, err)
	if r.o.Ended != nil {
		r.o.Ended(done.job)
	}
	if again {
		_ = t.saveRows(done.job, done.rows) // kept if it fails
		close(done.done)
		return true
	}
	if err := t.save(true); errors.Is(err, telemetry.ErrLeaseLost) {
		done.err = err // where the job continues, it has another end
	}
	t.end()
	r.mu.Lock()
	if r.running[slot] == t {
		delete(r.running, slot)
	}
	r.mu.Unlock()
	close(done.done)
	if rest != nil {
		_ = t.saveRows(done.job, rest.rows)
		rest.job, rest.err = done.job, done.err
		close(rest.done)
	}
	return false
}

// conclude notes how a pass ended, and returns its failure; t.mu is held.
func (t *task) conclude(result any, err error) error {
	j, r := &t.job, t.r
	j.Ended = telemetry.At(r.o.Now())
	t.endStep(err)
	switch {
	case err == nil:
		j.State = telemetry.JobDone
		j.Result, err = json.Marshal(result)
		return err
	case errors.Is(err, telemetry.ErrLeaseLost) || errors.Is(context.Cause(t.ctx), telemetry.ErrLeaseLost):
		lost := telemetry.LeaseLost()
		j.State, j.Error, j.Code = telemetry.JobInterrupted, telemetry.Optional(lost.Message), lost.Code
		return lost
	case t.cancelled && r.ctx.Err() == nil:
		j.State, j.Error, j.Code = telemetry.JobCancelled, telemetry.JobCancelledText, telemetry.CodeConflict
		return canceled(*j).Because(err)
	case r.ctx.Err() != nil:
		j.State, j.Code = telemetry.JobInterrupted, telemetry.CodeStopping
		j.Error = "The server stopped before the job ended. The job continues at the next start."
		return stopping(*j, err)
	}
	j.State, j.Error, j.Code = telemetry.JobFailed, telemetry.Optional(telemetry.Sentence(err)), telemetry.CodeOf(err)
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		j.Retry = e.RetryAfter
	}
	return err
}

// canceled is the error for who waits for a job that a person canceled.
func canceled(j telemetry.Job) *telemetry.Error {
	return telemetry.Errorf(telemetry.CodeConflict, "The job %s was canceled. What it had stored is kept.", j.ID)
}

// stopping is the error for who waits for a job when the server stops.
func stopping(j telemetry.Job, cause error) error {
	e := telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down; the job %s continues at its next start.", j.ID).Because(cause)
	e.JobID = j.ID
	return e
}
