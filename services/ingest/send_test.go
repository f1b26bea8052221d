package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/details"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// sender is a program that starts sessions at a Devin that is played.
type sender struct {
	*ingest.Runner
	t     *testing.T
	db    *storetest.Store
	devin *devintest.Player

	address string // of Devin
}

func newSender(t *testing.T, db *storetest.Store, key string) *sender {
	t.Helper()
	player := devintest.New(devintest.Options{Key: key, OrgID: "org-1"})
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	return sendsTo(t, db, player, server.URL, key)
}

func sendsTo(t *testing.T, db *storetest.Store, player *devintest.Player, address, key string) *sender {
	t.Helper()
	client, err := devin.New(devin.Options{BaseURL: address, Key: key, OrgID: "org-1", HTTPTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return &sender{t: t, db: db, devin: player, address: address, Runner: ingest.New(ctx, ingest.Options{
		Store: derive.New(db.Store), Devin: client, Messenger: client, Starter: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, NewID: telemetry.NewID,
	})}
}

// fiveIssues are open issues of two families.
func fiveIssues() []telemetry.FetchedFile {
	return []telemetry.FetchedFile{storetest.TinyScan(1, "2026-03-02T10:00:00Z", 0,
		[]string{"A critical xss", "B high sqli", "C low xss", "D high sqli", "E medium xss"})}
}

// order plans batches of the open issues of the database.
func (s *sender) order(token string, size int) telemetry.SendOrder {
	s.t.Helper()
	var ids []string
	for _, row := range storetest.Rows(s.t, lists.Issues(s.db.Store), query.Ask{Query: storetest.Parse(s.t, lists.Issues(s.db.Store), "is:open")}) {
		ids = append(ids, row.PublicID)
	}
	return telemetry.SendOrder{Token: token, By: "mona", MaxACUs: 5, PerDay: 20, Batches: telemetry.PlanBatches(s.issues(ids...), size, telemetry.NewID)}
}

func (s *sender) issues(ids ...string) (list []telemetry.IssueDetail) {
	s.t.Helper()
	for _, id := range ids {
		one, _, found, err := details.New(s.db.Store).IssueDetail(s.t.Context(), id, time.Time{})
		if err != nil || !found {
			s.t.Fatalf("%s: %v, %v", id, found, err)
		}
		list = append(list, one)
	}
	return list
}

// took are the issues that a session took, by the records.
func (s *sender) took(session string) string {
	s.t.Helper()
	var ids []string
	for _, row := range storetest.Rows(s.t, lists.Issues(s.db.Store), query.Ask{Query: storetest.Parse(s.t, lists.Issues(s.db.Store), "session:"+session)}) {
		ids = append(ids, row.PublicID)
	}
	return sorted(ids)
}

func sorted(ids []string) string { return strings.Join(slices.Sorted(slices.Values(ids)), " ") }

// TestSendingIssues: each batch has its session, which took exactly its issues;
// the same order again sends nothing.
func TestSendingIssues(t *testing.T) {
	for _, key := range []string{"apk_1", "cog_1"} {
		t.Run(key[:3], func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, db *storetest.Store) {
				storetest.Put(t, db, fiveIssues()...)
				s := newSender(t, db, key)
				o := s.order("one", 1)
				if len(o.Batches) < 2 {
					t.Fatalf("%d batches", len(o.Batches))
				}
				var all sync.WaitGroup
				for range 3 { // the same form, sent several times at once
					all.Go(func() {
						list, err := s.Send(t.Context(), o)
						for _, b := range list {
							if b.State != telemetry.BatchSent || b.Session == "" {
								err = fmt.Errorf("a batch is %s: %s", b.State, b.Error)
							}
						}
						if err != nil || len(list) != len(o.Batches) {
							t.Errorf("%d batches, %v", len(list), err)
						}
					})
				}
				all.Wait()
				if n := s.devin.Counts()[devintest.KindCreate]; n != len(o.Batches) {
					t.Errorf("%d sessions were started for %d batches", n, len(o.Batches))
				}
				list, err := s.Send(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range list {
					if got := s.took(string(b.Session)); got != sorted(b.Issues) {
						t.Errorf("the session of %v took %q", b.Issues, got)
					}
				}
			})
		})
	}
}

