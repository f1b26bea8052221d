package ingest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// AskLog has the log of one run asked for now, before all others, and returns
// at once: the job does so, or the one that runs. The error is CodeNotFound
// where no run has such a log, and CodeMissingSetting where none can be asked.
func (r *Runner) AskLog(ctx context.Context, ref telemetry.LogRef, by telemetry.StartedBy) (*Handle, error) {
	if _, found, err := r.o.Store.LogOf(ctx, ref); err != nil || !found {
		return nil, cmp.Or(err, error(telemetry.Errorf(telemetry.CodeNotFound, "No run of %s has the label %s.",
			telemetry.Shown(string(ref.Repo)), telemetry.Shown(ref.Label))))
	}
	return r.Start(JobLogs, Order{By: by, Log: ref})
}

// OfferLog has the log of a run asked for before all that nobody waits for, as
// long as GitHub's limit leaves room: someone looks at what it may describe.
// However often that happens, the log is asked for once in offerEvery. It
// returns at once: the job that does so, nil where the log is not asked for.
func (r *Runner) OfferLog(ref telemetry.LogRef) *Handle {
	if r.o.RunLogs == nil || ref.Label == "" || !r.mayAsk() || !r.offer(ref) {
		return nil
	}
	job := telemetry.Job{Kind: JobLogs, By: telemetry.ByPage, Order: Order{Log: ref, Offered: true}}
	h, err := r.start(job, true)
	if errors.Is(err, telemetry.ErrLeaseLost) {
		h, err = r.startElsewhere(job)
	}
	if err != nil {
		return nil // the program ends, or nothing can be stored
	}
	return h
}

const (
	// offerEvery is when a log is offered again that could not be asked for.
	offerEvery = time.Hour
	// offersMost bounds the logs that are offered within that time.
	offersMost = 1000
)

// offer notes that a log is wanted, and reports whether it may be asked for:
// not where it was offered already.
func (r *Runner) offer(ref telemetry.LogRef) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now()
	if now.Before(r.pauses[JobLogs]) {
		return false
	}
	maps.DeleteFunc(r.offered, func(_ telemetry.LogRef, at time.Time) bool { return now.Sub(at) >= offerEvery })
	if _, before := r.offered[ref]; before || len(r.offered) >= offersMost {
		return before && slices.Contains(r.wanted, wantedLog{ref, false})
	}
	r.offered[ref] = now
	return true
}

// wantedLog is a log that people wait for. One that they asked for is asked
// for whatever GitHub's limit leaves.
type wantedLog struct {
	telemetry.LogRef
	asked bool
}

// want notes a log that people wait for; r.mu is held.
func (r *Runner) want(order Order) {
	want := wantedLog{order.Log, !order.Offered}
	if r.term != nil && order.Log != (telemetry.LogRef{}) && !slices.Contains(r.wanted, want) {
		r.wanted = append(r.wanted, want)
	}
}

// nextWanted takes one of the logs that people wait for.
func (r *Runner) nextWanted() (w wantedLog, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.wanted) == 0 {
		return w, false
	}
	w = r.wanted[0]
	r.wanted = r.wanted[1:]
	return w, true
}

// mayAsk reports whether one more log leaves to all else what it should.
func (r *Runner) mayAsk() bool {
	return r.o.LogAllowance == nil || r.o.LogAllowance.Allows(logRequests)
}

func (r *Runner) spent(requests int) {
	if r.o.LogAllowance != nil {
		r.o.LogAllowance.Spend(requests)
	}
}
