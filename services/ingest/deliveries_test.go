package ingest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// TestLoopsRestWhileWebhooksTell: what webhooks tell of is read at each sixth
// turn; the loop is back at its pace when they stop, and a person never waits.
func TestLoopsRestWhileWebhooksTell(t *testing.T) {
	inWorld(t, 5*time.Minute, 0, func(t *testing.T, w *world) {
		hooked := func(is bool) {
			w.store.mu.Lock()
			defer w.store.mu.Unlock()
			w.store.hooked = map[string]bool{"": is} // the world's source has no name
		}
		pass(time.Minute)
		hooked(true)
		pass(time.Hour + 10*time.Minute)
		equal(t, "while webhooks come", w.runs.asks(), "[0s 30m0s 1h0m0s]")
		h, err := w.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByPage})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		equal(t, "a refresh that was asked for", w.runs.asks(), "[1h11m0s]")
		hooked(false)
		pass(10 * time.Minute)
		equal(t, "after they stopped", w.runs.asks(), "[1h15m0s 1h20m0s]")
	})
	for every, want := range map[time.Duration]time.Duration{
		time.Minute: 6 * time.Minute, 5 * time.Minute: 30 * time.Minute, 30 * time.Minute: time.Hour, 3 * time.Hour: 3 * time.Hour,
	} {
		if got := ingest.Rest(every); got != want {
			t.Errorf("at an interval of %v it rests %v, want %v", every, got, want)
		}
	}
}

// TestDatabaseThatTakesNothing: while what came of a delivery cannot be noted,
// GitHub is asked for it no more than at distance.
func TestDatabaseThatTakesNothing(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		w.stop()
		w.pulls = &source{start: time.Now()}
		w.begin(0, 0)
		w.store.mu.Lock()
		w.store.full = true
		w.store.due = []telemetry.Delivery{{ID: "a", Event: telemetry.EventReview, Repo: "octo/shop", State: telemetry.DeliveryQueued}}
		w.store.mu.Unlock()
		pass(time.Hour)
		if n := strings.Count(w.pulls.asks(), "s"); n < 2 || n > 121 {
			t.Errorf("in an hour GitHub was asked %d times", n)
		}
	})
}

// TestDeliveryIsRetriedAtDistance: a delivery that fails is tried again later and
// later, says why, and at last that it failed; a bug in it ends no more than it.
func TestDeliveryIsRetriedAtDistance(t *testing.T) {
	for name, fault := range map[string]func(*source){
		"GitHub is down": func(s *source) { s.err = telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub is down.") },
		"GitHub asks to wait": func(s *source) {
			e := telemetry.Errorf(telemetry.CodeRateLimited, "wait")
			e.RetryAfter = 25 * time.Minute
			s.err = e
		},
		"a bug":    func(s *source) { s.panics = true },
		"an error": func(s *source) { s.err = errors.New("unexpected") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 0, 0, func(t *testing.T, w *world) {
				w.stop()
				w.pulls = &source{start: time.Now()}
				w.begin(0, 0)
				w.pulls.change(fault)
				w.store.mu.Lock()
				w.store.due = []telemetry.Delivery{{ID: "a", Event: telemetry.EventReview, Repo: "octo/shop", State: telemetry.DeliveryQueued}}
				w.store.mu.Unlock()
				pass(6 * time.Hour)
				w.store.mu.Lock()
				defer w.store.mu.Unlock()
				var distances []string
				for _, d := range w.store.ended {
					distances = append(distances, fmt.Sprint(d.State, " ", d.Tries, " ", d.Error != "", " ", d.NextTry.IsZero()))
				}
				equal(t, "tries", strings.Join(distances, ", "), "queued 1 true false, queued 2 true false, queued 3 true false, "+
					"queued 4 true false, queued 5 true false, failed 6 true true")
				if last := w.store.ended[len(w.store.ended)-1]; !strings.Contains(last.Result, "6 tries failed") || last.Ended.IsZero() {
					t.Errorf("at last %+v", last)
				}
			})
		})
	}
}
