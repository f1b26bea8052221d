package store_test

import (
	"fmt"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

func activityLine(a telemetry.Activity) string {
	return fmt.Sprintf("%d %s %s %s %s %s %d %s %s", a.At.UnixMilli(), a.Kind, a.Word, a.File, a.Session, a.State, a.Pull.Number, a.Detail, a.Job.ID)
}

func TestActivityPages(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		files := generated(3)
		putFrom(t, s, "", files...)
		savePulls(t, s, pullsFor(files))
		for _, token := range []string{"a", "b"} {
			for n := range 2 {
				fresh, err := s.KeepDeed(t.Context(), telemetry.Deed{Token: token, Kind: telemetry.DeedDispatch, Subject: "octo/shop"})
				if err != nil || fresh != (n == 0) {
					t.Fatalf("a deed kept for the %d. time: %v %v", n+1, fresh, err)
				}
			}
		}
		if err := s.DropDeed(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		whole, next, err := s.Activity(t.Context(), nil, telemetry.ActivityMark{}, 1<<20)
		if err != nil || next.String() != "" {
			t.Fatal(next, err)
		}
		seen := map[telemetry.ActivityKind]int{}
		for i, a := range whole {
			seen[a.Kind]++
			if i > 0 && a.At.After(whole[i-1].At) {
				t.Fatalf("%s stands behind %s", activityLine(a), activityLine(whole[i-1]))
			}
		}
		if seen[telemetry.ActivityRun] == 0 || seen[telemetry.ActivitySession] == 0 || seen[telemetry.ActivityPull] == 0 || seen[telemetry.ActivityDeed] != 1 {
			t.Fatalf("changes by kind: %v", seen)
		}
		for _, size := range []int{1, 7} {
			var paged []telemetry.Activity
			for mark := (telemetry.ActivityMark{}); ; {
				list, next, err := s.Activity(t.Context(), nil, mark, size)
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, list...)
				if next.String() == "" || len(paged) > len(whole) {
					break
				}
				if mark, err = telemetry.ParseActivityMark(next.String()); err != nil {
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
		runs, _, err := s.Activity(t.Context(), []telemetry.ActivityKind{telemetry.ActivityRun}, telemetry.ActivityMark{}, 1<<20)
		if err != nil || len(runs) != seen[telemetry.ActivityRun] {
			t.Errorf("%d runs alone (%v), want %d", len(runs), err, seen[telemetry.ActivityRun])
		}
	})
}

func TestActivityMarks(t *testing.T) {
	for _, text := range []string{"x", "1-run", "1-nothing-0", "1-run--1", "x-run-1", "1-run-99999999999"} {
		if _, err := telemetry.ParseActivityMark(text); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}
