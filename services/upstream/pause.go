package upstream

import (
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Pause is a limit that another program met, which asks with the same token:
// until its end nothing is asked. It is safe for concurrent use.
type Pause struct {
	mu    sync.Mutex
	until time.Time
}

// Set makes it last until a time.
func (p *Pause) Set(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = until
}

// Err is the limit of an upstream while it lasts, else nil.
func (p *Pause) Err(name string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.until.Sub(now)
	if left <= 0 {
		return nil
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited, "%s limits requests, as another program with the same token was told; try again in %s. "+
		"Stored data is kept.", name, max(left, time.Second).Round(time.Second))
	e.RetryAfter = left
	return e
}
