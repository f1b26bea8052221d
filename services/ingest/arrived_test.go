package ingest_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
)

// withoutIDs passes on to Devin and takes the ids out of its messages.
func withoutIDs(player http.Handler) http.Handler {
	id := regexp.MustCompile(`"event_id":"[^"]*"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := httptest.NewRecorder()
		player.ServeHTTP(told, r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(told.Code)
		_, _ = io.WriteString(w, id.ReplaceAllString(told.Body.String(), `"event_id":null`))
	})
}

// replying is a Runner over a real store that replies to the session a1, with
// the key's API of Devin.
func replying(t *testing.T, key string, wire http.Handler) *ingest.Runner {
	t.Helper()
	server := httptest.NewServer(wire)
	t.Cleanup(server.Close)
	client, err := devin.New(devin.Options{BaseURL: server.URL, Key: key, OrgID: "org-1"})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "d.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return ingest.New(t.Context(), ingest.Options{
		Store:     derive.New(db),
		Messenger: client,
		Log:       slog.New(slog.DiscardHandler),
		Now:       time.Now,
		NewID:     func() string { return "id" },
	})
}

// TestAnEarlierMessageIsNotTheLostOne: a reply whose outcome is not known has
// arrived only where a message is there that was not there before it.
func TestAnEarlierMessageIsNotTheLostOne(t *testing.T) {
	lost, unconfirmed := devintest.Fault{Abort: true, Times: 1}, devintest.Fault{Cut: true, Times: 1}
	unread := devintest.Fault{Status: http.StatusForbidden, Times: 1}
	for name, tc := range map[string]struct {
		earlier int // equal messages that people sent a moment before
		reading devintest.Fault
		sending devintest.Fault
		noIDs   bool
		arrived bool
	}{
		"the first one is lost":                {sending: lost},
		"the first one arrives":                {sending: unconfirmed, arrived: true},
		"the second one is lost":               {earlier: 1, sending: lost},
		"the second one arrives":               {earlier: 1, sending: unconfirmed, arrived: true},
		"the third one is lost":                {earlier: 2, sending: lost},
		"the first one is lost, without ids":   {noIDs: true, sending: lost},
		"the first one arrives, without ids":   {noIDs: true, sending: unconfirmed, arrived: true},
		"the second one is lost, without ids":  {earlier: 1, noIDs: true, sending: lost},
		"the second one arrives, without ids":  {earlier: 1, noIDs: true, sending: unconfirmed, arrived: true},
		"not read, and the second one is lost": {earlier: 1, reading: unread, sending: lost},
		"not read, and the second one arrives": {earlier: 1, reading: unread, sending: unconfirmed},
		"not read, and the first one arrives":  {reading: unread, sending: unconfirmed},
	} {
		for _, key := range []string{"apk_1", "cog_1"} {
			t.Run(name+" "+key, func(t *testing.T) {
				player := devintest.New(devintest.Options{OrgID: "org-1"})
				player.Put(devintest.Session{ID: "a1", Status: "running", Messages: []telemetry.Message{{From: "devin", Text: "continue"}}})
				for range tc.earlier {
					player.Say("a1", "user", "continue")
				}
				var wire http.Handler = player
				if tc.noIDs {
					wire = withoutIDs(player)
				}
				r := replying(t, key, wire)
				reading := devintest.KindMessages
				if key == "apk_1" {
					reading = devintest.KindSession
				}
				player.Fail(reading, tc.reading)
				player.Fail(devintest.KindSend, tc.sending)
				if err := r.Reply(t.Context(), "form", "a1", "continue"); telemetry.CodeOf(err) != telemetry.CodeOutcomeUnknown {
					t.Fatalf("an unfinished sending: %v", err)
				}
				err := r.Reply(t.Context(), "form", "a1", "continue")
				if (err == nil) != tc.arrived || err != nil && telemetry.CodeOf(err) != telemetry.CodeOutcomeUnknown {
					t.Errorf("asked again: %v, want arrived %t", err, tc.arrived)
				}
				if n := player.Counts()[devintest.KindSend]; n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		}
	}
}
