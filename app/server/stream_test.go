package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// streamRoutes writes a line at each tick, and reports when it ended.
func streamRoutes(ticks <-chan string, ended chan<- error) func(*site) []Route {
	return func(*site) []Route {
		return []Route{{Method: "GET", Path: "/events", Stream: func(c *fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
			if c.Query("bad") != "" {
				return nil, telemetry.Errorf(telemetry.CodeInvalid, "bad: not so.")
			}
			c.Set("Content-Type", "text/event-stream")
			return func(ctx context.Context, w *bufio.Writer) error {
				for {
					select {
					case <-ctx.Done():
						ended <- ctx.Err()
						return nil
					case line := <-ticks:
						if line == "fail" {
							ended <- nil
							return errors.New("the disk is gone")
						}
						if line == "panic" {
							ended <- nil
							panic("in a stream")
						}
						fmt.Fprintln(w, line)
						if err := w.Flush(); err != nil {
							ended <- err
							return err
						}
					}
				}
			}, nil
		}}}
	}
}

func TestStreams(t *testing.T) {
	ticks, ended := make(chan string), make(chan error, 1)
	s := serve(t, streamRoutes(ticks, ended))
	open := func(ctx context.Context) (*http.Response, *bufio.Reader) {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.addr+"/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Transport{}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp, bufio.NewReader(resp.Body)
	}
	hear := func(lines *bufio.Reader, want string) {
		t.Helper()
		go func() { ticks <- want }()
		if line, err := lines.ReadString('\n'); err != nil || line != want+"\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	// A client that is gone ends the stream, at the next write at the latest.
	ctx, leave := context.WithCancel(t.Context())
	resp, lines := open(ctx)
	if resp.Header.Get("ETag") != "" || resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%v", resp.Header)
	}
	hear(lines, "one")
	hear(lines, "two")
	leave()
	resp.Body.Close()
	for gone := false; !gone; {
		select {
		case ticks <- "are you there?":
		case err := <-ended:
			gone = true
			if err == nil {
				t.Error("a client that left ends its stream silently")
			}
		}
	}
	// What fails otherwise is in the log, with its cause.
	resp, lines = open(t.Context())
	hear(lines, "one")
	ticks <- "fail"
	if err := <-ended; err != nil {
		t.Errorf("the stream that fails ended before, with %v", err)
	}
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	resp.Body.Close()
	// A panic ends its stream and nothing else.
	resp, lines = open(t.Context())
	hear(lines, "one")
	ticks <- "panic"
	if err := <-ended; err != nil {
		t.Errorf("the stream that panicked ended with %v", err)
	}
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("after a panic: %v", err)
	}
	resp.Body.Close()
	if r, body := s.do("GET", "/events?bad=1"); r.StatusCode != 400 || !strings.Contains(body, "bad: not so.") {
		t.Errorf("%s %s", r.Status, body)
	}
	// The server's stop ends it.
	resp, lines = open(t.Context())
	hear(lines, "one")
	s.stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("at the stop: %v", err)
	}
	resp.Body.Close()
	if err := s.end(); err != nil {
		t.Error(err)
	}
	if log := s.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, `err="the disk is gone"`) {
		t.Errorf("want one warning, of the failure alone: %s", log)
	}
}
