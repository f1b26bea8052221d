package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestStreamsEndWhileTheDatabaseIsSilent: a stream of events whose client has
// left ends although the database answers none of its questions, and so do
// those that wait for that answer.
func TestStreamsEndWhileTheDatabaseIsSilent(t *testing.T) {
	f, database := freezable(t, freshPostgres(t))
	s := startSite(t, shopRecords(), func(c *Config) { c.DatabaseURL = DatabaseURL(database) })
	var bodies []io.Closer
	for range 10 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, res.Body)
	}
	const open = "shell.(*Shell).Events"
	if !strings.Contains(stacks(), open) {
		t.Fatal("no stream is open")
	}
	f.cold.Store(true)
	<-f.silent
	for _, body := range bodies {
		body.Close()
	}
	for end := time.Now().Add(6 * patience); strings.Contains(stacks(), open); {
		if time.Now().After(end) {
			t.Fatalf("streams whose clients have left do not end:\n%s", stacks())
		}
		time.Sleep(50 * time.Millisecond) // only the goroutines tell
	}
}
