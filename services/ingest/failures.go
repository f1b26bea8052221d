package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// within runs do with a deadline, and says so where that ends it.
func within(ctx context.Context, limit time.Duration, what string, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return stopped(ctx, limited, limit, what, do(limited))
}

// stopped is the failure of what was done with a limited context of ctx, in
// words where that has ended it.
func stopped(ctx, limited context.Context, limit time.Duration, what string, err error) error {
	if _, said := errors.AsType[*telemetry.Error](err); err != nil && !said && limited.Err() != nil && ctx.Err() == nil {
		return telemetry.Errorf(telemetry.CodeUpstreamTimeout,
			"%s did not end within %s and was stopped. Stored data is kept; the next one continues from there.",
			what, telemetry.SpanText(limit)).Because(err)
	}
	return err
}

var errStore = errors.New("store")

func storing(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errStore, err)
}

func isUnstored(err error) bool { return errors.Is(err, errStore) }

// failures remembers what was logged last of each kind of failure, so that a loop
// which fails alike at each turn does not fill the log.
type failures struct {
	mu   sync.Mutex
	last map[string]failure
}

type failure struct {
	text string
	at   time.Time
}

// The same failure of a kind is logged again after long, another one not at once.
const (
	sameAfter  = time.Hour
	otherAfter = 10 * time.Second
)

func (f *failures) due(kind, text string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, known := f.last[kind]
	passed := now.Sub(last.at)
	if known && passed >= 0 && (passed < otherAfter || last.text == text && passed < sameAfter) {
		return false
	}
	if f.last == nil {
		f.last = map[string]failure{}
	}
	f.last[kind] = failure{text, now}
	return true
}

func (f *failures) forget(kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.last, kind)
}

// logFailure logs a failure of a kind, if it was not logged alike lately; nil
// ends that. What a person or the end of the program brought about is none.
func (r *Runner) logFailure(msg, kind string, err error) {
	if err == nil {
		r.failures.forget(kind)
		return
	}
	code := telemetry.CodeOf(err)
	if code == telemetry.CodeStopping || code == telemetry.CodeConflict || r.ctx.Err() != nil {
		return
	}
	if r.failures.due(kind, telemetry.Sentence(err), r.o.Now()) {
		r.o.Log.Warn(msg, "of", kind, "err", err)
	}
}
