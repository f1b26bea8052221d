package derive_test

import (
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func TestRealVerifications(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.PutEach(t, s, storetest.RealFiles(t))
		list, err := lists.Verifications(s.Store).Rows(t.Context(), query.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		if list.Total != 5 {
			t.Errorf("%d sessions verified, want 5", list.Total)
		}
		want := map[int64][3]int64{92: {2, 0, 2}, 93: {1, 0, 1}, 94: {1, 4, 5}, 95: {1, 4, 5}, 96: {0, 1, 1}}
		for _, v := range all(t, s) {
			got := [3]int64{v.Gone, v.StillThere, int64(len(v.Issues))}
			if got != want[v.Number] {
				t.Errorf("pull request %d: gone, there, issues %v, want %v", v.Number, got, want[v.Number])
			}
			verdict := telemetry.VerificationStillThere
			if v.Number < 94 {
				verdict = telemetry.VerificationGone
			}
			if v.Outcome != verdict || v.Merge != telemetry.MergeUnknown || !v.Known || v.Unmatched != 0 {
				t.Errorf("pull request %d: %+v", v.Number, v)
			}
		}
		every, err := lists.Verifications(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Verifications(s.Store), "is:any"), Page: storetest.AllRows()})
		if err != nil || every.Total != 6 {
			t.Errorf("%d records (%v), want 6", every.Total, err)
		}
	})
}

func all(t *testing.T, s *storetest.Store) []telemetry.VerificationRow {
	list, err := lists.Verifications(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 50}})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}
