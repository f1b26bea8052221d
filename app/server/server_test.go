package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// site is a running server.
type site struct {
	t       *testing.T
	server  *Server
	addr    string
	version atomic.Uint64 // of the topic "records"
	asked   atomic.Int64  // handlers that ran
	now     atomic.Int64
	log     *bytes.Buffer
	closed  chan bool // a connection that the server has closed
	stop    context.CancelFunc
	ended   chan error
}

func serve(t *testing.T, routes func(*site) []Route, change ...func(*Options)) *site {
	t.Helper()
	s := &site{t: t, log: &bytes.Buffer{}, ended: make(chan error, 1), closed: make(chan bool, 1000)}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	o := Options{Log: slog.New(slog.NewTextHandler(s.log, nil)), DatabaseID: "db", BuildID: "b", Access: access.Everyone("you"), ListenAddr: s.addr, Now: func() time.Time { return time.Unix(s.now.Load(), 0) },
		Versions: func() map[string]uint64 { return map[string]uint64{"records": s.version.Load()} },
		RenderError: func(_ *fiber.Ctx, status int, message string) ([]byte, string) {
			return fmt.Appendf(nil, "<p>%d %s", status, message), "text/html"
		}}
	for _, f := range change {
		f(&o)
	}
	list := routes(s)
	for i := range list { // who may ask is what other tests are about
		list[i].Needs = cmp.Or(list[i].Needs, telemetry.RoleViewer)
	}
	srv := New(o, list)
	s.server = srv
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s.stop = stop
	go func() { s.ended <- srv.Serve(ctx, telling{ln, s.closed}) }()
	t.Cleanup(func() { _ = s.end() }) // a test that cares asks itself
	return s
}

// telling is a listener that says when one of its connections was closed.
type telling struct {
	net.Listener
	closed chan<- bool
}

func (l telling) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tellingConn{Conn: c, closed: l.closed}, nil
}

type tellingConn struct {
	net.Conn
	once   sync.Once
	closed chan<- bool
}

func (c *tellingConn) Close() error {
	c.once.Do(func() { c.closed <- true })
	return c.Conn.Close()
}

// CloseWrite is that of a TCP connection.
func (c *tellingConn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }

// end stops the server and returns what Serve returned.
func (s *site) end() error {
	s.stop()
	err := <-s.ended
	s.ended <- err
	return err
}

func (s *site) do(method, path string, headers ...string) (reply, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.addr+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.Status, resp.StatusCode, resp.Header}, string(body)
}

// reply is an answer whose body was read.
type reply struct {
	Status     string
	StatusCode int
	Header     http.Header
}

func long() string { return strings.Repeat("a long answer ", 400) }

// plainRoutes are one of each kind.
func plainRoutes(s *site) []Route {
	count := func(h fiber.Handler) fiber.Handler {
		return func(c *fiber.Ctx) error { s.asked.Add(1); return h(c) }
	}
	return []Route{
		{Method: "GET", Path: "/api/list", Topics: []string{"records"}, Handle: count(func(c *fiber.Ctx) error {
			c.Set("Link", "<x>")
			c.Type("txt")
			return c.SendString(fmt.Sprint(c.Query("q"), s.version.Load(), c.Get("HX-Request"), long()))
		})},
		{Method: "GET", Path: "/api/clock", Topics: []string{"records"}, Clock: true, Handle: count(func(c *fiber.Ctx) error { return c.SendString("tick") })},
		{Method: "GET", Path: "/api/ages", Topics: []string{"records"}, ClockIn: []string{"q"}, Handle: count(func(c *fiber.Ctx) error { return c.SendString("old") })},
		{Method: "GET", Path: "/api/live", Handle: count(func(c *fiber.Ctx) error { c.Type("json"); return c.SendString(long()) })},
		{Method: "GET", Path: "/api/missing", Topics: []string{"records"}, Handle: func(*fiber.Ctx) error { return telemetry.Errorf(telemetry.CodeNotFound, "There is none.") }},
		{Method: "POST", Path: "/api/list", Handle: func(c *fiber.Ctx) error { return c.SendStatus(202) }},
		{Method: "GET", Path: "/page", Handle: func(*fiber.Ctx) error { return errors.New("secret: dial tcp 10.0.0.1") }},
		{Method: "GET", Path: "/api/panic", Handle: func(*fiber.Ctx) error { panic("secret") }},
		{Method: "GET", Path: "/api/slow", Handle: func(c *fiber.Ctx) error { <-c.UserContext().Done(); return c.UserContext().Err() }},
		{Method: "GET", Path: "/api/limited", Handle: func(*fiber.Ctx) error {
			return &telemetry.Error{Code: telemetry.CodeRateLimited, Message: "Wait.", RetryAfter: 1500 * time.Millisecond}
		}},
	}
}

