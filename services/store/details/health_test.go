package details_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// renamed is a scan with other fingerprints.
func renamed(f telemetry.FetchedFile) telemetry.FetchedFile {
	return storetest.Fetched(f.Name, bytes.ReplaceAll(f.Body, []byte(`"fingerprint":"F`), []byte(`"fingerprint":"X`)))
}

// TestRepoHealth has a scan with other fingerprints, and then one of a few
// of its findings.
func TestRepoHealth(t *testing.T) {
	now := storetest.Day("2026-03-11 12:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		var names []string
		for n := range 25 {
			names = append(names, fmt.Sprintf("F%d high xss", n))
		}
		first, other := storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, names), renamed(storetest.TinyScan(2, "2026-03-03T10:00:00Z", 0, names))
		storetest.Put(t, s, first, other, renamed(storetest.TinyScan(3, "2026-03-05T10:00:00Z", 0, names[:3])))
		h, err := s.RepoHealth(t.Context(), "a/b", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		want := telemetry.RepoHealth{LastScan: telemetry.At(storetest.Day("2026-03-05 10:00")), Reduced: &telemetry.ReducedScan{File: "run-3.json", Run: 3, Found: 3, Full: 2, FullFile: "run-2.json", FullFound: 25},
			Rematched: &telemetry.RematchedScan{File: "run-2.json", Run: 2, Changed: 25, Matched: 25}}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Error(diff)
		}
		if h, err := s.RepoHealth(t.Context(), "no/such", time.Time{}); err != nil || !cmp.Equal(h, telemetry.RepoHealth{}) {
			t.Errorf("a repository that no record names: %+v, %v", h, err)
		}
	})
}
