package figures_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRepoDays reads the tiny history by its last ten days: A and B open on
// the 2nd, B gone and C seen on the 4th, C gone and B back on the 9th, B gone
// on the 11th.
func TestRepoDays(t *testing.T) {
	now := storetest.Day("2026-03-11 12:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
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
