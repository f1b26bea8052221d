package faults

import (
	"context"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
)

// holder is another program on a world's database, which runs the jobs.
type holder struct {
	db    *store.Store
	stop  context.CancelFunc
	ended chan struct{}
}

// openHolder starts it with the clients of the world, and waits until it has
// the lease.
func openHolder(ctx context.Context, url string, o ingest.Options) (*holder, error) {
	db, err := store.Open(ctx, store.Options{URL: url, Now: o.Now})
	if err != nil {
		return nil, err
	}
	o.Store = derive.New(db)
	ctx, stop := context.WithCancel(ctx)
	h, jobs := &holder{db, stop, make(chan struct{}, 2)}, ingest.New(ctx, o)
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
	_ = h.db.Close()
}
