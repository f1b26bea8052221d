package main

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// TestLimitsSurviveARestart: what was left of a limit is known at the next start with
// the same token, and nothing of it with another one.
func TestLimitsSurviveARestart(t *testing.T) {
	file := "sqlite:" + filepath.Join(t.TempDir(), "d.db")
	start := func(token string) (*upstream.Limits, *upstream.Allowance, func()) {
		db, err := store.Open(t.Context(), store.Options{URL: file, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		l := upstream.NewLimits("GitHub", token, 0, time.Now)
		a := upstream.NewAllowance(l, "run logs")
		s := newSharing(db, []limited{l, a}, slog.New(slog.DiscardHandler))
		s.turn(t.Context())
		return l, a, func() {
			s.turn(t.Context())
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	l, a, end := start("one")
	h := http.Header{}
	h.Set(upstream.HeaderLimit, "5000")
	h.Set(upstream.HeaderRemaining, "700")
	h.Set(upstream.HeaderReset, strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	l.Note(h)
	a.Spend(900)
	met := telemetry.Errorf(telemetry.CodeRateLimited, "Slow down.")
	met.RetryAfter = 30 * time.Minute
	l.Met(met)
	end()

	l, a, end = start("other")
	if l.Rate().Known || l.Held(t.Context()) != nil || !a.Allows(5000) {
		t.Errorf("another token: %+v, %+v, %v", l.Rate(), a.Known(), l.Held(t.Context()))
	}
	end()
	l, a, end = start("one")
	defer end()
	if rate := l.Rate(); rate.Remaining != 700 || !rate.Reserved(time.Now()) || telemetry.CodeOf(l.Held(t.Context())) != telemetry.CodeRateLimited {
		t.Errorf("the same token: %+v, %v", rate, l.Held(t.Context()))
	}
	if !a.Allows(100) || a.Allows(101) {
		t.Errorf("the allowance of run logs: %+v", a.Known())
	}
}
