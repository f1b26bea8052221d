// Package upstream holds what the clients of GitHub and Devin share: how much
// of an answer is read, how its rows are decoded, and how callers who ask the
// same share one request. It knows neither service and stores nothing.
package upstream

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"telemetry-dashboard/services/telemetry"
)

// Flights lets callers who ask the same at the same moment share one question.
type Flights struct{ group singleflight.Group }

// Share joins the question of that key, or begins it with ask. A question outlives
// the caller who began it, and ends after at most lifetime; a panic in ask is the
// error of telemetry.Guard. The error of a caller whose ctx ends first is ctx.Err().
func Share[T any](ctx context.Context, f *Flights, key string, lifetime time.Duration, ask func(context.Context) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done := f.group.DoChan(flight(ctx, key), func() (answer any, err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lifetime)
		defer cancel()
		err = telemetry.Guard(key, func() (err error) {
			answer, err = ask(ctx)
			return err
		})
		return answer, err
	})
	select {
	case r := <-done:
		answer, _ := r.Val.(T) // none after a panic
		return answer, r.Err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// flight is the key of a question that is shared with others who ask it: those for
// whom no person waits may be refused what a person is not.
func flight(ctx context.Context, key string) string {
	if telemetry.IsBackground(ctx) {
		return key + " (in the background)"
	}
	return key
}
