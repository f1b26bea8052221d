package ingest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// resumable are the kinds of jobs that go on by themselves after the program
// that ran them has ended. A rebuild is started where one is pending; whether
// what a backfill changes is still wanted, a person decides.
func resumable() []string { return []string{JobRefresh, JobPoll, JobPollPRs, JobLogs, JobPrune} }

// queue asks the program that has the lease for a job.
func (r *Runner) queue(ctx context.Context, job telemetry.Job) (*Handle, error) {
	job.ID = cmp.Or(job.ID, r.o.NewID())
	job.State, job.Started, job.Ended = telemetry.JobQueued, telemetry.At(r.o.Now()), telemetry.Time{}
	job.Steps, job.Errors, job.Error, job.Code = []telemetry.JobStep{}, []string{}, "", ""
	queued, err := r.o.Store.QueueJob(ctx, job)
	if err != nil {
		return nil, err
	}
	return &Handle{r: r, queued: queued}, nil
}

// watchQueue starts and cancels jobs that other programs ask for. Their
// versions reach this program, which then looks.
func (r *Runner) watchQueue(ctx context.Context, unsure []string) {
	raised, end := r.o.Store.Watch()
	defer end()
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-raised:
		case <-ticker.C:
		}
		r.guarded("queue", func() { unsure = r.takeQueue(ctx, unsure) })
	}
}

// takeQueue starts and cancels what is asked for. It returns the jobs of which
// the store does not know whether it gave them out.
func (r *Runner) takeQueue(ctx context.Context, before []string) (unsure []string) {
	jobs, canceled, unsure, err := r.o.Store.TakeJobs(ctx, before)
	r.logFailure("cannot read the queued jobs", "queue", err)
	for _, id := range canceled {
		if t := r.find(id); t != nil {
			t.cancel()
		}
	}
	for _, job := range jobs {
		h, err := r.start(job, false)
		if err != nil {
			r.fail(ctx, job, err)
			continue
		}
		h.task.matter()
	}
	return unsure
}

// fail ends a queued job that cannot be started.
func (r *Runner) fail(ctx context.Context, job telemetry.Job, err error) {
	if ctx.Err() != nil {
		return // it is queued again by the next program that has the lease
	}
	job.State, job.Ended = telemetry.JobFailed, telemetry.At(r.o.Now())
	job.Error, job.Code = telemetry.Optional(telemetry.Sentence(err)), telemetry.CodeOf(err)
	_ = r.saveJob(ctx, job) // it logs its failure
}

// awaitPatience is how long the database may be away while a caller waits for
// a job of another program.
const awaitPatience = 30 * time.Second

// await returns a job of another program when it has ended, and its failure.
func (r *Runner) await(ctx context.Context, job telemetry.Job) (telemetry.Job, error) {
	raised, end := r.o.Store.Watch()
	defer end()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for reached := r.o.Now(); ; {
		now, found, err := r.o.Store.Job(ctx, job.ID)
		switch {
		case ctx.Err() != nil:
			return job, ctx.Err()
		case err != nil && r.o.Now().Sub(reached) > awaitPatience:
			return job, err
		case err == nil && !found:
			return job, telemetry.Errorf(telemetry.CodeNotFound, "Job %s is no longer listed, so its result is not known.", job.ID)
		case err == nil:
			job, reached = now, r.o.Now()
			if Ended(job) {
				return job, failureOf(job)
			}
		}
		select {
		case <-ctx.Done():
			return job, ctx.Err()
		case <-r.ctx.Done():
			return job, stopping(job, r.ctx.Err())
		case <-raised:
		case <-ticker.C:
		}
	}
}

// Ended reports whether a job has ended, and is not one that another program,
// or the next start, continues.
func Ended(job telemetry.Job) bool {
	return !job.Running() && (job.State != telemetry.JobInterrupted || !slices.Contains(resumable(), job.Kind))
}

// failureOf is the failure of a job that has ended.
func failureOf(job telemetry.Job) error {
	switch job.State {
	case telemetry.JobDone:
		return nil
	case telemetry.JobCancelled:
		return canceled(job)
	}
	e := telemetry.Errorf(cmp.Or(job.Code, telemetry.CodeInternal), "%s", string(job.Error))
	e.RetryAfter = job.Retry
	return e
}

// cancelQueued cancels a job that another program runs, or is to run, and
// returns it as it was and as it ended.
func (r *Runner) cancelQueued(ctx context.Context, id string) (was, job telemetry.Job, err error) {
	was, found, err := r.o.Store.Job(ctx, id)
	switch {
	case err != nil:
		return was, was, err
	case !found:
		return was, was, telemetry.Errorf(telemetry.CodeNotFound, "Job not found.")
	case Ended(was):
		return was, was, telemetry.Errorf(telemetry.CodeConflict, "The job has ended already, so there is nothing to cancel.")
	case !Cancellable(was.Kind):
		return was, was, notCancellable(was.Kind)
	}
	if err := r.o.Store.CancelJob(ctx, id); err != nil {
		return was, was, err
	}
	job, err = endedAsAsked(r.await(ctx, was))
	return was, job, err
}
