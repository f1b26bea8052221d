package faults

import (
	"context"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// holder is another program on a world's database, which runs the jobs. It shares
// nothing with the first but the database and the upstreams: its connections, clients
// and what they keep are its own. It is no process of its own because both need the
// world's clock, which goes on by hours; those of app/e2e/process are processes.
type holder struct {
	db    *store.Store
	out   *gate
	stop  context.CancelFunc
	ended chan struct{}
}

// openHolder starts it, and waits until it has the lease.
func (w *world) openHolder(ctx context.Context) (*holder, error) {
	db, err := store.Open(ctx, store.Options{URL: w.url, Now: w.now})
	if err != nil {
		return nil, err
	}
	c, err := w.newClients()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	h, jobs := &holder{db, c.out, stop, make(chan struct{}, 2)}, ingest.New(ctx, w.options(c, db))
	for _, part := range []func(context.Context) error{db.Follow, jobs.Run} {
		go func() {
			defer func() { h.ended <- struct{}{} }()
			_ = telemetry.Guard("the holder", func() error { return part(ctx) }) // both end with ctx
		}()
	}
	for {
		lease, err := db.Lease(ctx)
		if err != nil || lease.Own {
			return h, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// close ends it.
func (h *holder) close() {
	h.stop()
	<-h.ended
	<-h.ended
	h.out.close()
	_ = h.db.Close()
}
