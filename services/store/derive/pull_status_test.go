package derive_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestSavePullDetails: what GitHub says of a pull request is kept by the time at
// which it was asked, while it is open; another head commit makes its checks and
// conflicts unknown, and a pull request that is not of the list is not kept.
func TestSavePullDetails(t *testing.T) {
	ready := telemetry.PullStatus{Review: "approved", Checks: "success", Mergeable: "mergeable"}
	red := telemetry.PullStatus{Review: "none", Checks: "failure", Mergeable: "conflict"}
	at := storetest.Day("2026-03-01 12:00")
	storetest.At(t, at.Add(time.Hour), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A medium xss"}))
		pull := telemetry.PullRequest{Repo: "a/b", Number: 7, Title: "fix(CQLF-R1-0001): x", State: "open", HeadSHA: "a1", CreatedAt: at, UpdatedAt: at}
		save := func(minute int, status telemetry.PullStatus) {
			t.Helper()
			d := telemetry.PullDetails{Pull: pull, Status: status, AskedAt: at.Add(time.Duration(minute) * time.Minute)}
			if err := s.SavePullDetails(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, state string, status telemetry.PullStatus) {
			t.Helper()
			rows, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
			if err != nil || len(rows.Items) != 1 {
				t.Fatalf("%s: %d pull requests, error %v", what, len(rows.Items), err)
			}
			got := rows.Items[0]
			if diff := cmp.Diff(status, got.PullStatus); diff != "" || got.State != state {
				t.Errorf("%s: %s (-want +got)\n%s", what, got.State, diff)
			}
		}
		save(1, ready)
		want("asked", "open", ready)
		save(0, red)
		want("an answer that was asked for before", "open", ready)
		save(2, red)
		want("a newer one", "open", red)
		pull.HeadSHA, pull.UpdatedAt = "b2", at.Add(3*time.Minute)
		storetest.SavePulls(t, s, []telemetry.PullRequest{pull})
		want("another head commit", "open", telemetry.PullStatus{Review: "none"})
		save(4, ready)
		pull.State, pull.ClosedAt, pull.UpdatedAt = "closed", at.Add(5*time.Minute), at.Add(5*time.Minute)
		save(6, telemetry.PullStatus{Review: "approved", Checks: "success", Mergeable: "unknown"})
		want("closed", "closed", ready)
		pull = telemetry.PullRequest{Repo: "a/b", Number: 8, Title: "Bump", State: "open", CreatedAt: at, UpdatedAt: at}
		save(7, red)
		want("one that is not of the list", "closed", ready)
	})
}

// TestStatusRaisesNothingUnchanged: open pages are told of what changed, and not
// that GitHub was asked.
func TestStatusRaisesNothingUnchanged(t *testing.T) {
	at := storetest.Day("2026-03-01 12:00")
	storetest.At(t, at.Add(time.Hour), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A medium xss"}))
		d := telemetry.PullDetails{Status: telemetry.PullStatus{Review: "none", Checks: "success", Mergeable: "mergeable"}, AskedAt: at,
			Pull: telemetry.PullRequest{Repo: "a/b", Number: 7, Title: "fix(CQLF-R1-0001): x", State: "open", CreatedAt: at, UpdatedAt: at}}
		version := func() uint64 { return s.Versions()[telemetry.TopicPulls] }
		for i, tc := range []struct {
			checks telemetry.Optional
			raised bool
		}{{"success", true}, {"success", false}, {"failure", true}} {
			before := version()
			d.Status.Checks, d.AskedAt = tc.checks, at.Add(time.Duration(i)*time.Minute)
			if err := s.SavePullDetails(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if raised := version() != before; raised != tc.raised {
				t.Errorf("answer %d, checks %s: raised %v", i+1, tc.checks, raised)
			}
		}
	})
}