// TestALostAnswerIsLookedUp: a session whose answer was lost is found by its tag,
// by this program or the next one, and none is started twice.
func TestALostAnswerIsLookedUp(t *testing.T) {
	db := storetest.Open(t)
	storetest.Put(t, db, fiveIssues()...)
	player := devintest.New(devintest.Options{Key: "cog_1", OrgID: "org-1"})
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	s := sendsTo(t, db, player, server.URL, "cog_1")
	player.Fail(devintest.KindCreate, devintest.Fault{Cut: true})
	o := s.order("one", 20)
	list, err := s.Send(t.Context(), o)
	if err != nil || list[0].State != telemetry.BatchUnknown || !strings.Contains(string(list[0].Error), "looked up by its tag") {
		t.Fatalf("%+v, %v", list, err)
	}
	player.Fail(devintest.KindCreate, devintest.Fault{})
	next := sendsTo(t, db, player, server.URL, "cog_1")
	next.poll()
	list, err = next.Send(t.Context(), o)
	if err != nil || list[0].State != telemetry.BatchSent || list[0].Session == "" {
		t.Fatalf("after a poll: %+v, %v", list, err)
	}
	if n := player.Counts()[devintest.KindCreate]; n != len(o.Batches) {
		t.Errorf("%d sessions were started for %d batches", n, len(o.Batches))
	}
	for _, b := range list {
		if got := next.took(string(b.Session)); got != sorted(b.Issues) {
			t.Errorf("the session of %v took %q", b.Issues, got)
		}
	}
}

// TestALostAnswerIsLookedUpUntilItIsFound, days later too: then once an hour.
func TestALostAnswerIsLookedUpUntilItIsFound(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, db *storetest.Store) {
		storetest.Put(t, db, fiveIssues()...)
		s := newSender(t, db, "cog_1")
		o := s.order("one", 20)
		if _, err := db.OrderBatches(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if err := db.Exec(t.Context(), fmt.Sprintf(`UPDATE batches SET state = 'unknown', at = at - %d`, 3*24*time.Hour.Milliseconds())); err != nil {
			t.Fatal(err)
		}
		s.poll()
		looked := s.devin.Counts()[devintest.KindList]
		if s.poll(); looked == 0 || s.devin.Counts()[devintest.KindList] != looked {
			t.Errorf("it was looked for %d times by a poll, and %d times by the next", looked, s.devin.Counts()[devintest.KindList]-looked)
		}
		s.devin.Put(devintest.Session{ID: "cafe", Status: "running", Tags: o.Batches[0].Tags, CreatedAt: time.Now().Add(-3 * 24 * time.Hour)})
		next := sendsTo(t, db, s.devin, s.address, "cog_1")
		next.poll()
		list, err := db.BatchesOf(t.Context(), "one")
		if err != nil || list[0].State != telemetry.BatchSent || list[0].Session != "cafe" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestWhatCannotBeStartedIsSaid: nothing was started, why stands in each batch, and
// what would fail alike is not tried.
func TestWhatCannotBeStartedIsSaid(t *testing.T) {
	for status, tries := range map[int]int{http.StatusUnauthorized: 1, http.StatusTooManyRequests: 1, http.StatusUnprocessableEntity: 2} {
		db := storetest.Open(t)
		storetest.Put(t, db, fiveIssues()...)
		s := newSender(t, db, "apk_1")
		s.devin.Fail(devintest.KindCreate, devintest.Fault{Status: status})
		o := s.order("one", 1)
		o.Batches = o.Batches[:2]
		list, err := s.Send(t.Context(), o)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d: %+v, %v", status, list, err)
		}
		for _, b := range list {
			if b.State != telemetry.BatchFailed || len(b.Error) < 20 || b.Session != "" {
				t.Errorf("%d: %s, %q", status, b.State, b.Error)
			}
		}
		if n := s.devin.Counts()[devintest.KindCreate]; n != tries {
			t.Errorf("%d: %d tries", status, n)
		}
	}
}

// TestTwoPeopleWhoPressAtOnce: each has planned the same issues; one of them sends
// them, and the other is told so, while they are sent and after it.
func TestTwoPeopleWhoPressAtOnce(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, db *storetest.Store) {
		storetest.Put(t, db, fiveIssues()...)
		s := newSender(t, db, "cog_1")
		orders := []telemetry.SendOrder{s.order("ana", 5), s.order("jonas", 5), s.order("late", 5)}
		var all sync.WaitGroup
		var sent, refused atomic.Int64
		press := func(o telemetry.SendOrder) {
			switch _, err := s.Send(t.Context(), o); {
			case err == nil:
				sent.Add(1)
			case telemetry.CodeOf(err) == telemetry.CodeConflict && strings.Contains(err.Error(), "5 of these issues"):
				refused.Add(1)
			default:
				t.Error(err)
			}
		}
		for _, o := range orders[:2] {
			all.Go(func() { press(o) })
		}
		all.Wait()
		press(orders[2])
		if n := s.devin.Counts()[devintest.KindCreate]; n != 2 || sent.Load() != 1 || refused.Load() != 2 {
			t.Errorf("%d sessions for 2 batches; %d orders were sent, %d refused", n, sent.Load(), refused.Load())
		}
	})
}

