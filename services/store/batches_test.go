package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// order is an order of batches, each of issues that are named by spaces.
func order(token string, batches ...string) telemetry.SendOrder {
	o := telemetry.SendOrder{Token: token, By: "mona", MaxACUs: 5, PerDay: 6}
	for n, issues := range batches {
		o.Batches = append(o.Batches, telemetry.NewBatch{ID: fmt.Sprintf("%s-%d", token, n), Repo: "o/a", Issues: strings.Fields(issues), Prompt: "Fix.\x00"})
	}
	return o
}

func sentStates(list []telemetry.SentBatch) string {
	var words []string
	for _, b := range list {
		words = append(words, b.ID+" "+string(b.State))
	}
	return strings.Join(words, ", ")
}

// TestBatchesAreOrderedOnce: the same order again is the same batches, an issue is
// in one that is being sent, and a day has a limit.
func TestBatchesAreOrderedOnce(t *testing.T) {
	now := time.Date(2026, 9, 1, 23, 0, 0, 0, time.UTC)
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		now = time.Date(2026, 9, 1, 23, 0, 0, 0, time.UTC)
		ctx := t.Context()
		var both errgroup.Group
		for range 4 {
			both.Go(func() error {
				list, err := s.OrderBatches(ctx, order("a", "i1 i2", "i3"))
				if err == nil && sentStates(list) != "a-0 queued, a-1 queued" {
					err = fmt.Errorf("ordered %s", sentStates(list))
				}
				return err
			})
		}
		if err := both.Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OrderBatches(ctx, order("b", "i9", "i2")); telemetry.CodeOf(err) != telemetry.CodeConflict || !strings.Contains(err.Error(), "1 of these issues") {
			t.Errorf("an issue that is being sent: %v", err)
		}
		if mine, err := s.BeginBatch(ctx, "a-0"); err != nil || !mine {
			t.Fatalf("begun: %v, %v", mine, err)
		}
		if mine, err := s.BeginBatch(ctx, "a-0"); err != nil || mine {
			t.Errorf("begun twice: %v, %v", mine, err)
		}
		end := func(id string, state telemetry.BatchState, session string) {
			t.Helper()
			b := telemetry.SentBatch{NewBatch: telemetry.NewBatch{ID: id}, State: state, Session: telemetry.Optional(session)}
			if err := s.EndBatch(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		end("a-0", telemetry.BatchSent, "s1")
		end("a-0", telemetry.BatchFailed, "") // too late: its session is known
		end("a-1", telemetry.BatchUnknown, "")
		list, err := s.BatchesOf(ctx, "a")
		if err != nil || sentStates(list) != "a-0 sent, a-1 unknown" || list[0].Session != "s1" || list[0].Prompt != "Fix.\uFFFD" && list[0].Prompt != "Fix." {
			t.Errorf("%+v, %v", list, err)
		}
		if open, err := s.UnsettledBatches(ctx); err != nil || sentStates(open) != "a-0 sent, a-1 unknown" {
			t.Errorf("unsettled: %s, %v", sentStates(open), err)
		}
		c := order("c", "i1", "i4", "i5", "i6")
		if _, err := s.OrderBatches(ctx, c); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("an issue that somebody has just sent: %v", err)
		}
		c.Known = []string{"a-0"}
		if _, err := s.OrderBatches(ctx, c); err != nil {
			t.Errorf("the rest of the day: %v", err)
		}
		if n, err := s.BatchesToday(ctx); err != nil || n != 6 {
			t.Errorf("today: %d, %v", n, err)
		}
		_, err = s.OrderBatches(ctx, order("d", "i7"))
		if telemetry.CodeOf(err) != telemetry.CodeRateLimited || !strings.Contains(err.Error(), "6 of 6 sessions") {
			t.Errorf("beyond the limit of the day: %v", err)
		}
		now = now.Add(time.Hour)
		if _, err := s.OrderBatches(ctx, order("d", "i7")); err != nil {
			t.Errorf("the next day: %v", err)
		}
		for want, f := range map[string]telemetry.BatchFilter{
			"d-0 queued, a-0 sent of 7":    {Most: 2},
			"a-1 unknown, c-0 queued of 7": {Most: 2, Skip: 2},
			"a-0 sent, c-0 queued of 2":    {Most: 9, Issue: "i1"},
			"a-1 unknown of 1":             {Most: 9, State: telemetry.BatchUnknown},
			"a-0 sent, a-1 unknown of 2":   {Most: 9, Token: "a"},
			"a-0 sent of 1":                {Most: 9, ID: "a-0"},
		} {
			list, err := s.Batches(ctx, f)
			if got := fmt.Sprintf("%s of %d", sentStates(list.Items), list.Total); err != nil || got != want {
				t.Errorf("%+v: %s, %v; want %s", f, got, err, want)
			}
		}
		if with, err := s.BatchesWith(ctx, []string{"i1", "i3", "i99"}); err != nil || sentStates(with) != "a-0 sent, a-1 unknown, c-0 queued" {
			t.Errorf("with issues: %s, %v", sentStates(with), err)
		}
	})
}

