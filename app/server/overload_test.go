package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// heldRoutes wait in their handlers until held is closed.
func heldRoutes(started chan<- bool, held <-chan bool) func(*site) []Route {
	return func(s *site) []Route {
		wait := func(c *fiber.Ctx) error {
			s.asked.Add(1)
			started <- true
			<-held
			return c.SendString("late")
		}
		return append(plainRoutes(s),
			Route{Method: "GET", Path: "/held", Handle: wait},
			Route{Method: "GET", Path: "/panels/held", Handle: wait},
			Route{Method: "GET", Path: "/api/held", Handle: wait, Topics: []string{"records"}},
			Route{Method: "GET", Path: "/api/upstream", Handle: wait, Upstream: true},
			Route{Method: "GET", Path: "/api/export", Stream: endless})
	}
}

// endless is a stream that begins once its request's time is up.
func endless(c *fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
	<-c.UserContext().Done()
	return nil, c.UserContext().Err()
}

// TestBeginningOfAStream: until a stream writes it is an answer like others,
// which ends in time.
func TestBeginningOfAStream(t *testing.T) {
	s := serve(t, heldRoutes(nil, nil), func(o *Options) { o.Timeout = 10 * time.Millisecond })
	if r, body := s.do("GET", "/api/export"); r.StatusCode != 503 || !strings.Contains(body, "The answer took longer than") {
		t.Errorf("%s %s", r.Status, body)
	}
}

// TestOverloadIsShed: what is beyond the bound is answered 503 with a message,
// while what is known already is answered as ever.
func TestOverloadIsShed(t *testing.T) {
	started, held := make(chan bool, 1000), make(chan bool)
	s := serve(t, heldRoutes(started, held), withTimes(func(x *times) { x.queue = 10 * time.Millisecond }))
	_, hot := s.do("GET", "/api/list")
	tag, _ := s.do("GET", "/api/list")
	var all sync.WaitGroup
	for range computing() {
		c := s.dial()
		if _, err := io.WriteString(c, "GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if r, body := s.hear(c); r.StatusCode != 200 || body != "late" {
				t.Errorf("one that was begun: %s %s", r.Status, body)
			}
		})
	}
	for range computing() {
		<-started
	}
	for path, form := range map[string]string{"/held": "<p>503", "/panels/held": "<p>503", "/api/live": `"code":"overloaded"`, "/api/export": `"code":"overloaded"`} {
		r, body := s.do("GET", path)
		if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); r.StatusCode != 503 || err != nil || seconds < 1 ||
			!strings.Contains(body, form) || !strings.Contains(body, "is overloaded") {
			t.Errorf("%s: %s Retry-After %q: %s", path, r.Status, r.Header.Get("Retry-After"), body)
		}
	}
	if r, body := s.do("GET", "/api/list"); r.StatusCode != 200 || body != hot {
		t.Errorf("a kept answer: %s", r.Status)
	}
	if r, _ := s.do("GET", "/api/list", "If-None-Match: "+tag.Header.Get("ETag")); r.StatusCode != 304 {
		t.Errorf("an unchanged answer: %s", r.Status)
	}
	if r, _ := s.do("POST", "/api/list"); r.StatusCode != 503 {
		t.Errorf("an action that computes: %s", r.Status)
	}
	close(held)
	all.Wait()
	if r, body := s.do("GET", "/held"); r.StatusCode != 200 {
		t.Errorf("afterwards: %s %s", r.Status, body)
	}
	if n := strings.Count(s.log.String(), "answering further requests with 503"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}

// TestUpstreamsDoNotHoldPages: answers that wait for an upstream take no
// place from others.
func TestUpstreamsDoNotHoldPages(t *testing.T) {
	started, held := make(chan bool, 1000), make(chan bool)
	defer close(held)
	s := serve(t, heldRoutes(started, held), withTimes(func(x *times) { x.queue = 10 * time.Millisecond }))
	for range upstreamMost {
		if _, err := io.WriteString(s.dial(), "GET /api/upstream HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-started
	}
	if r, body := s.do("GET", "/api/upstream"); r.StatusCode != 503 {
		t.Errorf("one more: %s %s", r.Status, body)
	}
	if r, body := s.do("GET", "/api/live"); r.StatusCode != 200 {
		t.Errorf("another answer: %s %s", r.Status, body)
	}
}

// TestTheSameAnswerIsComputedOnce for all who ask at the same moment.
func TestTheSameAnswerIsComputedOnce(t *testing.T) {
	started, held := make(chan bool, 1000), make(chan bool)
	s := serve(t, heldRoutes(started, held))
	var all sync.WaitGroup
	for range 50 {
		c := s.dial()
		if _, err := io.WriteString(c, "GET /api/held HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if r, body := s.hear(c); r.StatusCode != 200 || body != "late" || r.Header.Get("ETag") == "" {
				t.Errorf("%s %v %s", r.Status, r.Header, body)
			}
		})
	}
	<-started
	close(held)
	all.Wait()
	if n := s.asked.Load(); n != 1 {
		t.Errorf("it was computed %d times", n)
	}
}

