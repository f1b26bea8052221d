package derive_test

import (
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestMissingSession: a session that Devin does not know is not active and is
// asked for hourly; what Devin had said of it stays, and holds again once it
// is known again. One that had ended stays as it ended.
func TestMissingSession(t *testing.T) {
	start := storetest.Day("2026-03-11 12:00")
	var later atomic.Int64
	try := func(t *testing.T, s *storetest.Store) {
		const active, ended = "aaaa0000", "bbbb0000"
		record := `{"target_repo":"a/b","run_number":1,"run_id":"1","timestamp":"2026-03-01T10:00:00Z","issues_found":0,"sessions":[{"session_id":"` + active + `","status":"created"},{"session_id":"` + ended + `","status":"created"}]}`
		storetest.Put(t, s, storetest.Fetched("a.json", []byte(record)))
		poll := func(a telemetry.SessionAnswer) {
			t.Helper()
			if err := s.SavePoll(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		state := func(id string, want telemetry.State, missing bool) {
			t.Helper()
			d, found, err := s.SessionDetail(t.Context(), id, time.Time{})
			if err != nil || !found || d.State != want || d.MissingSince.IsZero() == missing {
				t.Errorf("%s is %s, missing since %v, want %s (%v)", id, d.State, d.MissingSince, want, err)
			}
		}
		due := func(want int) {
			t.Helper()
			if turn, err := s.SessionsToPoll(t.Context(), 30*time.Second); err != nil || len(turn.Due) != want || len(turn.Known) != 2 {
				t.Errorf("%+v are due, want %d (%v)", turn, want, err)
			}
		}
		words := telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{{ID: active, API: "v1", Status: "working"}, {ID: ended, API: "v1", Status: "finished"}}}
		poll(words)
		state(active, telemetry.StateWorking, false)
		due(0)
		later.Store(int64(30 * time.Second))
		due(1)
		versions := s.Versions()
		poll(telemetry.SessionAnswer{Unknown: []string{active, ended}})
		if s.Versions()[telemetry.TopicSessions] == versions[telemetry.TopicSessions] {
			t.Error("nobody is told that the session is missing")
		}
		state(active, telemetry.StateUnknown, true)
		state(ended, telemetry.StateFinished, true)
		due(0)
		versions = s.Versions()
		poll(telemetry.SessionAnswer{Unknown: []string{active, ended}})
		if s.Versions()[telemetry.TopicSessions] != versions[telemetry.TopicSessions] {
			t.Error("that it is still missing raises a version")
		}
		later.Store(int64(62 * time.Minute))
		due(2)
		poll(words)
		state(active, telemetry.StateWorking, false)
		state(ended, telemetry.StateFinished, false)
		later.Store(0)
	}
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + t.TempDir() + "/m.db" },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s := storetest.OpenWith(t, store.Options{URL: url(t), Now: func() time.Time { return start.Add(time.Duration(later.Load())) }})
			try(t, s)
		})
	}
}