// TestBatchesThatCouldNotBeNoted: what a program has begun and could not note is not
// known, what it did not begin was not sent, and both only once they are old.
func TestBatchesThatCouldNotBeNoted(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		ctx := t.Context()
		if _, err := s.OrderBatches(ctx, order("a", "i1", "i2")); err != nil {
			t.Fatal(err)
		}
		if mine, err := s.BeginBatch(ctx, "a-0"); err != nil || !mine {
			t.Fatal(mine, err)
		}
		if err := s.SettleOwnBatches(ctx, now); err != nil {
			t.Fatal(err)
		}
		if list, err := s.BatchesOf(ctx, "a"); err != nil || sentStates(list) != "a-0 begun, a-1 queued" {
			t.Errorf("at once: %s, %v", sentStates(list), err)
		}
		if err := s.SettleOwnBatches(ctx, now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		list, err := s.BatchesOf(ctx, "a")
		if err != nil || sentStates(list) != "a-0 unknown, a-1 failed" || list[1].Error == "" {
			t.Errorf("%s, %q, %v", sentStates(list), list[1].Error, err)
		}
	})
}

// TestAKeyIsOfOneRequest: used for another one, it sends nothing and says so.
func TestAKeyIsOfOneRequest(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		first := order("a", "i1")
		first.Asked = telemetry.SendAsk{Key: "k", Issues: []string{"i1"}}.Print()
		for range 2 {
			if list, err := s.OrderBatches(t.Context(), first); err != nil || sentStates(list) != "a-0 queued" {
				t.Errorf("%s, %v", sentStates(list), err)
			}
		}
		other := order("a", "i2")
		other.Asked = telemetry.SendAsk{Key: "k", Issues: []string{"i2"}}.Print()
		if _, err := s.OrderBatches(t.Context(), other); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("another request with the same key: %v", err)
		}
	})
}

// TestAnIssueIsInABatchByItsFormerID: what was sent under an id that an issue had
// before is under way.
func TestAnIssueIsInABatchByItsFormerID(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if _, err := s.OrderBatches(t.Context(), order("a", "first")); err != nil {
			t.Fatal(err)
		}
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-02T10:00:00Z", 0, []string{"A high xss"}))
		ids, err := s.Texts(t.Context(), `SELECT public_id FROM issues`)
		if err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
		err = s.Write(t.Context(), func(tx *store.Tx) error {
			tx.Exec(`INSERT INTO redirects (old_id, new_id) VALUES ('first', 'second'), ('second', $1)`, ids[0])
			return tx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"first", "second", ids[0]} {
			list, err := s.BatchesWith(t.Context(), []string{id})
			if err != nil || sentStates(list) != "a-0 queued" || list[0].Issues[0] != ids[0] {
				t.Errorf("%s is in %+v, %v", id, list, err)
			}
		}
		if _, err := s.OrderBatches(t.Context(), order("b", ids[0])); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("an issue whose id has changed is sent twice: %v", err)
		}
	})
}
