package upstream

import (
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Allowance is the part of a limit that one kind of background work may take in a
// window. It is safe for concurrent use.
type Allowance struct {
	of   *Limits
	kind string

	mu    sync.Mutex
	reset time.Time // of the window in which was spent
	spent int
}

// sameWindow allows for resets that an upstream tells with a second's difference.
const sameWindow = time.Minute

// NewAllowance returns the allowance of a kind of work.
func NewAllowance(of *Limits, kind string) *Allowance { return &Allowance{of: of, kind: kind} }

// Key names the allowance, as Limits.Key does.
func (a *Allowance) Key() string { return a.of.Key() + " " + a.kind }

// Allows reports whether so many more requests are within the allowance: always,
// where the upstream tells no limit.
func (a *Allowance) Allows(requests int) bool {
	left, _ := a.left()
	return !left.Known || requests <= left.Remaining
}

// Spend counts requests.
func (a *Allowance) Spend(requests int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renew(a.of.Rate())
	a.spent += requests
}

// renew begins a new window where the limit has; a.mu is held.
func (a *Allowance) renew(rate telemetry.RateLimit) {
	if rate.Reset.Sub(a.reset) > sameWindow || !a.reset.IsZero() && !a.of.now().Before(a.reset) {
		a.reset, a.spent = rate.Reset, 0
	}
}

// Known is what is left of the allowance, zero where nothing was spent: then another
// program may know more.
func (a *Allowance) Known() telemetry.Limit {
	left, spent := a.left()
	if spent == 0 {
		return telemetry.Limit{}
	}
	return telemetry.Limit{Rate: left}
}

// Rate is what is left of the allowance.
func (a *Allowance) Rate() telemetry.RateLimit {
	rate, _ := a.left()
	return rate
}

func (a *Allowance) left() (rate telemetry.RateLimit, spent int) {
	rate = a.of.Rate()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.renew(rate)
	rate.Limit /= telemetry.LimitPart
	rate.Remaining, rate.Reset = max(0, rate.Limit-a.spent), a.reset
	return rate, a.spent
}

// Heed counts what another program has spent in the same window.
func (a *Allowance) Heed(other telemetry.Limit) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch later := other.Rate.Reset.Sub(a.reset); {
	case later > sameWindow:
		a.reset, a.spent = other.Rate.Reset, other.Rate.Limit-other.Rate.Remaining
	case later > -sameWindow:
		a.spent = max(a.spent, other.Rate.Limit-other.Rate.Remaining)
	}
}
