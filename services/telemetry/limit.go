package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// RateLimit is what an upstream last said of the limit of a token's requests. Reset
// is UTC, zero where it was not said. Known is false before the first answer, and
// where the server has no limit.
type RateLimit struct {
	Known            bool
	Limit, Remaining int
	Reset            time.Time
}

// LimitPart is which part of a limit is kept for what people ask for, and which
// part of it run logs may take (docs/rules.md#limits).
const LimitPart = 5

// At is the limit at a time: after its reset it is whole again.
func (r RateLimit) At(now time.Time) RateLimit {
	if !r.Reset.IsZero() && !now.Before(r.Reset) {
		r.Remaining = r.Limit
	}
	return r
}

// Reserved reports whether what is left is kept for what people ask for.
func (r RateLimit) Reserved(now time.Time) bool {
	return r.Known && r.Limit > 0 && now.Before(r.Reset) && r.Remaining*LimitPart <= r.Limit
}

// Left is a sentence without its end: "GitHub: 1,012 of 5,000 requests left until
// 14:05 UTC".
func (r RateLimit) Left(upstream string) string {
	text := fmt.Sprintf("%s: %s of %s requests left", upstream, grouped(r.Remaining), grouped(r.Limit))
	if r.Reset.IsZero() {
		return text
	}
	return text + " until " + r.Reset.UTC().Format("15:04") + " UTC"
}

// Resumes says what is left, and when background work goes on.
func (r RateLimit) Resumes(upstream string) string {
	return r.Left(upstream) + "; background work resumes then."
}

// Kept is the failure of a request of background work that was not sent.
func (r RateLimit) Kept(upstream string, now time.Time) *Error {
	e := Errorf(CodeRateLimited, "%s", r.Resumes(upstream)).Because(ErrReserved)
	e.RetryAfter = r.Reset.Sub(now)
	return e
}

// grouped writes a count with a comma at each thousand.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Limit is what a program knows of an upstream's limit: the hourly one, and
// until when nothing is to be asked; the zero time is no pause.
type Limit struct {
	Rate  RateLimit
	Until time.Time
}

// ErrReserved is the cause of a request of background work that was not sent, since
// what is left of the limit is kept for what people ask for.
var ErrReserved = errors.New("the rest of the limit is kept for what people ask for")

type backgroundKey struct{}

// InBackground marks what is asked with the context as work that no person waits for,
// as long as background says so.
func InBackground(ctx context.Context, background func() bool) context.Context {
	return context.WithValue(ctx, backgroundKey{}, background)
}

// IsBackground reports whether no person waits for what is asked with ctx.
func IsBackground(ctx context.Context) bool {
	background, ok := ctx.Value(backgroundKey{}).(func() bool)
	return ok && background()
}
