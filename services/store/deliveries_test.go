package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// queued is a delivery of a repository that waits.
func queued(id string, repo telemetry.RepoName) telemetry.Delivery {
	return telemetry.Delivery{ID: id, Event: telemetry.EventPull, Action: "closed", Repo: repo, Pull: 7, State: telemetry.DeliveryQueued,
		Hook: telemetry.Hook{RepoID: 5, Pull: &telemetry.PullRequest{Repo: string(repo), Number: 7, Title: "a\x00b é", UpdatedAt: time.Unix(1e9, 0).UTC()}}}
}

func putDelivery(t *testing.T, s *storetest.Store, d telemetry.Delivery) {
	t.Helper()
	if _, fresh, err := s.PutDelivery(t.Context(), d); err != nil || !fresh {
		t.Fatalf("%s: fresh %v, error %v", d.ID, fresh, err)
	}
}

func due(t *testing.T, s *storetest.Store, busy ...string) (ids []string) {
	t.Helper()
	all, err := s.DueDeliveries(t.Context(), busy, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	return ids
}

// TestDeliveryIsTakenOnce: of the same delivery at the same moment, one is
// stored; one that comes again later is known, unless it failed.
func TestDeliveryIsTakenOnce(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		var fresh atomic.Int64
		var all errgroup.Group
		for range 8 {
			all.Go(func() error {
				_, is, err := s.PutDelivery(t.Context(), queued("one", "Octo/Shop"))
				if is {
					fresh.Add(1)
				}
				return err
			})
		}
		if err := all.Wait(); err != nil || fresh.Load() != 1 {
			t.Fatalf("%d of 8 are fresh, error %v", fresh.Load(), err)
		}
		got, err := s.DueDeliveries(t.Context(), nil, 10)
		if err != nil || len(got) != 1 || got[0].Hook.Pull == nil || got[0].Hook.Pull.Title != "a\ufffdb é" || got[0].Received.IsZero() {
			t.Fatalf("due %+v, error %v", got, err)
		}
		d := got[0]
		for _, state := range []telemetry.DeliveryState{telemetry.DeliveryDone, telemetry.DeliveryIgnored, telemetry.DeliveryFailed} {
			d.State, d.Tries, d.Result = state, 6, "It ended."
			d.Forget()
			if err := s.SaveDelivery(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			noted, again, err := s.PutDelivery(t.Context(), queued("one", "Octo/Shop"))
			if err != nil || again != (state == telemetry.DeliveryFailed) {
				t.Errorf("%s, delivered again: fresh %v, %+v, error %v", state, again, noted, err)
			}
		}
		if got := due(t, s); !slices.Equal(got, []string{"one"}) {
			t.Errorf("due %q", got)
		}
	})
}

// TestDeliveriesAreDueInOrder: a repository's come one after another, several
// repositories' side by side; one that waits for its next try holds up no other.
func TestDeliveriesAreDueInOrder(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for _, d := range []telemetry.Delivery{queued("a1", "octo/a"), queued("b1", "Octo/B"), queued("a2", "OCTO/A"), queued("b2", "octo/b")} {
			putDelivery(t, s, d)
		}
		want := func(what string, got []string, ids ...string) {
			t.Helper()
			if !slices.Equal(got, ids) {
				t.Errorf("%s: %q are due, want %q", what, got, ids)
			}
		}
		want("all wait", due(t, s), "a1", "b1")
		want("one repository is busy", due(t, s, "octo/a"), "b1")
		first := queued("a1", "octo/a")
		first.Tries, first.NextTry, first.Error = 1, telemetry.At(s.Now().Add(time.Hour)), "It failed."
		if err := s.SaveDelivery(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		want("the first has failed", due(t, s), "b1", "a2")
		first.State = telemetry.DeliveryFailed
		if err := s.SaveDelivery(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		again, err := s.RetryDelivery(t.Context(), "a1")
		if err != nil || again.State != telemetry.DeliveryQueued || again.Tries != 0 {
			t.Fatalf("tried again: %+v, error %v", again, err)
		}
		want("a person has it tried again", due(t, s), "a1", "b1")
		for id, code := range map[string]telemetry.Code{"a1": telemetry.CodeConflict, "none": telemetry.CodeNotFound} {
			if _, err := s.RetryDelivery(t.Context(), id); telemetry.CodeOf(err) != code {
				t.Errorf("trying %s again: %v", id, err)
			}
		}
	})
}

// TestDeliveriesAreBounded: old ones and those beyond a number are forgotten, but
// none that waits; when too many wait, a further one is refused in words.
func TestDeliveriesAreBounded(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		fill := func(from, n int, state string, received time.Time) {
			t.Helper()
			err := s.Exec(t.Context(), fmt.Sprintf(`INSERT INTO deliveries (id, seq, event, action, repo, repo_key, pull, received, state, result, error,
				tries, next_try, ended, hook) WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
				SELECT 'd' || i, i, 'push', '', 'a/b', 'a/b', 0, %d, '%s', '', '', 0, 0, 0, '{}' FROM n`, from, from+n-1, received.UnixMilli(), state))
			if err != nil {
				t.Fatal(err)
			}
		}
		total := func() int64 {
			t.Helper()
			n, _ := storetest.Total(t, lists.Deliveries(s.Store), query.Ask{})
			return n
		}
		old := s.Now().Add(-31 * 24 * time.Hour)
		fill(1, 50, "done", old)
		fill(51, 1, "queued", old)
		fill(52, 10_020, "ignored", s.Now())
		putDelivery(t, s, queued("new", "octo/a"))
		if got := total(); got != 10_001 {
			t.Errorf("%d are kept, want 10,000 and the one that waits", got)
		}
		if got := due(t, s); !slices.Equal(got, []string{"d51", "new"}) {
			t.Errorf("due %q", got)
		}
		fill(20_000, 9_998, "queued", s.Now())
		_, _, err := s.PutDelivery(t.Context(), queued("late", "octo/a"))
		if telemetry.CodeOf(err) != telemetry.CodeOverloaded || !strings.Contains(err.Error(), "redeliver") {
			t.Errorf("one more: %v", err)
		}
	})
}