func TestAnswersAreKeptByTheirVersion(t *testing.T) {
	s := serve(t, plainRoutes)
	first, body := s.do("GET", "/api/list?q=x")
	tag := first.Header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || first.Header.Get("Vary") != "Accept-Encoding" || first.Header.Get("Link") != "<x>" || !strings.HasPrefix(body, "x0") {
		t.Fatalf("%v %.20s", first.Header, body)
	}
	again, same := s.do("GET", "/api/list?q=x")
	if same != body || again.Header.Get("ETag") != tag || again.Header.Get("Link") != "<x>" || again.Header.Get("Content-Type") != first.Header.Get("Content-Type") || s.asked.Load() != 1 {
		t.Errorf("the second answer differs, or was asked again (%d): %v", s.asked.Load(), again.Header)
	}
	for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		if r, body := s.do("GET", "/api/list?q=x", "If-None-Match: "+known); r.StatusCode != 304 || body != "" || r.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %s", known, r.Status)
		}
	}
	if r, body := s.do("GET", "/api/list?q=y", "If-None-Match: "+tag); r.StatusCode != 200 || !strings.HasPrefix(body, "y0") {
		t.Errorf("another request: %s %.20s", r.Status, body)
	}
	if _, body := s.do("GET", "/api/list?q=x", "HX-Request: true"); !strings.HasPrefix(body, "x0true") {
		t.Errorf("htmx got %.20s", body)
	}
	s.version.Store(1)
	if r, body := s.do("GET", "/api/list?q=x", "If-None-Match: "+tag); r.StatusCode != 200 || !strings.HasPrefix(body, "x1") {
		t.Errorf("after a change: %s %.20s", r.Status, body)
	}
	tags := func() map[string]string {
		all := map[string]string{}
		for _, path := range []string{"/api/clock", "/api/ages", "/api/ages?q=age:%3E1d"} {
			r, _ := s.do("GET", path)
			all[path] = r.Header.Get("ETag")
		}
		return all
	}
	before := tags()
	s.now.Store(60)
	for path, tag := range tags() {
		if depends := path != "/api/ages"; (tag != before[path]) != depends {
			t.Errorf("%s depends on the clock: %t, and its tags of two minutes are %s and %s", path, depends, before[path], tag)
		}
	}
}

func TestCompression(t *testing.T) {
	s := serve(t, plainRoutes)
	for _, path := range []string{"/api/list", "/api/list", "/api/live"} {
		r, zipped := s.do("GET", path, "Accept-Encoding: br, gzip")
		if r.Header.Get("Content-Encoding") != "gzip" || len(zipped) > len(long())/5 {
			t.Errorf("%s: %v, %d bytes", path, r.Header, len(zipped))
		}
		r, plain := s.do("GET", path, "Accept-Encoding: gzip;q=0")
		if r.Header.Get("Content-Encoding") != "" || !strings.Contains(plain, long()) {
			t.Errorf("%s without gzip: %v", path, r.Header)
		}
	}
}

