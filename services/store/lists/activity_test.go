package lists_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func activityLine(a telemetry.Activity) string {
	return fmt.Sprintf("%d %s %s %s %s %s %d %s %s", a.At.UnixMilli(), a.Kind, a.Word, a.File, a.Session, a.State, a.Pull.Number, a.Detail+a.Change.Field, a.Job.ID)
}

func TestActivityPages(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(3)
		storetest.PutFrom(t, s, "", files...)
		storetest.SavePulls(t, s, storetest.PullsFor(files))
		for _, token := range []string{"a", "b"} {
			for n := range 2 {
				_, fresh, err := s.BeginSubmission(t.Context(), telemetry.Submission{Token: token, Kind: telemetry.SubmissionDispatch, Subject: "octo/shop"})
				if err != nil || fresh != (n == 0) {
					t.Fatalf("a submission begun for the %d. time: %v %v", n+1, fresh, err)
				}
			}
		}
		if err := s.DropSubmission(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		whole, next, err := s.Activity(t.Context(), telemetry.ActivityFilter{}, telemetry.ActivityCursor{}, 1<<20)
		if err != nil || next.String() != "" {
			t.Fatal(next, err)
		}
		seen := map[telemetry.ActivityKind]int{}
		for i, a := range whole {
			seen[a.Kind]++
			if i > 0 && a.At.After(whole[i-1].At.Time) {
				t.Fatalf("%s stands behind %s", activityLine(a), activityLine(whole[i-1]))
			}
		}
		if seen[telemetry.ActivityRun] == 0 || seen[telemetry.ActivitySession] == 0 || seen[telemetry.ActivityPull] == 0 || seen[telemetry.ActivitySubmission] != 1 {
			t.Fatalf("changes by kind: %v", seen)
		}
		for _, size := range []int{1, 7} {
			var paged []telemetry.Activity
			for mark := (telemetry.ActivityCursor{}); ; {
				list, next, err := s.Activity(t.Context(), telemetry.ActivityFilter{}, mark, size)
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, list...)
				if next.String() == "" || len(paged) > len(whole) {
					break
				}
				if mark, err = telemetry.ParseActivityCursor(next.String()); err != nil {
					t.Fatal(err)
				}
			}
			if len(paged) != len(whole) {
				t.Fatalf("pages of %d: %d changes, want %d", size, len(paged), len(whole))
			}
			for i := range whole {
				if activityLine(paged[i]) != activityLine(whole[i]) {
					t.Fatalf("pages of %d: change %d is %s, want %s", size, i, activityLine(paged[i]), activityLine(whole[i]))
				}
			}
		}
		runs, _, err := s.Activity(t.Context(), telemetry.ActivityFilter{Kinds: []telemetry.ActivityKind{telemetry.ActivityRun}}, telemetry.ActivityCursor{}, 1<<20)
		if err != nil || len(runs) != seen[telemetry.ActivityRun] {
			t.Errorf("%d runs alone (%v), want %d", len(runs), err, seen[telemetry.ActivityRun])
		}
	})
}

// TestActivityOfRepo: the changes of a repository are those of the whole list
// that are its own, in the same order, whatever the pages; each change that
// backfill made is one.
func TestActivityOfRepo(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(3)
		storetest.PutFrom(t, s, "", files...)
		storetest.SavePulls(t, s, storetest.PullsFor(files))
		corrected, err := s.Backfill(t.Context(), true)
		if err != nil || len(corrected) == 0 {
			t.Fatalf("%d changes by backfill: %v", len(corrected), err)
		}
		whole, _, err := s.Activity(t.Context(), telemetry.ActivityFilter{}, telemetry.ActivityCursor{}, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Number: 1, Size: 100, Sort: "repo", Order: "asc"}})
		if err != nil || len(repos.Items) < 2 {
			t.Fatalf("%d repositories: %v", len(repos.Items), err)
		}
		for _, r := range repos.Items {
			var want []string
			corrections := 0
			for _, a := range whole {
				if a.Repo.Key() == r.Name.Key() || a.Kind == telemetry.ActivityPull && r.Fork.Key() == a.Repo.Key() {
					want = append(want, activityLine(a))
				}
				if a.Kind == telemetry.ActivityCorrection && a.Repo.Key() == r.Name.Key() {
					if corrections++; a.Change.Field == "" || a.Change.Reason == "" || a.Change.New == nil || a.Application != 1 {
						t.Fatalf("a change by backfill: %+v", a)
					}
				}
			}
			if corrections == 0 {
				t.Errorf("%s: no change by backfill", r.Name)
			}
			var got []string
			for mark := (telemetry.ActivityCursor{}); ; {
				list, next, err := s.Activity(t.Context(), telemetry.ActivityFilter{Repo: r.Name.Key()}, mark, 7)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range list {
					got = append(got, activityLine(a))
				}
				if mark = next; next.String() == "" || len(got) > len(want) {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d changes, want %d:\n%s\nwant\n%s", r.Name, len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		if list, _, err := s.Activity(t.Context(), telemetry.ActivityFilter{Repo: "octo/nothing"}, telemetry.ActivityCursor{}, 7); err != nil || len(list) != 0 {
			t.Errorf("of a repository that is not known: %v, %v", list, err)
		}
	})
}

func TestActivityMarks(t *testing.T) {
	for _, text := range []string{"x", "1-run", "1-nothing-0", "1-run--1", "x-run-1", "1-run-99999999999"} {
		if _, err := telemetry.ParseActivityCursor(text); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
