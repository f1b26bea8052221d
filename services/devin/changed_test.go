package devin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
)

// TestChangedIsOneRequest: whatever the number of sessions, what changed comes in
// one request, and what did not is not in it.
func TestChangedIsOneRequest(t *testing.T) {
	p, c := played(t, keyV3, 0)
	fill(p, hexes(0, 1000))
	p.Update(hex(7), func(s *devintest.Session) { s.UpdatedAt = monday().Add(time.Hour) })
	p.Put(devintest.Session{ID: "beef", Status: "running", UpdatedAt: monday().Add(time.Hour)})
	answer, told, err := c.Changed(t.Context(), monday().Add(time.Minute), hexes(0, 1000))
	if err != nil || !told {
		t.Fatalf("told: %t, %v", told, err)
	}
	same(t, "changed", hexes(7, 8), idsOf(answer.Sessions))
	same(t, "requests", map[devintest.Kind]int{devintest.KindList: 1}, p.Counts())
}

// TestChangedIsNotAskedOfV1, which has no such list.
func TestChangedIsNotAskedOfV1(t *testing.T) {
	p, c := played(t, keyV1, 0)
	fill(p, hexes(0, 3))
	if answer, told, err := c.Changed(t.Context(), monday(), hexes(0, 3)); told || err != nil || len(answer.Sessions) != 0 {
		t.Errorf("%+v, %t, %v", answer, told, err)
	}
	same(t, "requests", 0, total(p))
}

// TestChangedOfServersThatDoNotKnowIt: one that lists all sessions, or refuses the
// parameter, is not asked again, and never taken for one that says nothing changed.
func TestChangedOfServersThatDoNotKnowIt(t *testing.T) {
	for name, change := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"ignores it": func(_ http.ResponseWriter, r *http.Request) bool {
			q := r.URL.Query()
			q.Del("updated_after")
			r.URL.RawQuery = q.Encode()
			return true
		},
		"refuses it": func(w http.ResponseWriter, r *http.Request) bool {
			if !r.URL.Query().Has("updated_after") {
				return true
			}
			w.WriteHeader(http.StatusUnprocessableEntity)
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := devintest.New(devintest.Options{Key: keyV3, OrgID: org, Now: monday})
			fill(p, hexes(0, 3))
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				if change(w, r) {
					p.ServeHTTP(w, r)
				}
			}))
			t.Cleanup(s.Close)
			c := connect(t, nil, devin.Options{BaseURL: s.URL, Key: keyV3, OrgID: org})
			for range 2 {
				if _, told, err := c.Changed(t.Context(), monday().Add(time.Hour), hexes(0, 3)); told || err != nil {
					t.Errorf("told: %t, %v", told, err)
				}
			}
			if asked != 1 {
				t.Errorf("it was asked %d times", asked)
			}
		})
	}
}

// TestKnownSessionsAreTakenOnTheWay: a list that is read for one session tells of
// the others, for which nothing is asked.
func TestKnownSessionsAreTakenOnTheWay(t *testing.T) {
	p, c := played(t, keyV1, 0)
	fill(p, hexes(0, 3))
	answer, err := c.Sessions(t.Context(), hexes(1, 2), hex(0), hex(2), hex(9))
	if err != nil || len(answer.Unknown)+len(answer.Skipped) != 0 {
		t.Errorf("%+v, %v", answer, err)
	}
	same(t, "found", []string{hex(1), hex(0), hex(2)}, idsOf(answer.Sessions))
	same(t, "requests", map[devintest.Kind]int{devintest.KindList: 1}, p.Counts())
}
