package telemetry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatience: it ends once nothing has come for its time, however long what
// came takes, and tells that from an end that was asked for.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := NewPatience(t.Context(), time.Minute)
		defer stop()
		for range 5 {
			time.Sleep(50 * time.Second)
			if err := p.Came(func() error { time.Sleep(time.Hour); return nil }); err != nil || p.Err() != nil {
				t.Fatalf("while things come: %v, %v", err, p.Err())
			}
		}
		part, cancel := context.WithCancel(p)
		defer cancel()
		time.Sleep(time.Minute)
		synctest.Wait()
		if !errors.Is(p.Err(), context.DeadlineExceeded) || part.Err() == nil {
			t.Errorf("nothing came: %v, and its part %v", p.Err(), part.Err())
		}
		if err := p.Came(func() error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("afterwards: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p, stop := NewPatience(ctx, time.Minute)
		defer stop()
		cancel()
		time.Sleep(time.Hour)
		if !errors.Is(p.Err(), context.Canceled) {
			t.Errorf("canceled: %v", p.Err())
		}
	})
}
