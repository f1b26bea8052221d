package lists_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestPullStatusInLists: what reviews, checks and the base branch of a pull request
// come to is asked for alike in pull requests and in what needs a person, where it
// decides what to do; of a past time it is not known, and is refused.
func TestPullStatusInLists(t *testing.T) {
	at := storetest.Day("2026-03-01 12:00")
	storetest.At(t, at.Add(time.Hour), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A medium xss"}))
		for i, status := range []telemetry.PullStatus{
			{Review: "approved", Checks: "success", Mergeable: "mergeable"},
			{Review: "changes_requested", Checks: "failure", Mergeable: "mergeable"},
			{Review: "none", Checks: "pending", Mergeable: "conflict"},
			{Review: "required", Checks: "none", Mergeable: "unknown"},
		} {
			err := s.SavePullDetails(t.Context(), telemetry.PullDetails{Status: status, AskedAt: at, Pull: telemetry.PullRequest{
				Repo: "a/b", Number: i + 1, Title: "fix(CQLF-R1-0001): x", State: "open", CreatedAt: at.Add(time.Duration(i) * time.Minute), UpdatedAt: at}})
			if err != nil {
				t.Fatal(err)
			}
		}
		pulls, needs := lists.Pulls(s.Store), lists.Needs(s.Store)
		for text, want := range map[string][]int64{
			"checks:success": {1}, "status:failure": {2}, "checks:pending,none": {3, 4}, "-checks:failure": {1, 3, 4},
			"review:approved": {1}, "review:changes_requested": {2}, "review:required": {4}, "review:none": {3},
			"mergeable:conflict": {3}, "mergeable:mergeable": {1, 2}, "mergeable:unknown": {4}, "review:approved checks:success": {1},
		} {
			var listed, needed []int64
			p, err := pulls.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, pulls, text), Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Items {
				listed = append(listed, r.Number)
			}
			n, err := needs.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, needs, "group:pr_ready "+text), Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range n.Items {
				needed = append(needed, r.PullNumber)
			}
			slices.Sort(listed)
			slices.Sort(needed)
			if !slices.Equal(listed, want) || !slices.Equal(needed, want) {
				t.Errorf("%s: pull requests %v, in what needs a person %v, want %v", text, listed, needed, want)
			}
			for _, refused := range []error{
				rowsThen(t, pulls, text, at.Add(30*time.Minute)), rowsThen(t, needs, text, at.Add(30*time.Minute)),
			} {
				if telemetry.CodeOf(refused) != telemetry.CodeNoPast {
					t.Errorf("%s of a past time: %v", text, refused)
				}
			}
		}
		rows, err := needs.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, needs, "group:pr_ready"), Page: storetest.AllRows()})
		if err != nil {
			t.Fatal(err)
		}
		said := map[int64]string{}
		for _, r := range rows.Items {
			_, action := r.Action()
			said[r.PullNumber] = string(r.PullReason()) + ": " + action
		}
		want := map[int64]string{1: "approved and green: Merge on GitHub", 2: "checks red: See checks", 3: "conflict: Resolve on GitHub", 4: ": Review"}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("what to do (-want +got)\n%s", diff)
		}
		then, err := pulls.Rows(t.Context(), query.Ask{AsOf: at.Add(30 * time.Minute), Page: storetest.AllRows()})
		if err != nil || len(then.Items) != 4 {
			t.Fatalf("%d pull requests of then, error %v", len(then.Items), err)
		}
		for _, r := range then.Items {
			if r.PullStatus != (telemetry.PullStatus{}) {
				t.Errorf("#%d of then: %+v", r.Number, r.PullStatus)
			}
		}
	})
}

// rowsThen asks a list as of a time.
func rowsThen[T any](t *testing.T, l *lists.List[T], text string, at time.Time) error {
	t.Helper()
	_, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, text), AsOf: at, Page: storetest.AllRows()})
	return err
}