func TestErrorsInTheFormOfTheCaller(t *testing.T) {
	s := serve(t, plainRoutes)
	for _, tc := range []struct {
		method, path string
		headers      []string
		status       int
		want         string
	}{
		{"GET", "/api/missing", nil, 404, `{"code":"not_found","error":"There is none.","request_id":"`},
		{"GET", "/api/nothing", nil, 404, `"Not found: /api/nothing."`},
		{"GET", "/api//list", nil, 404, `not_found`},
		{"GET", "/nothing", nil, 404, `<p>404 Not found: /nothing.`},
		{"GET", "/page", nil, 500, `<p>500 Internal error.`},
		{"GET", "/api/panic", nil, 500, `"code":"internal"`},
		{"GET", "/api/limited", nil, 429, `"code":"rate_limited"`},
		{"DELETE", "/api/list", nil, 405, `/api/list does not accept DELETE.`},
		{"FOO", "/api/list", nil, 405, `/api/list does not accept FOO.`},
		{"GET", "/api/list", []string{"Cookie: " + strings.Repeat("c", 17<<10)}, 431, `"code":"too_large"`},
		{"GET", "/api/list?q=" + strings.Repeat("q", 17<<10), nil, 431, `"code":"too_large"`},
		{"GET", "/page?q=" + strings.Repeat("q", 17<<10), nil, 431, `<p>431 The request's address and headers are larger than 16384 bytes.`},
		{"GET", "/page", []string{"Cookie: " + strings.Repeat("c", 17<<10)}, 431, `<p>431`},
		{"GET", "/api/list", []string{"Host: evil.example"}, 421, `"code":"unknown_host"`},
		{"GET", "/nothing", []string{"Host: evil.example"}, 421, `<p>421`},
		{"POST", "/api/list", []string{"Origin: https://evil.example"}, 403, `"code":"forbidden_origin"`},
		{"POST", "/api/list", []string{"Origin: null"}, 403, `forbidden_origin`},
		{"POST", "/api/list", []string{"Sec-Fetch-Site: same-site"}, 403, `forbidden_origin`},
		{"POST", "/api/list", []string{"Sec-Fetch-Site: same-origin"}, 202, ""},
		{"POST", "/api/list", []string{"Origin: http://" + s.addr}, 202, ""},
		{"POST", "/api/list", nil, 202, ""},
		{"GET", "/api/clock", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 200, "tick"},
	} {
		r, body := s.do(tc.method, tc.path, tc.headers...)
		if r.StatusCode != tc.status || !strings.Contains(body, tc.want) || strings.Contains(body, "secret") {
			t.Errorf("%s %s %.60v: %s %s", tc.method, tc.path, tc.headers, r.Status, body)
		}
		if r.Header.Get("Content-Security-Policy") == "" || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.StatusCode >= 400 && r.Header.Get("ETag") != "" {
			t.Errorf("%s %s: headers %v", tc.method, tc.path, r.Header)
		}
		if strings.HasPrefix(tc.path, "/api/") && r.StatusCode >= 400 && !json.Valid([]byte(body)) {
			t.Errorf("%s %s: no JSON: %s", tc.method, tc.path, body)
		}
	}
	if r, _ := s.do("GET", "/api/limited"); r.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
	}
	if r, _ := s.do("DELETE", "/api/list"); r.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow %q", r.Header.Get("Allow"))
	}
	if r, _ := s.do("OPTIONS", "/api/list"); r.StatusCode != 204 || r.Header.Get("Allow") != "GET, HEAD, POST, OPTIONS" || r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %s %v", r.Status, r.Header)
	}
}

func TestDeadline(t *testing.T) {
	s := serve(t, plainRoutes, func(o *Options) { o.Timeout = 20 * time.Millisecond })
	if r, body := s.do("GET", "/api/slow"); r.StatusCode != 503 || !strings.Contains(body, "took longer") {
		t.Errorf("%s %s", r.Status, body)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "LOCALHOST:5000": true, "localhost.": true, "a.localhost:80": true, "127.0.0.1": true, "127.9.9.9:1": true, "[::1]:5000": true, "[::1]": true, "::1": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "notlocalhost": false, "0.0.0.0:5000": false, ":5000": false, "10.0.0.1:80": false, "[::]:5000": false, "127.0.0.1.evil.example": false} {
		if got := loopback(host); got != want {
			t.Errorf("loopback(%q) = %v", host, got)
		}
	}
}

// TestAnswersAreBounded: the latest used answers are kept, and none that takes
// more than a fourth of the room.
func TestAnswersAreBounded(t *testing.T) {
	a := newAnswers(100_000)
	put := func(key string, body int) {
		e := &answer{body: make([]byte, body)}
		a.Put(key, e, e.size())
	}
	kept := func(key string) bool { _, ok := a.Get(key); return ok }
	for i := range 1000 {
		put(fmt.Sprint(i), 1000)
	}
	if !kept("999") || !kept("960") || kept("900") {
		t.Errorf("the last one is kept: %v, the fortieth: %v, the hundredth: %v", kept("999"), kept("960"), kept("900"))
	}
	if put("large", 50_000); kept("large") || !kept("999") {
		t.Error("an answer of half the room was kept")
	}
}
