package ingest

import (
	"context"
	"encoding/json"
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

	cancelled bool // by a person
	ended     bool // no more passes; guarded by the Runner's mutex
	r         *Runner
}

// pass is one run of a task's work. Its end is set when done is closed.
type pass struct {
	done  chan struct{}
	job   telemetry.Job
	err   error
	retry time.Duration // how long an upstream asked to wait
}

func newPass() *pass { return &pass{done: make(chan struct{})} }

// Handle is a caller's view of a job.
type Handle struct {
	task *task
	pass *pass
}

// Job returns the job as it stands.
func (h *Handle) Job() telemetry.Job { return h.task.snapshot() }

// Wait returns the job when the caller's pass has ended, and its failure.
func (h *Handle) Wait(ctx context.Context) (telemetry.Job, error) {
	select {
	case <-h.pass.done:
		return h.pass.job, h.pass.err
	case <-ctx.Done():
		return h.Job(), ctx.Err()
	}
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
// which is a loop, gets the running one.
func (t *task) join(quiet bool) *Handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	if quiet {
		return &Handle{t, t.now}
	}
	t.job.Joined++
	if !t.begun || !Cancellable(t.job.Kind) {
		return &Handle{t, t.now}
	}
	if t.next == nil {
		t.next = newPass()
	}
	return &Handle{t, t.next}
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
		t.save(true)
		t.mu.Lock()
		t.begun = true
		kind := t.job.Kind
		t.mu.Unlock()
		var result any
		err := within(t.ctx, limitOf(kind), "The job ("+kind+")", func(ctx context.Context) error {
			return telemetry.Guard(kind, func() (err error) {
				result, err = work(ctx, t)
				return err
			})
		})
		if err != nil && t.ctx.Err() == nil {
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
		t.job.Steps, t.job.Errors = []telemetry.JobStep{}, []string{}
	}
	t.mu.Unlock()
	r.mu.Unlock()
	r.logFailure("a job failed", done.job.Kind, err)
	if again {
		close(done.done)
		return true
	}
	t.save(true)
	t.end()
	r.mu.Lock()
	if r.running[slot] == t {
		delete(r.running, slot)
	}
	r.mu.Unlock()
	close(done.done)
	if rest != nil {
		rest.job, rest.err = done.job, err
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
	case t.cancelled && r.ctx.Err() == nil:
		j.State, j.Error, j.Code = telemetry.JobCancelled,
			"Canceled. What it had stored is kept; the next job continues from there.", telemetry.CodeConflict
		return telemetry.Errorf(telemetry.CodeConflict, "The job %s was canceled. What it had stored is kept.", j.ID).Because(err)
	case r.ctx.Err() != nil:
		j.State, j.Code = telemetry.JobInterrupted, telemetry.CodeStopping
		j.Error = "The server stopped before the job ended. The job continues at the next start."
		stopping := telemetry.Errorf(telemetry.CodeStopping,
			"The server is shutting down; the job %s continues at its next start.", j.ID).Because(err)
		stopping.JobID = j.ID
		return stopping
	}
	j.State, j.Error, j.Code = telemetry.JobFailed, telemetry.Optional(telemetry.Sentence(err)), telemetry.CodeOf(err)
	return err
}
