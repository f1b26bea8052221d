package details_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

func TestRealDetails(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.PutEach(t, s, storetest.RealFiles(t))
		issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 200}})
		if err != nil {
			t.Fatal(err)
		}
		attempts := int64(0)
		for _, i := range issues.Items {
			attempts += i.Attempts
			d, _, found, err := s.IssueDetail(t.Context(), i.PublicID, time.Time{})
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
func realRuns(t *testing.T, s *storetest.Store) {
	runs, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	unknown := 0
	for _, r := range runs.Items {
		d, err := s.RunDetail(t.Context(), "", r.File, time.Time{})
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
