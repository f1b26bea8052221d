package web

import (
	"context"
	"time"
)

// settle waits a moment, so that many changes in a row are told as one.
func settle(ctx context.Context, changed <-chan struct{}) {
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-changed:
		}
	}
}