// poll runs a poll to its end.
func (s *sender) poll() {
	s.t.Helper()
	poll, err := s.Start(ingest.JobPoll, ingest.Order{})
	if err != nil {
		s.t.Fatal(err)
	}
	if j, err := poll.Wait(s.t.Context()); err != nil || j.State != telemetry.JobDone {
		s.t.Fatalf("the poll is %s: %s, %v", j.State, j.Error, err)
	}
}

// TestAProgramThatDiesWhileItSends: what it had asked for is looked up by its tag,
// what was never asked for stays not known, and what waited was not sent. Nothing
// is sent again by itself.
func TestAProgramThatDiesWhileItSends(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, db *storetest.Store) {
		storetest.Put(t, db, fiveIssues()...)
		s := newSender(t, db, "cog_1")
		o := s.order("one", 2) // three batches
		if _, err := db.OrderBatches(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		for n := range 2 { // both are begun, and Devin was asked for the first
			if mine, err := db.BeginBatch(t.Context(), o.Batches[n].ID); err != nil || !mine {
				t.Fatal(mine, err)
			}
		}
		s.devin.Put(devintest.Session{ID: "cafe", Status: "running", Tags: o.Batches[0].Tags, CreatedAt: time.Now()})
		if err := db.Exec(t.Context(), `UPDATE batches SET owner = 'a program that is gone'`); err != nil {
			t.Fatal(err)
		}
		s.poll()
		list, err := s.Send(t.Context(), o) // the same form again
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		if list[0].State != telemetry.BatchSent || list[0].Session != "cafe" || s.took("cafe") != sorted(list[0].Issues) {
			t.Errorf("the one that was asked for is %s, of session %q, which took %q", list[0].State, list[0].Session, s.took("cafe"))
		}
		if list[1].State != telemetry.BatchUnknown || list[2].State != telemetry.BatchFailed || !strings.Contains(string(list[2].Error), "Send it again") {
			t.Errorf("the others are %s and %s: %s", list[1].State, list[2].State, list[2].Error)
		}
		if n := s.devin.Counts()[devintest.KindCreate]; n != 0 {
			t.Errorf("%d sessions were started", n)
		}
		again := s.order("two", 20)
		again.Batches = telemetry.PlanBatches(s.issues(list[1].Issues...), 20, telemetry.NewID)
		if _, err := s.Send(t.Context(), again); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("another order of what is not known: %v", err)
		}
		again.Replaces = list[1].ID // a person says so
		made, err := s.Send(t.Context(), again)
		if err != nil || len(made) != 1 || made[0].State != telemetry.BatchSent || s.took(string(made[0].Session)) != sorted(list[1].Issues) {
			t.Errorf("after a person said that it was not started: %+v, %v", made, err)
		}
		old, err := db.BatchesOf(t.Context(), "one")
		if err != nil || old[1].State != telemetry.BatchFailed || !strings.Contains(string(old[1].Error), "mona said") {
			t.Errorf("the one it replaces is %+v, %v", old, err)
		}
	})
}

// TestStartedInTheBackground: who asks gets the batches at once, and they are sent.
func TestStartedInTheBackground(t *testing.T) {
	db := storetest.Open(t)
	storetest.Put(t, db, fiveIssues()...)
	s := newSender(t, db, "apk_1")
	o := s.order("one", 2)
	list, err := s.StartSend(t.Context(), o)
	if err != nil || len(list) != len(o.Batches) {
		t.Fatalf("%+v, %v", list, err)
	}
	if list, err = s.Send(t.Context(), o); err != nil || list[0].State != telemetry.BatchSent { // waits for the same
		t.Errorf("%+v, %v", list, err)
	}
	if n := s.devin.Counts()[devintest.KindCreate]; n != len(o.Batches) {
		t.Errorf("%d sessions were started for %d batches", n, len(o.Batches))
	}
}
