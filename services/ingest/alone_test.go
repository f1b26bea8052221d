package ingest_test

import (
	"context"
	"sync"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// steady is a store of a single program, which has the lease whatever a test does to
// the clock.
type steady struct {
	*storetest.Store
	once  sync.Once
	lease telemetry.Lease
}

func (s *steady) Lead(ctx context.Context, resumed []string) (lease telemetry.Lease, err error) {
	s.once.Do(func() { s.lease, err = s.Store.Lead(ctx, resumed) })
	return s.lease, err
}

// Under gives the jobs a context without a lease: nobody else can have it.
func (*steady) Under(ctx context.Context, _ telemetry.Lease) context.Context { return ctx }

// alone need not look for what others queue either: the clock would stop for it every
// 4 s.
type alone struct{ *steady }

func (*alone) TakeJobs(context.Context, []string) (taken []telemetry.Job, cancel, unsure []string, err error) {
	return nil, nil, nil, nil
}

func (*alone) DueDeliveries(context.Context, []string, int) ([]telemetry.Delivery, error) {
	return nil, nil
}
