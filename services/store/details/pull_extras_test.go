package details_test

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestBeside: what lists show beside their rows is what the pages of single
// sessions and pull requests have, and repositories sort by the very counts
// that they show.
func TestBeside(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if _, err := s.PutFiles(t.Context(), "", storetest.RealFiles(t)); err != nil {
			t.Fatal(err)
		}
		all := query.Page{Number: 1, Size: 1000}
		sessions, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{Page: all})
		if err != nil {
			t.Fatal(err)
		}
		want, keys := map[string]telemetry.SessionRow{}, []string{"no-such-session"}
		for _, row := range sessions.Items {
			want[row.Key], keys = row, append(keys, row.Key)
		}
		if got, err := s.SessionsByKey(t.Context(), keys, time.Time{}); err != nil || len(got) == 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%d sessions by key (%v), want the %d of the list", len(got), err, len(want))
		}
		sameExtras(t, s, all)
		for _, tier := range telemetry.Severities() {
			repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Number: 1, Size: 1000, Sort: tier}})
			if err != nil || len(repos.Items) < 2 {
				t.Fatalf("%s: %d repositories (%v)", tier, len(repos.Items), err)
			}
			for i, r := range repos.Items[1:] {
				if before := repos.Items[i]; before.OpenSeverity[tier] < r.OpenSeverity[tier] {
					t.Errorf("by %s, %s (%d) stands before %s (%d)", tier, before.Name, before.OpenSeverity[tier], r.Name, r.OpenSeverity[tier])
				}
			}
		}
	})
}

// sameExtras holds the marks of pull requests against their pages.
func sameExtras(t *testing.T, s *storetest.Store, all query.Page) {
	t.Helper()
	pulls, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: all})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	want := map[string]telemetry.PullExtras{}
	verified := 0
	for _, p := range pulls.Items {
		ref := telemetry.PullRef{Repo: p.Repo, Number: p.Number}
		keys = append(keys, ref.Key())
		d, _, err := s.PullDetail(t.Context(), ref, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var m telemetry.PullExtras
		for _, i := range d.Issues {
			if m.Severity == nil {
				m.Severity = map[string]int64{}
			}
			m.Severity[i.Severity]++
		}
		if len(d.Verifications) > 0 {
			m.Outcome = d.Verifications[0].Outcome
			verified++
		}
		if m.Severity != nil || m.Outcome != "" {
			want[ref.Key()] = m
		}
	}
	got, err := s.PullExtras(t.Context(), keys, time.Time{})
	if err != nil || verified == 0 || !maps.EqualFunc(got, want, func(a, b telemetry.PullExtras) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("marks %v (%v), want %v", got, err, want)
	}
}
