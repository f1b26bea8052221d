package figures_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestDueFiguresAreTheTotalsOfTheirLists: of all issues and of each severity,
// repository and owner, now and at past times.
func TestDueFiguresAreTheTotalsOfTheirLists(t *testing.T) {
	now := time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.GeneratedFiles(7)...)
		list := lists.Issues(s.Store)
		repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range repos.Items {
			file := telemetry.CodeownersFile{Path: "CODEOWNERS", Text: "* @ann @org/team\n*.js @bob\n"}
			if err := s.SaveCodeowners(t.Context(), r.Name, file); i%2 == 0 && err != nil {
				t.Fatal(err)
			}
		}
		told, tried := 0, int64(0)
		check := func(at time.Time, l telemetry.DueLine, of, since string) {
			t.Helper()
			for what, c := range map[string]struct {
				n int64
				q string
			}{
				"open": {telemetry.Sum(l.Open), "is:open"}, "overdue": {l.Overdue, "is:overdue"}, "soon": {l.Soon, "is:open due:<7d -is:overdue"},
				"in time": {l.InTime, "is:in_time " + since}, "late": {l.Late, "is:late " + since}, "n": {l.InTime + l.Late, "is:in_time,late " + since},
			} {
				ask := query.Ask{AsOf: at, Query: storetest.Parse(t, list, c.q+" "+of)}
				if want, _ := storetest.Total(t, list, ask); want != c.n {
					t.Errorf("as of %v, %s, %s: %d, the list has %d", at, of, what, c.n, want)
				}
				if c.n > 0 {
					told++
				}
			}
		}
		for _, at := range []time.Time{{}, now.AddDate(0, -1, 0), now.AddDate(0, -3, 0)} {
			until := at
			if at.IsZero() {
				until = now
			}
			p := period(t, "90d", until)
			since := "closed:>=" + p.Since.Format(time.RFC3339)
			d, found, err := s.Due(t.Context(), p, "", at, true)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			check(at, d.All, "", since)
			for _, l := range d.BySeverity {
				if telemetry.SeverityRank(l.Name) < 4 {
					check(at, l, "severity:"+l.Name, since)
				}
			}
			for _, l := range d.ByRepo {
				check(at, l, "repo:"+l.Name, since)
				one, _, err := s.Due(t.Context(), p, telemetry.RepoName(l.Name).Key(), at, false)
				if err != nil || fmt.Sprint(one.All.Open, one.All.Overdue, one.All.InTime) != fmt.Sprint(l.Open, l.Overdue, l.InTime) {
					t.Errorf("%s alone: %+v, among all %+v, %v", l.Name, one.All, l, err)
				}
			}
			for _, l := range d.ByOwner {
				of := "no:owner"
				if l.Name != "" {
					of = "owner:" + l.Name
				}
				check(at, l, of, since)
				taken := "taken:>=" + p.Since.Format(time.RFC3339) + " " + of
				for q, n := range map[string]int64{"-is:dismissed,accepted " + taken: l.Attempted, "is:fixed " + taken: l.Fixed} {
					want, _ := storetest.Total(t, list, query.Ask{AsOf: at, Query: storetest.Parse(t, list, "has:session "+q)})
					if tried += want; want != n {
						t.Errorf("as of %v, %s: %d, the list has %d", at, q, n, want)
					}
				}
			}
		}
		if told < 60 || tried == 0 {
			t.Errorf("only %d figures are above 0, and sessions worked on %d issues", told, tried)
		}
	})
}

func TestTheRateOfWhatWasClosedInTime(t *testing.T) {
	if p := (telemetry.DueLine{Soon: 3}).Percent(); p != nil {
		t.Errorf("of none: %v, want none", *p)
	}
	if p := (telemetry.DueLine{InTime: 2, Late: 3, Overdue: 1}).Percent(); p == nil || *p != 33.3 {
		t.Errorf("of six: %v, want 33.3", p)
	}
}
