package ingest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// wire answers requests by a handler in the same goroutine: a real socket would
// stop a bubble's clock.
type wire struct{ http.Handler }

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, asked := httptest.NewRecorder(), r.Clone(r.Context())
	asked.RequestURI = r.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	w.ServeHTTP(answer, asked)
	res := answer.Result()
	res.Request = r
	return res, nil
}

// polled is a program that polls Devin on a bubble's clock: the real loops,
// client and database.
type polled struct {
	*ingest.Runner
	db    *storetest.Store
	devin *devintest.Player
}

// inPoll runs try beside a program that knows the sessions a to f, and polls every
// 30 s.
func inPoll(t *testing.T, key string, try func(t *testing.T, p *polled)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + t.TempDir() + "/d.db", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		p := &polled{db: storetest.Of(db), devin: devintest.New(devintest.Options{Key: key})}
		record := `{"target_repo":"a/b","run_number":1,"run_id":"1","timestamp":"` + time.Now().Add(-time.Hour).Format(time.RFC3339) +
			`","issues_found":0,"sessions":[`
		for i := range 6 {
			record += fmt.Sprintf(`{"session_id":"%c0","status":"created"},`, 'a'+i)
		}
		storetest.Put(t, p.db, storetest.Fetched("a.json", []byte(record[:len(record)-1]+"]}")))
		c, err := devin.New(devin.Options{Key: key, OrgID: "org-demo", Transport: wire{p.devin}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		p.Runner = ingest.New(ctx, ingest.Options{Store: p.db, Devin: c, Messenger: c, PollInterval: 30 * time.Second,
			Log: quiet(), Now: time.Now, NewID: rand.Text})
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		try(t, p)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// state is a session's, as it is stored.
func (p *polled) state(t *testing.T, id string) telemetry.State {
	t.Helper()
	d, found, err := p.db.SessionDetail(t.Context(), id, time.Time{})
	if err != nil || !found {
		t.Fatalf("%s: %v, %v", id, found, err)
	}
	return d.State
}

// all puts the sessions a to f with one status.
func (p *polled) all(status, detail, enum string) {
	for i := range 6 {
		p.devin.Put(devintest.Session{ID: string(rune('a'+i)) + "0", Status: status, Detail: detail, StatusEnum: enum})
	}
}

// TestPollDistances: how many requests an hour of polling takes, by the state of
// the sessions.
func TestPollDistances(t *testing.T) {
	if race {
		t.Skip("SKIPPED: hours of polling take minutes under the race detector; they are run without")
	}
	for _, c := range []struct {
		name                 string
		status, detail, enum string
		v1, v3               map[devintest.Kind]int
	}{
		// v3: a list of changes at each turn, every 2 min while none is due, and once an hour one by id.
		{"working", "running", "working", "", map[devintest.Kind]int{"list": 120}, map[devintest.Kind]int{"list": 120}},
		{"waiting", "running", "waiting_for_user", "", map[devintest.Kind]int{"list": 30}, map[devintest.Kind]int{"list": 31}},
		{"suspended", "suspended", "inactivity", "", map[devintest.Kind]int{"list": 6}, map[devintest.Kind]int{"list": 36}},
		{"finished", "exit", "", "", map[devintest.Kind]int{"list": 1}, map[devintest.Kind]int{"list": 31}},
		{"over", "error", "", "expired", nil, map[devintest.Kind]int{"list": 30}},
		{"not known to Devin", "", "", "", map[devintest.Kind]int{"list": 1, "session": 12}, map[devintest.Kind]int{"list": 32, "session": 12}},
	} {
		for key, want := range map[string]map[devintest.Kind]int{"apk_1": c.v1, "cog_1": c.v3} {
			t.Run(c.name+" "+key, func(t *testing.T) {
				inPoll(t, key, func(t *testing.T, p *polled) {
					if c.status != "" {
						p.all(c.status, c.detail, c.enum)
					}
					pass(70 * time.Minute) // what is asked about first is all
					p.devin.ResetCounts()
					pass(time.Hour)
					if got := p.devin.Counts(); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%v in an hour, want %v", got, want)
					}
				})
			})
		}
	}
}

// TestWokenSessionsAreActiveAtOnce: by a message from here, however long Devin takes
// to wake one, or where a list shows that it was woken elsewhere.
func TestWokenSessionsAreActiveAtOnce(t *testing.T) {
	for _, key := range []string{"apk_1", "cog_1"} {
		t.Run(key, func(t *testing.T) {
			inPoll(t, key, func(t *testing.T, p *polled) {
				p.all("exit", "", "")
				over := func(s *devintest.Session) { s.Status, s.Detail, s.StatusEnum = "error", "", "expired" }
				wake := func(s *devintest.Session) { s.Status, s.Detail, s.StatusEnum = "running", "working", "" }
				p.devin.Update("b0", over)
				pass(20 * time.Minute)
				p.devin.OnMessage(func(id, _ string) { p.devin.Update(id, over) }) // it sleeps on
				if err := p.Reply(t.Context(), "", "b0", "go on"); err != nil {
					t.Fatal(err)
				}
				pass(5 * time.Minute)
				if got := p.state(t, "b0"); got == telemetry.StateWorking {
					t.Errorf("while it sleeps: %s", got)
				}
				p.devin.Update("b0", wake)
				p.devin.Update("c0", wake) // which nobody here knows of
				pass(31 * time.Second)
				if b, c := p.state(t, "b0"), p.state(t, "c0"); b != telemetry.StateWorking || c != telemetry.StateWorking {
					t.Errorf("once they are awake: %s and %s", b, c)
				}
				p.devin.Update("c0", func(s *devintest.Session) { s.Detail = "waiting_for_user" })
				pass(31 * time.Second)
				if got := p.state(t, "c0"); got != telemetry.StateWaiting {
					t.Errorf("30 s later: %s", got)
				}
			})
		})
	}
}

// TestDeletedSessionsAreNoticed: a list of changes does not tell of them.
func TestDeletedSessionsAreNoticed(t *testing.T) {
	for _, key := range []string{"apk_1", "cog_1"} {
		t.Run(key, func(t *testing.T) {
			inPoll(t, key, func(t *testing.T, p *polled) {
				p.all("running", "working", "")
				pass(20 * time.Minute)
				p.devin.Remove("d0")
				pass(time.Hour)
				if got := p.state(t, "d0"); got != telemetry.StateUnknown {
					t.Errorf("an hour later: %s", got)
				}
			})
		})
	}
}

// TestOnlyTheButtonAsksForSessionsThatAreOver.
func TestOnlyTheButtonAsksForSessionsThatAreOver(t *testing.T) {
	if race {
		t.Skip("SKIPPED: hours of polling take minutes under the race detector; they are run without")
	}
	inPoll(t, "apk_1", func(t *testing.T, p *polled) {
		p.all("error", "", "expired")
		pass(20 * time.Minute) // all are asked about once: their record says that they work
		p.devin.ResetCounts()
		pass(time.Duration(testsize.Of(t, "hours", 6, 24)) * time.Hour)
		if got := p.devin.Counts(); len(got) != 0 {
			t.Errorf("hours without a person: %v", got)
		}
		if job := run(t, p.Runner, ingest.JobPoll); p.devin.Counts()["list"] != 1 {
			t.Errorf("the button: %v, %s", p.devin.Counts(), job.Result)
		}
	})
}
