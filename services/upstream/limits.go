package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// The headers in which an upstream tells the limit of a token.
const (
	HeaderLimit     = "X-RateLimit-Limit"
	HeaderRemaining = "X-RateLimit-Remaining"
	HeaderReset     = "X-RateLimit-Reset"
)

// longestWindow bounds what is believed of a reset: GitHub's window is an hour.
const longestWindow = 2 * time.Hour

// Limits is what a client knows of the limits of its token, from its own answers
// and from programs that ask with the same token. It is safe for concurrent use.
type Limits struct {
	upstream string // as sentences name it
	key      string
	breath   time.Duration
	now      func() time.Time

	mu    sync.Mutex
	rate  telemetry.RateLimit
	met   telemetry.Error // the last limit that was answered
	at    time.Time       // when it was
	pause time.Time       // until when a limit lasts that another program met
}

// NewLimits returns the limits of a token. Those of another token are others; the
// address does not tell them apart, since a server may have several. breath is for how long a limit that was met stops
// what people ask for, too: who asks later hears the upstream.
func NewLimits(upstream, token string, breath time.Duration, now func() time.Time) *Limits {
	sum := sha256.Sum256([]byte(token))
	return &Limits{upstream: upstream, key: upstream + " " + hex.EncodeToString(sum[:8]), breath: breath, now: now}
}

// Key names the limits of one token at one upstream; it does not tell the token.
func (l *Limits) Key() string { return l.key }

// Note keeps the limit that the headers of an answer tell, if they do.
func (l *Limits) Note(h http.Header) {
	limit, err1 := strconv.Atoi(h.Get(HeaderLimit))
	remaining, err2 := strconv.Atoi(h.Get(HeaderRemaining))
	if err1 != nil || err2 != nil || limit < 0 {
		return
	}
	rate := telemetry.RateLimit{Known: true, Limit: limit, Remaining: min(max(remaining, 0), limit)}
	if reset, err := strconv.ParseInt(h.Get(HeaderReset), 10, 64); err == nil && reset > 0 {
		if at := time.Unix(reset, 0).UTC(); at.Before(l.now().Add(longestWindow)) {
			rate.Reset = at
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate = rate
}

// Met keeps a limit that was answered.
func (l *Limits) Met(limit *telemetry.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.met, l.at = *limit, l.now()
}

// Held is the limit that stops a request before it is sent, nil if none does. What
// people ask for goes on until nothing is left, and is asked again a moment after a
// limit; background work leaves its part to them, and waits until a limit ends.
func (l *Limits) Held(ctx context.Context) error {
	background := telemetry.IsBackground(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if left := l.pause.Sub(now); left > 0 {
		e := telemetry.Errorf(telemetry.CodeRateLimited,
			"%s limits requests, as this or another program with the same token was told; try again in %s. Stored data is kept.",
			l.upstream, max(left, time.Second).Round(time.Second))
		e.RetryAfter = left
		return e
	}
	stops := l.met.RetryAfter
	if !background {
		stops = min(l.breath, stops)
	}
	if passed := now.Sub(l.at); passed >= 0 && passed < stops {
		limit := l.met
		limit.RetryAfter -= passed
		return &limit
	}
	if background && l.rate.Reserved(now) {
		return l.rate.Kept(l.upstream, now)
	}
	return nil
}

// Rate is what the upstream last said.
func (l *Limits) Rate() telemetry.RateLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate
}

// Known is what this program has learned.
func (l *Limits) Known() telemetry.Limit {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := telemetry.Limit{Rate: l.rate}
	if l.met.RetryAfter > 0 {
		known.Until = l.at.Add(l.met.RetryAfter)
	}
	return known
}

// Heed takes what another program has learned.
func (l *Limits) Heed(other telemetry.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pause = other.Until
	if other.Rate.Known {
		l.rate = other.Rate
	}
}
