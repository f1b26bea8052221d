package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// TestRequestsHaveIDs: each answer names its request, by the id that came with
// it where that is well-formed, and so do errors and the log.
func TestRequestsHaveIDs(t *testing.T) {
	s := serve(t, plainRoutes)
	seen := map[string]bool{}
	for _, path := range []string{"/api/list", "/api/list", "/api/missing", "/page", "/api/panic", "/nowhere", "/api/nowhere"} {
		r, body := s.do("GET", path)
		id := r.Header.Get("X-Request-Id")
		if !wellFormedID([]byte(id)) || seen[id] {
			t.Errorf("%s: the id is %q, after %v", path, id, seen)
		}
		seen[id] = true
		var told struct {
			ID string `json:"request_id"`
		}
		if strings.HasPrefix(path, "/api/") && r.StatusCode >= 400 && (json.Unmarshal([]byte(body), &told) != nil || told.ID != id) {
			t.Errorf("%s: the request %s is told as %s", path, id, body)
		}
		if r.StatusCode >= 500 && !strings.Contains(s.log.String(), id) {
			t.Errorf("%s: the log does not name the request %s:\n%s", path, id, s.log)
		}
	}
	first, _ := s.do("GET", "/api/list")
	same, _ := s.do("GET", "/api/list", "If-None-Match: "+first.Header.Get("ETag"), "X-Request-Id: of-304")
	if same.StatusCode != 304 || same.Header.Get("X-Request-Id") != "of-304" {
		t.Errorf("unchanged: %s %v", same.Status, same.Header)
	}
	for given, kept := range map[string]bool{
		"4bf92f35-77b3.4da6_A": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "": false, "two words": false,
		"<b>": false, "ü": false, `a"b`: false,
	} {
		r, _ := s.do("GET", "/api/list", "X-Request-Id: "+given)
		if id := r.Header.Get("X-Request-Id"); (id == given) != kept || !wellFormedID([]byte(id)) {
			t.Errorf("the id %q came back as %q", given, id)
		}
	}
	if r, body := s.say("GET /api/list HTTP/1.1\r\nX\r\n\r\n"); !strings.Contains(body, `"request_id":"`+r.Header.Get("X-Request-Id")+`"`) {
		t.Errorf("a request that cannot be read: %v %s", r.Header, body)
	}
}

// TestHandlersKnowTheRequest: what a handler logs with its context is about its
// request.
func TestHandlersKnowTheRequest(t *testing.T) {
	s := serve(t, func(*site) []Route {
		return []Route{{Method: "GET", Path: "/api/id", Handle: func(c *fiber.Ctx) error {
			return c.SendString(telemetry.RequestOf(c.UserContext()))
		}}}
	})
	if _, body := s.do("GET", "/api/id", "X-Request-Id: mine"); body != "mine" {
		t.Errorf("the handler knows it as %q", body)
	}
}

// TestRequestsAreCounted: each answer counts as one of its route, by method and
// status, and what no route takes together.
func TestRequestsAreCounted(t *testing.T) {
	var mu sync.Mutex
	counts := map[string]int{}
	s := serve(t, plainRoutes, func(o *Options) {
		o.Meter = func(method, route string) Meter {
			return func(status int, took time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				counts[fmt.Sprint(method, " ", route, " ", status)]++
				if took <= 0 {
					t.Errorf("%s %s took %s", method, route, took)
				}
			}
		}
	})
	tag, _ := s.do("GET", "/api/list?q=1")
	s.do("GET", "/api/list?q=1", "If-None-Match: "+tag.Header.Get("ETag"))
	s.do("HEAD", "/api/list?q=2")
	s.do("POST", "/api/list")
	s.do("GET", "/page")
	s.do("GET", "/api/panic")
	s.do("GET", "/secret-of-somebody")
	s.do("BREW", "/api/list")
	s.do("GET", "/api/list", "Host: evil.example")
	s.say("GET /api/list HTTP/1.1\r\nX\r\n\r\n")
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"GET /api/list 200": 1, "GET /api/list 304": 1, "HEAD /api/list 200": 1, "POST /api/list 202": 1, "GET /page 500": 1,
		"GET /api/panic 500": 1, "GET /api/list 421": 1, "  404": 1, "  405": 1, "  400": 1,
	}
	for key, n := range want {
		if counts[key] != n {
			t.Errorf("%q is counted %d times, want %d: %v", key, counts[key], n, counts)
		}
	}
	if len(counts) != len(want) {
		t.Errorf("counted are %v, want %v", counts, want)
	}
}

