package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func headers(limit, remaining int, reset time.Time) http.Header {
	h := http.Header{}
	h.Set(upstream.HeaderLimit, strconv.Itoa(limit))
	h.Set(upstream.HeaderRemaining, strconv.Itoa(remaining))
	h.Set(upstream.HeaderReset, strconv.FormatInt(reset.Unix(), 10))
	return h
}

func background(ctx context.Context) context.Context {
	return telemetry.InBackground(ctx, func() bool { return true })
}

// TestRestOfALimitIsForPeople: background work stops at a fifth, until the reset or
// until more is left; people go on until nothing is.
func TestRestOfALimitIsForPeople(t *testing.T) {
	c := &clock{time.Date(2026, 3, 1, 13, 30, 0, 0, time.UTC)}
	reset := c.at.Add(35 * time.Minute)
	l := upstream.NewLimits("GitHub", "t", time.Second, c.now)
	check := func(what string, person, work string) {
		t.Helper()
		for ctx, want := range map[context.Context]string{t.Context(): person, background(t.Context()): work} {
			if got := telemetry.Sentence(l.Held(ctx)); l.Held(ctx) == nil && want != "" || l.Held(ctx) != nil && got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
	}
	check("before the first answer", "", "")
	l.Note(http.Header{}) // a server without limits
	check("without limits", "", "")
	l.Note(headers(5000, 1001, reset))
	check("above a fifth", "", "")
	l.Note(headers(5000, 1000, reset))
	check("at a fifth", "", "GitHub: 1,000 of 5,000 requests left until 14:05 UTC; background work resumes then.")
	if e, ok := errors.AsType[*telemetry.Error](l.Held(background(t.Context()))); !ok || e.RetryAfter != 35*time.Minute || !errors.Is(e, telemetry.ErrReserved) {
		t.Errorf("%+v", e)
	}
	l.Note(headers(5000, 0, reset))
	check("at nothing", "", "GitHub: 0 of 5,000 requests left until 14:05 UTC; background work resumes then.")
	l.Note(headers(15000, 10000, reset))
	check("after it has risen", "", "")
	l.Note(headers(5000, 7, reset))
	c.at = reset
	check("after the reset", "", "")
}

// TestMetLimitStopsBackgroundWorkUntilItsEnd, and people for a moment.
func TestMetLimitStopsBackgroundWorkUntilItsEnd(t *testing.T) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	l := upstream.NewLimits("GitHub", "t", time.Second, c.now)
	limit := telemetry.Errorf(telemetry.CodeRateLimited, "Slow down.")
	limit.RetryAfter = time.Minute
	l.Met(limit)
	for after, want := range map[time.Duration][2]bool{
		0: {true, true}, 2 * time.Second: {false, true}, 59 * time.Second: {false, true}, time.Minute: {false, false},
	} {
		c.at = time.Unix(1_800_000_000, 0).Add(after)
		if got := [2]bool{l.Held(t.Context()) != nil, l.Held(background(t.Context())) != nil}; got != want {
			t.Errorf("after %s: %v, want %v", after, got, want)
		}
	}
}

// TestLimitsAreOfOneToken: another token has limits of its own, and the
// name does not tell the token.
func TestLimitsAreOfOneToken(t *testing.T) {
	keys := map[string]bool{}
	for _, of := range [][2]string{{"GitHub", "token"}, {"GitHub", "other"}, {"Devin", "token"}} {
		keys[upstream.NewLimits(of[0], of[1], 0, time.Now).Key()] = true
	}
	if len(keys) != 3 || !keys[upstream.NewLimits("GitHub", "token", 0, time.Now).Key()] {
		t.Errorf("%v", keys)
	}
}

// TestAllowanceIsAFifthOfAWindow, whichever program spends it.
func TestAllowanceIsAFifthOfAWindow(t *testing.T) {
	c := &clock{time.Unix(1_800_000_000, 0)}
	l := upstream.NewLimits("GitHub", "t", 0, c.now)
	a, other := upstream.NewAllowance(l, "run logs"), upstream.NewAllowance(l, "run logs")
	if !a.Allows(1 << 20) {
		t.Error("without a limit something is not allowed")
	}
	reset := c.at.Add(time.Hour)
	l.Note(headers(5000, 4000, reset))
	a.Spend(600)
	l.Note(headers(5000, 3400, reset.Add(time.Second))) // GitHub's second is another
	a.Spend(390)
	if !a.Allows(10) || a.Allows(11) {
		t.Errorf("990 spent: %+v", a.Known())
	}
	other.Heed(a.Known())
	if other.Allows(11) {
		t.Errorf("the other program knows %+v", other.Known())
	}
	a.Heed(telemetry.Limit{Rate: telemetry.RateLimit{Known: true, Limit: 1000, Remaining: 900, Reset: reset}})
	if a.Allows(11) {
		t.Error("less spent elsewhere was believed")
	}
	c.at = reset.Add(2 * time.Second)
	l.Note(headers(5000, 5000, c.at.Add(time.Hour)))
	if !a.Allows(1000) || !other.Allows(1000) || a.Allows(1001) {
		t.Errorf("in the next window: %+v, %+v", a.Known(), other.Known())
	}
}
