package ingest

import (
	"context"
	"errors"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func (t *task) begin(name string, total int) {
	t.mu.Lock()
	t.endStep(nil)
	t.job.Steps = append(t.job.Steps, telemetry.JobStep{Name: name, State: "running", Total: int64(total)})
	t.step = t.r.o.Now()
	t.mu.Unlock()
	_ = t.save(true) // a step may take long before it tells more
}

func (t *task) advance(n int) {
	t.mu.Lock()
	t.job.Steps[len(t.job.Steps)-1].Done += int64(n)
	t.mu.Unlock()
	_ = t.save(false)
}

func (t *task) describe(detail string, done, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.job.Steps[len(t.job.Steps)-1]
	s.Detail, s.Done, s.Total = detail, int64(done), int64(total)
}

// errorsMost bounds what each page that shows the job shows.
const errorsMost = 200

// failed notes what went wrong, and with what, while the job continues.
func (t *task) failed(what string, err error) {
	t.mu.Lock()
	if n := len(t.job.Errors); n < errorsMost {
		t.job.Errors = append(t.job.Errors, what+telemetry.Sentence(err))
	} else if n == errorsMost {
		t.job.Errors = append(t.job.Errors, "More went wrong than is listed here; what is listed is the first of it.")
	}
	left := errors.Is(err, telemetry.ErrReserved)
	if e, ok := errors.AsType[*telemetry.Error](err); ok && !left {
		t.now.retry = max(t.now.retry, e.RetryAfter)
	}
	t.mu.Unlock()
	if !left { // for a later turn, as a loop's are
		t.matter()
	}
}

// matter has a loop's job written down: it changes something, or someone waits for
// it. A turn that finds nothing leaves no row, and open pages are not told of it.
func (t *task) matter() {
	t.mu.Lock()
	first := t.quiet && t.job.Kind != jobPollActive
	if first {
		t.quiet = false
	}
	t.mu.Unlock()
	if first {
		_ = t.save(true)
	}
}

func (t *task) errors() []string { return t.snapshot().Errors }

// endStep ends the running step; t.mu is held.
func (t *task) endStep(err error) {
	if last := len(t.job.Steps) - 1; last >= 0 && t.job.Steps[last].State == "running" {
		s := &t.job.Steps[last]
		s.State, s.Seconds = "done", t.r.o.Now().Sub(t.step).Seconds()
		if err != nil {
			s.State = "failed"
		}
	}
}

// saveEvery is often enough for a page that watches, and does not slow the job.
const saveEvery = 500 * time.Millisecond

// save writes the job down, at most every saveEvery unless forced, under its
// own id and those of the callers of this pass that have their own.
func (t *task) save(force bool) error {
	now := t.r.o.Now()
	t.mu.Lock()
	rows := slices.Clone(t.now.rows)
	due := (!t.quiet || len(rows) > 0) && (force || now.Sub(t.saved) >= saveEvery)
	if due {
		t.saved = now
	}
	quiet, job := t.quiet, t.copyJob()
	t.mu.Unlock()
	if !due {
		return nil
	}
	var err error
	if !quiet {
		err = t.r.saveJob(t.ctx, job)
	}
	return errors.Join(err, t.saveRows(job, rows))
}

// saveRows writes a job down for callers that have rows of their own.
func (t *task) saveRows(job telemetry.Job, rows []telemetry.Job) (err error) {
	for _, row := range rows {
		err = errors.Join(err, t.r.saveJob(t.ctx, as(job, row)))
	}
	return err
}

// as is a job as the caller of another id has it.
func as(job, row telemetry.Job) telemetry.Job {
	job.ID, job.By, job.Joined, job.Order = row.ID, row.By, row.Joined, row.Order
	return job
}

// unsavedMost is how many ended jobs wait for a database that is away.
const unsavedMost = 100

// unsavedJob is a job that has ended, with the context of its term.
type unsavedJob struct {
	ctx context.Context
	job telemetry.Job
}

// saveJob writes a job down. One that has ended is kept while it cannot be,
// unless another program has it now.
func (r *Runner) saveJob(ctx context.Context, job telemetry.Job) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := telemetry.Guard("save a job", func() error { return r.o.Store.SaveJob(limited, job) })
	r.logFailure("cannot write a job down", "save a job", err)
	if err != nil && !job.Running() && !errors.Is(err, telemetry.ErrLeaseLost) {
		r.mu.Lock()
		r.unsaved = append(r.unsaved[max(0, len(r.unsaved)+1-unsavedMost):], unsavedJob{ctx, job})
		r.mu.Unlock()
	}
	return err
}

func (r *Runner) saveUnsaved() {
	r.mu.Lock()
	jobs := r.unsaved
	r.unsaved = nil
	r.mu.Unlock()
	for _, u := range jobs {
		_ = r.saveJob(u.ctx, u.job) // kept again if it fails
	}
}