// TestCountingCostsNoMemory: a hot answer is counted and named without allocating.
func TestCountingCostsNoMemory(t *testing.T) {
	allocs := func(meter func(method, route string) Meter) float64 {
		s := New(Options{Log: slog.New(slog.DiscardHandler), ListenAddr: "localhost", Now: time.Now, Meter: meter, Access: access.Everyone("you"),
			Versions: func() map[string]uint64 { return nil }},
			[]Route{{Method: "GET", Path: "/api/list", Needs: telemetry.RoleViewer, Topics: []string{"records"},
				Handle: func(*fiber.Ctx) error { return nil }}})
		bare, ctx := s.app.Handler(), &fasthttp.RequestCtx{}
		handle := s.app.Server().Handler
		if meter == nil {
			handle = bare
		}
		ctx.Request.Header.SetHost("localhost")
		ctx.Request.SetRequestURI("/api/list")
		return testing.AllocsPerRun(200, func() {
			ctx.Request.Header.Del(RequestIDHeader)
			ctx.Response.Reset()
			ctx.ResetUserValues()
			handle(ctx)
		})
	}
	counted := allocs(func(string, string) Meter { return func(int, time.Duration) {} })
	if plain := allocs(nil); counted > plain {
		t.Errorf("%v allocations, and %v without", counted, plain)
	}
}

// TestProbes: a probe is answered by any name, to strangers where anyone may
// ask, under overload, and never with a page or a way to sign in.
func TestProbes(t *testing.T) {
	started, held := make(chan bool, 1000), make(chan bool)
	s := serve(t, func(s *site) []Route {
		probe := func(path string, needs telemetry.Role, err error) Route {
			return Route{Method: "GET", Path: path, Needs: needs, Probe: true, Handle: func(c *fiber.Ctx) error {
				if err != nil {
					return err
				}
				return c.SendString("ok")
			}}
		}
		return append(heldRoutes(started, held)(s), probe("/healthz", telemetry.RoleAnyone, nil), probe("/metrics", telemetry.RoleViewer, nil),
			probe("/broken", telemetry.RoleAnyone, errors.New("secret")))
	}, withTimes(func(x *times) { x.queue = 10 * time.Millisecond }), func(o *Options) {
		o.Access = &team{}
		o.SignIn = func(string) string { return "/sign-in" }
	})
	var all sync.WaitGroup
	defer all.Wait()
	defer close(held)
	for range computing() {
		all.Go(func() { s.say("GET /held HTTP/1.1\r\nHost: localhost\r\nAuthorization: mona-viewer\r\n\r\n") })
		<-started
	}
	for _, c := range []struct {
		path, host, auth string
		status           int
		body             string
	}{
		{"/healthz", "localhost", "", 200, "ok"},
		{"/healthz", "any.example", "", 200, "ok"},
		{"/healthz", "any.example", "Bearer wrong", 200, "ok"},
		{"/metrics", "any.example", "", 401, `"code":"unauthenticated"`},
		{"/metrics", "any.example", "mona-viewer", 200, "ok"},
		{"/broken", "any.example", "", 500, `"code":"internal"`},
		{"/page", "any.example", "mona-viewer", 421, "Unknown host"},
		{"/page", "localhost", "mona-viewer", 503, "overloaded"},
	} {
		r, body := s.do("GET", c.path, "Host: "+c.host, "Authorization: "+c.auth)
		if r.StatusCode != c.status || !strings.Contains(body, c.body) {
			t.Errorf("%s by %s with %q: %s %s, want %d %s", c.path, c.host, c.auth, r.Status, body, c.status, c.body)
		}
	}
}
