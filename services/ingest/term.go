package ingest

import (
	"context"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// term is the time during which this program runs the jobs: from when it got
// the lease until another program has it, or the program ends.
type term struct {
	lease telemetry.Lease
	ctx   context.Context // what is written with it fails once another program has the lease
	end   context.CancelCauseFunc
}

// renewEvery is how often the lease is renewed, or asked for.
const renewEvery = 4 * time.Second

// lead renews the lease, or gets it where no program has it, and returns this
// program's term, nil while another program runs the jobs. While the database
// cannot be asked the term goes on: what it writes is checked there.
func (r *Runner) lead(ctx context.Context) (*term, error) {
	r.leading.Lock()
	defer r.leading.Unlock()
	lease, err := r.o.Store.Lead(ctx, resumable())
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		return r.term, err
	}
	if r.term != nil && (!lease.Own || lease.Fence != r.term.lease.Fence) {
		r.term.end(telemetry.LeaseLost())
		r.term, r.running, r.fresh = nil, map[string]*task{}, map[string]time.Time{}
		r.o.Log.Warn("another program on the database has taken over the jobs, since this one did not reach it for a while")
	}
	if r.term == nil && lease.Own && !r.stopped && r.ctx.Err() == nil {
		t := &term{lease: lease}
		t.ctx, t.end = context.WithCancelCause(r.o.Store.Under(r.ctx, lease))
		r.term = t
		r.o.Log.Info("this program runs the jobs", "lease", lease.Fence)
	}
	return r.term, nil
}

// keepLease renews the lease, and runs the loops while this program has it,
// until ctx ends.
func (r *Runner) keepLease(ctx context.Context) {
	var loops sync.WaitGroup
	defer loops.Wait()
	var last *term
	renew := func() {
		t, err := r.lead(ctx)
		r.logFailure("cannot renew the lease on the jobs", "lease", err)
		if t != nil && t != last {
			last = t
			loops.Go(func() { r.guarded("work", func() { r.serve(t.ctx) }) })
		}
		r.saveUnsaved()
	}
	r.guarded("lease", renew)
	r.repeat(ctx, "lease", renewEvery, renew)
}

// serve continues what an earlier holder of the lease left, and runs the loops
// and what other programs queue, until the term ends.
func (r *Runner) serve(ctx context.Context) {
	var unsure []string
	r.guarded("start", func() {
		r.rebuildIfPending(ctx)
		unsure = r.takeQueue(ctx, nil)
	})
	var loops sync.WaitGroup
	for what, loop := range map[string]func(){
		"refresh loop":  func() { r.loop(ctx, JobRefresh, r.o.RefreshInterval, len(r.o.Sources) > 0, true) },
		"poll loop":     func() { r.loop(ctx, jobPollActive, r.o.PollInterval, r.o.Devin != nil, false) },
		"log loop":      func() { r.loop(ctx, JobLogs, logsEvery, r.o.RunLogs != nil, false) },
		"prune loop":    func() { r.loop(ctx, JobPrune, pruneEvery, r.o.RetentionDays > 0, true) },
		"campaigns":     func() { r.watchCampaigns(ctx) },
		"notifications": func() { r.notify(ctx) },
		"queue":         func() { r.watchQueue(ctx, unsure) },
		"deliveries":    func() { r.watchDeliveries(ctx) },
	} {
		loops.Go(func() { r.guarded(what, loop) })
	}
	loops.Wait()
}

// notify tells people what matters, until the term ends.
func (r *Runner) notify(ctx context.Context) {
	if r.o.Notify != nil {
		r.o.Notify(ctx)
	}
}
