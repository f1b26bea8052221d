package store_test

import (
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func putAll(t *testing.T, s *store.Store, files []telemetry.FetchedFile) {
	t.Helper()
	for _, f := range files {
		if _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{f}); err != nil {
			t.Fatal(f.Name, err)
		}
	}
}

func TestRealVerifications(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *store.Store) {
		putAll(t, s, storetest.RealFiles(t))
		list, err := lists.Verifications(s).Rows(t.Context(), query.Ask{})
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
			verdict := telemetry.VerdictStillThere
			if v.Number < 94 {
				verdict = telemetry.VerdictGone
			}
			if v.Verdict != verdict || v.Merge != telemetry.MergeUnknown || !v.Known || v.Unmatched != 0 {
				t.Errorf("pull request %d: %+v", v.Number, v)
			}
		}
		every, err := lists.Verifications(s).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Verifications(s), "is:any"), Page: storetest.AllRows()})
		if err != nil || every.Total != 6 {
			t.Errorf("%d records (%v), want 6", every.Total, err)
		}
	})
}

func all(t *testing.T, s *store.Store) []telemetry.VerificationRow {
	list, err := lists.Verifications(s).Rows(t.Context(), query.Ask{Page: query.Page{Size: 50}})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestRealDetails(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *store.Store) {
		putAll(t, s, storetest.RealFiles(t))
		issues, err := lists.Issues(s).Rows(t.Context(), query.Ask{Page: query.Page{Size: 200}})
		if err != nil {
			t.Fatal(err)
		}
		attempts := int64(0)
		for _, i := range issues.Items {
			attempts += i.Attempts
			d, _, found, err := s.IssueDetail(t.Context(), i.PublicID)
			if err != nil || !found {
				t.Fatal(i.PublicID, found, err)
			}
			if int64(len(d.Appearances)) != i.Appearances || int64(len(d.Attempts)) != i.Attempts {
				t.Errorf("%s: %d appearances, %d attempts; the row says %d, %d", i.PublicID, len(d.Appearances), len(d.Attempts), i.Appearances, i.Attempts)
			}
			last := d.Appearances[len(d.Appearances)-1]
			if last.File != i.File || last.Line != i.Line {
				t.Errorf("%s: last seen at %s:%d, the row says %s:%d", i.PublicID, last.File, last.Line, i.File, i.Line)
			}
		}
		if attempts != 75 {
			t.Errorf("%d attempts, want 75", attempts)
		}
		realRuns(t, s)
	})
}

// realRuns checks details of runs against what the records say.
func realRuns(t *testing.T, s *store.Store) {
	runs, err := lists.Runs(s).Rows(t.Context(), query.Ask{Page: query.Page{Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	unknown := 0
	for _, r := range runs.Items {
		d, err := s.RunDetail(t.Context(), "", r.File)
		if err != nil {
			t.Fatal(r.File, err)
		}
		if r.New != nil && (int(*r.New) != len(d.New)+len(d.Reopened) || int(*r.Gone) != len(d.Gone)) {
			t.Errorf("%s: %d new, %d reopened, %d gone; the row says %d and %d", r.File, len(d.New), len(d.Reopened), len(d.Gone), *r.New, *r.Gone)
		}
		if r.HasFindings && !d.UnassignedKnown {
			unknown++
			if r.RunNumber != 33 && r.RunNumber != 34 && r.RunNumber != 37 {
				t.Errorf("run %d: its issues in no session are known", r.RunNumber)
			}
		}
	}
	if unknown != 3 {
		t.Errorf("%d runs whose issues in no session are unknown, want 3", unknown)
	}
}
