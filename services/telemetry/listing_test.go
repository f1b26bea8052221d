package telemetry_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func TestSuspiciousListings(t *testing.T) {
	for _, c := range []struct {
		known, kept, listed int64
		want                bool
	}{
		{0, 0, 0, false},
		{1, 0, 0, true}, // empty is always suspicious
		{127, 0, 0, true},
		{9, 0, 1, false}, // few files may well be replaced
		{10, 4, 4, true},
		{10, 5, 5, false},
		{11, 5, 5, true},
		{127, 127, 130, false},
		{127, 0, 200, true}, // another directory altogether
	} {
		l := telemetry.HeldListing{Known: c.known, Kept: c.kept, Listed: c.listed}
		if got := l.Suspicious(); got != c.want {
			t.Errorf("%d of %d known in a listing of %d: suspicious %v", c.kept, c.known, c.listed, got)
		}
	}
}

// TestListingIsAccepted: at the third in a row, first and last an hour apart,
// or once a person has confirmed one that kept no more.
func TestListingIsAccepted(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	type seen struct {
		minute int
		kept   int64
		accept bool // before it is seen
		want   bool
	}
	for name, steps := range map[string][]seen{
		"three over an hour":          {{0, 0, false, false}, {30, 0, false, false}, {60, 0, false, true}},
		"two over an hour":            {{0, 0, false, false}, {90, 0, false, false}, {91, 0, false, true}},
		"many within an hour":         {{0, 0, false, false}, {15, 0, false, false}, {30, 0, false, false}, {45, 0, false, false}, {59, 0, false, false}, {61, 0, false, true}},
		"confirmed":                   {{0, 3, false, false}, {1, 3, true, true}},
		"confirmed, then worse":       {{0, 3, false, false}, {1, 0, true, false}, {2, 0, false, false}},
		"confirmed, then better":      {{0, 0, false, false}, {1, 3, true, true}},
		"the clock goes back":         {{0, 0, false, false}, {-600, 0, false, false}, {-570, 0, false, false}, {-540, 0, false, true}},
		"the clock goes back by much": {{0, 0, false, false}, {-1e6, 0, false, false}, {-1e6 + 1, 0, false, false}},
	} {
		var held telemetry.HeldListing
		for i, s := range steps {
			held.Accepted = held.Accepted || s.accept
			var accepted bool
			held, accepted = held.Again(telemetry.HeldListing{Known: 127, Kept: s.kept}, start.Add(time.Duration(s.minute)*time.Minute))
			if accepted != s.want {
				t.Errorf("%s, listing %d: believed %v (%+v)", name, i+1, accepted, held)
			}
		}
	}
}
