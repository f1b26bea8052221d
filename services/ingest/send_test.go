package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
	return &sender{t: t, db: db, devin: player, Runner: ingest.New(ctx, ingest.Options{
		Store: derive.New(db.Store), Devin: client, Messenger: client, Starter: client, Log: quiet(), Now: time.Now, NewID: telemetry.NewID,
	})}
}

// order plans batches of the open issues of the database.
func (s *sender) order(token string, size int) telemetry.SendOrder {
	s.t.Helper()
	var issues []telemetry.IssueDetail
	for _, row := range storetest.Rows(s.t, lists.Issues(s.db.Store), query.Ask{Query: storetest.Parse(s.t, lists.Issues(s.db.Store), "is:open")}) {
		one, _, found, err := details.New(s.db.Store).IssueDetail(s.t.Context(), row.PublicID, time.Time{})
		if err != nil || !found {
			s.t.Fatalf("%s: %v, %v", row.PublicID, found, err)
		}
		issues = append(issues, one)
	}
	return telemetry.SendOrder{Token: token, By: "mona", MaxACUs: 5, PerDay: 20, Batches: telemetry.PlanBatches(issues, size, telemetry.NewID)}
}

// took are the issues that a session took, by the records.
func (s *sender) took(session string) string {
	s.t.Helper()
	var ids []string
	for _, row := range storetest.Rows(s.t, lists.Issues(s.db.Store), query.Ask{Query: storetest.Parse(s.t, lists.Issues(s.db.Store), "session:"+session+" sort:file")}) {
		ids = append(ids, row.PublicID)
	}
	return strings.Join(ids, " ")
}

// TestSendingIssues: each batch has its session, which took exactly its issues;
// the same order again sends nothing.
func TestSendingIssues(t *testing.T) {
	for _, key := range []string{"apk_1", "cog_1"} {
		t.Run(key[:3], func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, db *storetest.Store) {
				storetest.Put(t, db, storetest.TinyHistory()...)
				s := newSender(t, db, key)
				o := s.order("one", 1)
				if len(o.Batches) < 2 {
					t.Fatalf("%d batches", len(o.Batches))
				}
				var all sync.WaitGroup
				for range 3 { // people who press at once
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
					if got := s.took(string(b.Session)); got != strings.Join(b.Issues, " ") {
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
	storetest.Put(t, db, storetest.TinyHistory()...)
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
	poll, err := next.Start(ingest.JobPoll, ingest.Order{})
	if err != nil {
		t.Fatal(err)
	}
	if j, err := poll.Wait(t.Context()); err != nil || j.State != telemetry.JobDone {
		t.Fatalf("the poll is %s: %s, %v", j.State, j.Error, err)
	}
	list, err = next.Send(t.Context(), o)
	if err != nil || list[0].State != telemetry.BatchSent || list[0].Session == "" {
		t.Fatalf("after a poll: %+v, %v", list, err)
	}
	if n := player.Counts()[devintest.KindCreate]; n != len(o.Batches) {
		t.Errorf("%d sessions were started for %d batches", n, len(o.Batches))
	}
	for _, b := range list {
		if got := next.took(string(b.Session)); got != strings.Join(b.Issues, " ") {
			t.Errorf("the session of %v took %q", b.Issues, got)
		}
	}
}

// TestWhatCannotBeStartedIsSaid: nothing was started, why stands in each batch, and
// what would fail alike is not tried.
func TestWhatCannotBeStartedIsSaid(t *testing.T) {
	for status, tries := range map[int]int{http.StatusUnauthorized: 1, http.StatusTooManyRequests: 1, http.StatusUnprocessableEntity: 2} {
		db := storetest.Open(t)
		storetest.Put(t, db, storetest.TinyHistory()...)
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
