package telemetry

import (
	"context"
	"sync"
	"time"
)

// Patience is a context that ends with context.DeadlineExceeded once nothing
// has come for a time. Contexts made of it end too, as canceled. It is safe for
// concurrent use.
type Patience struct {
	context.Context
	limit time.Duration
	timer *time.Timer

	mu   sync.Mutex
	busy int // with what came
	over bool
}

// NewPatience returns a context of ctx that waits so long for each thing that
// comes. Its stop must be called once it is not needed any more.
func NewPatience(ctx context.Context, limit time.Duration) (p *Patience, stop func()) {
	inner, cancel := context.WithCancel(ctx)
	p = &Patience{Context: inner, limit: limit}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(limit, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.busy == 0 && inner.Err() == nil {
			p.over = true
			cancel()
		}
	})
	return p, func() {
		p.timer.Stop()
		cancel()
	}
}

// Err says whether the context has ended, and why.
func (p *Patience) Err() error {
	err := p.Context.Err()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.over {
		return context.DeadlineExceeded
	}
	return err
}

// Came does something with what came. The time that this takes is not waited,
// and the wait for the next begins after it.
func (p *Patience) Came(do func() error) error {
	p.mu.Lock()
	p.busy++
	p.timer.Stop()
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.busy--; p.busy == 0 && !p.over {
			p.timer.Reset(p.limit)
		}
	}()
	return do()
}
