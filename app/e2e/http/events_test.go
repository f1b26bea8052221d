package http

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

func TestEvents(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), program.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	first := next()
	s.Write(
		map[string]any{
			"c.json": program.Scan(3, time.Now(), []map[string]any{program.Finding(3, 2, "high", "xss", "js/rule-02", "src/a.ts", 2)}),
		},
	)
	if res, _ := s.Do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	records := func(text string) string {
		_, rest, _ := strings.Cut(text, "records=")
		n, _, _ := strings.Cut(rest, " ")
		return n
	}
	for now := next(); records(now) == records(first); now = next() {
	}
}

// TestStreamsAskNothing: 500 open pages cost the upstreams nothing more than
// one does, and a poll that finds nothing new sends them only its time.
func TestStreamsAskNothing(t *testing.T) {
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	if status, body := p.Post("/api/poll"); status != 200 {
		t.Fatalf("poll: %d %s", status, body)
	}
	asked := func() int {
		n := len(p.GitHub.Requests())
		for _, count := range p.Devin.Counts() {
			n += count
		}
		return n
	}
	before := asked()
	const pages = 500
	said := make(chan string, pages*4)
	for range pages {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		go func() {
			buffer := make([]byte, 4096)
			for {
				n, err := res.Body.Read(buffer)
				if err != nil {
					return
				}
				said <- string(buffer[:n])
			}
		}()
	}
	first := map[string]int{}
	for range pages {
		first[<-said]++
	}
	if len(first) > 2 { // the pulse can pass a second meanwhile
		t.Errorf("the pages were sent %d different things: %v", len(first), first)
	}
	if n := asked() - before; n != 0 {
		t.Errorf("%d open pages asked the upstreams %d times", pages, n)
	}
	before = asked()
	if status, _ := p.Post("/api/poll"); status != 200 {
		t.Fatal("poll")
	}
	one := asked() - before
	if res, body := p.Get("/panels/tiles", "HX-Request", "true"); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if n := asked() - before; n != one || one > 4 {
		t.Errorf("a poll of one session cost %d requests, with 500 pages %d", one, n)
	}
}
