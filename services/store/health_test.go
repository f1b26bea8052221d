package store_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRepoDays reads the tiny history by its last ten days: A and B open on
// the 2nd, B gone and C seen on the 4th, C gone and B back on the 9th, B gone
// on the 11th.
func TestRepoDays(t *testing.T) {
	now := day("2026-03-11 12:00")
	storetest.At(t, now, func(t *testing.T, s *store.Store) {
		storetest.Put(t, s, tinyHistory()...)
		got, err := s.RepoDays(t.Context(), []string{"a/b", "no/such"}, now, 10)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]telemetry.RepoDays{"a/b": {Open: []int64{2, 2, 2, 2, 2, 2, 2, 2, 2, 1}, Before: 3, Closed: 3}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if d := got["a/b"]; d.Change() != -2 {
			t.Errorf("changed by %d", d.Change())
		}
	})
}

// renamed is a scan with other fingerprints.
func renamed(f telemetry.FetchedFile) telemetry.FetchedFile {
	return storetest.Fetched(f.Name, bytes.ReplaceAll(f.Body, []byte(`"fingerprint":"F`), []byte(`"fingerprint":"X`)))
}

// TestRepoHealth has a scan with other fingerprints, and then one of a few
// of its findings.
func TestRepoHealth(t *testing.T) {
	now := day("2026-03-11 12:00")
	storetest.At(t, now, func(t *testing.T, s *store.Store) {
		var names []string
		for n := range 25 {
			names = append(names, fmt.Sprintf("F%d high xss", n))
		}
		first, other := storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, names), renamed(storetest.TinyScan(2, "2026-03-03T10:00:00Z", 0, names))
		storetest.Put(t, s, first, other, renamed(storetest.TinyScan(3, "2026-03-05T10:00:00Z", 0, names[:3])))
		h, err := s.RepoHealth(t.Context(), "a/b")
		if err != nil {
			t.Fatal(err)
		}
		want := telemetry.RepoHealth{LastScan: telemetry.At(day("2026-03-05 10:00")), Reduced: &telemetry.NarrowScan{File: "run-3.json", Run: 3, Found: 3, Full: 2, FullFound: 25},
			Relinked: &telemetry.RelinkedScan{File: "run-2.json", Run: 2, Changed: 25, Matched: 25}}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Error(diff)
		}
		if h, err := s.RepoHealth(t.Context(), "no/such"); err != nil || !cmp.Equal(h, telemetry.RepoHealth{}) {
			t.Errorf("a repository that no record names: %+v, %v", h, err)
		}
	})
}
