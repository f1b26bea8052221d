package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Run renews the lease, and runs the loops and what is queued while this program
// has it. It returns when ctx has ended and the last job has stopped, or
// stopWithin has passed.
func (r *Runner) Run(ctx context.Context) error {
	var work sync.WaitGroup
	work.Go(func() { r.guarded("lease", func() { r.keepLease(ctx) }) })
	<-ctx.Done()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.guarded("stop", func() {
			work.Wait()
			r.mu.Lock()
			r.stopped = true
			r.mu.Unlock()
			r.ended.Wait()
		})
	}()
	limit := time.NewTimer(stopWithin)
	defer limit.Stop()
	select {
	case <-stopped:
	case <-limit.C:
		r.o.Log.Warn("a job did not stop in time and is left behind; the next start resumes it")
	}
	return nil
}

// stopWithin is how long the end of the program waits for jobs that hang.
const stopWithin = 8 * time.Second

// maxPause bounds how long an upstream can silence a loop.
const maxPause = time.Hour

// loop starts a job at each interval, and at start where first is set.
func (r *Runner) loop(ctx context.Context, kind string, every time.Duration, possible, first bool) {
	if !possible {
		return
	}
	if first {
		r.guarded(kind, func() { r.turn(ctx, kind, telemetry.ByStart) })
	}
	if every > 0 {
		r.repeat(ctx, kind, every, func() { r.turn(ctx, kind, telemetry.ByInterval(every)) })
	}
}

func (r *Runner) repeat(ctx context.Context, what string, every time.Duration, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.guarded(what, do)
		}
	}
}

func (r *Runner) guarded(what string, do func()) {
	err := telemetry.Guard(what, func() error {
		do()
		return nil
	})
	r.logFailure("a fault in a loop", "loop "+what, err)
}

// turn runs one job of a loop, unless an upstream has asked to wait: a limit that
// is asked against lasts longer.
func (r *Runner) turn(ctx context.Context, kind string, by telemetry.StartedBy) {
	r.mu.Lock()
	early := r.o.Now().Before(r.pauses[kind])
	r.mu.Unlock()
	if early {
		return
	}
	h, err := r.start(telemetry.Job{Kind: kind, By: by}, true)
	if err == nil {
		_, err = h.Wait(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	var wait time.Duration
	if h != nil {
		wait = h.pass.retry
	}
	// Whether background work may go on is asked at each turn: the limit can rise.
	if e, ok := errors.AsType[*telemetry.Error](err); ok && !errors.Is(err, telemetry.ErrReserved) {
		wait = max(wait, e.RetryAfter)
	}
	if wait > 0 {
		r.mu.Lock()
		r.pauses[kind] = r.o.Now().Add(min(wait, maxPause))
		r.mu.Unlock()
	}
}