// TestASharedAnswerMayFail: each who waits gets the failure, and the next may
// succeed.
func TestASharedAnswerMayFail(t *testing.T) {
	fail := func(kind string) fiber.Handler {
		tried := false
		var mu sync.Mutex
		return func(c *fiber.Ctx) error {
			mu.Lock()
			defer mu.Unlock()
			if tried {
				return c.SendString("well")
			}
			tried = true
			switch kind {
			case "panic":
				panic("secret")
			case "late":
				<-c.UserContext().Done()
				return c.UserContext().Err()
			}
			return c.Status(418).SendString("not kept")
		}
	}
	s := serve(t, func(*site) []Route {
		var routes []Route
		for _, kind := range []string{"panic", "late", "other"} {
			routes = append(routes, Route{Method: "GET", Path: "/api/" + kind, Topics: []string{"records"}, Handle: fail(kind)})
		}
		return routes
	}, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	for kind, want := range map[string]int{"panic": 500, "late": 503, "other": 418} {
		if r, body := s.do("GET", "/api/"+kind); r.StatusCode != want || strings.Contains(body, "secret") {
			t.Errorf("%s: %s %s", kind, r.Status, body)
		}
		if r, body := s.do("GET", "/api/"+kind); r.StatusCode != 200 || body != "well" {
			t.Errorf("%s, again: %s %s", kind, r.Status, body)
		}
	}
}

func TestCallersOfUpstreamsAreBounded(t *testing.T) {
	s := serve(t, func(s *site) []Route {
		ok := func(c *fiber.Ctx) error { return c.SendString("well") }
		return append(plainRoutes(s),
			Route{Method: "POST", Path: "/api/refresh", Handle: ok, Waits: true, Upstream: true},
			Route{Method: "GET", Path: "/api/page", Handle: ok, UpstreamIn: []string{"checks"}})
	})
	refused := 0
	for range 4 * callersBurst {
		r, body := s.do("POST", "/api/refresh")
		if r.StatusCode == 200 {
			continue
		}
		refused++
		var said struct{ Error, Code string }
		if err := json.Unmarshal([]byte(body), &said); err != nil || r.StatusCode != 429 || r.Header.Get("Retry-After") == "" ||
			said.Code != "rate_limited" || !strings.Contains(said.Error, "too many requests") {
			t.Fatalf("%s %v %s", r.Status, r.Header, body)
		}
	}
	if refused == 0 {
		t.Errorf("%d requests in a row were all let through", 4*callersBurst)
	}
	if r, _ := s.do("GET", "/api/page?checks=1"); r.StatusCode != 429 {
		t.Errorf("a page that asks the upstream too: %s", r.Status)
	}
	if r, _ := s.do("GET", "/api/page"); r.StatusCode != 200 {
		t.Errorf("the same page without: %s", r.Status)
	}
}

func TestEachCallerHasItsOwnBound(t *testing.T) {
	known := newCallers(callersPerMin, callersBurst, "Too often.")
	for range callersBurst {
		if err := known.allow(netip.MustParseAddr("192.0.2.1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := known.allow(netip.MustParseAddr("192.0.2.2")); err != nil {
		t.Errorf("another caller: %v", err)
	}
	for i := range 2 * callersKnown {
		_ = known.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if n := known.known.Len(); n > callersKnown {
		t.Errorf("%d callers are kept", n)
	}
}

// TestStreamsAreBounded: beyond the bound a stream is refused with a message, and
// one that ended makes room.
func TestStreamsAreBounded(t *testing.T) {
	s := serve(t, func(*site) []Route {
		return []Route{{Method: "GET", Path: "/events", Stream: func(*fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
			return func(ctx context.Context, w *bufio.Writer) error {
				for tick := time.NewTicker(10 * time.Millisecond); ; {
					select {
					case <-ctx.Done():
						return nil
					case <-tick.C:
						fmt.Fprint(w, ":\n\n")
						if err := w.Flush(); err != nil {
							return err
						}
					}
				}
			}, nil
		}}}
	}, func(o *Options) { o.Connections = 4 * streamsLeast })
	var open []net.Conn
	for range streamsLeast {
		c := s.dial()
		if _, err := io.WriteString(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%q %v", line, err)
		}
		open = append(open, c)
	}
	r, body := s.do("GET", "/events")
	if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" || !strings.Contains(body, "Too many streams are open") {
		t.Errorf("one more: %s %v %s", r.Status, r.Header, body)
	}
	if r, _ := s.do("HEAD", "/events"); r.StatusCode != 200 {
		t.Errorf("HEAD opens none: %s", r.Status)
	}
	open[0].Close()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c := s.dial()
		if _, err := io.WriteString(c, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && strings.Contains(line, "200") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a stream that ended makes no room")
		}
	}
}
