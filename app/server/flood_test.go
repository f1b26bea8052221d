package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// withTimes shortens what the server waits for.
func withTimes(change func(*times)) func(*Options) {
	return func(o *Options) {
		o.times = usualTimes()
		change(&o.times)
	}
}

// TestTheRestIsAnswered503: beyond the bound a connection is answered at once
// in the form of its path, and those that are open go on.
func TestTheRestIsAnswered503(t *testing.T) {
	s := serve(t, plainRoutes, func(o *Options) { o.Connections = 4 }, withTimes(func(x *times) { x.idle = time.Hour }))
	first := s.dial()
	answered := func(c net.Conn) {
		t.Helper()
		if _, err := io.WriteString(c, "GET /api/clock HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if r, body := s.hear(c); r.StatusCode != 200 {
			t.Errorf("an open connection: %s %s", r.Status, body)
		}
	}
	answered(first)
	for range 3 {
		answered(s.dial())
	}
	for text, contentType := range map[string]string{
		"GET /api/clock HTTP/1.1\r\nHost: localhost\r\n\r\n": "application/json; charset=utf-8",
		"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n":      "text/plain; charset=utf-8",
		"": "text/plain; charset=utf-8",
	} {
		r, body := s.say(text)
		if r.StatusCode != 503 || r.Header.Get("Retry-After") != "5" || r.Header.Get("Content-Type") != contentType ||
			!strings.Contains(body, "too many open connections") {
			t.Errorf("%q: %s %v %s", text, r.Status, r.Header, body)
		}
	}
	answered(first)
}

// TestTheIdleMakeWay: a flood of connections that ask nothing keeps nobody
// out.
func TestTheIdleMakeWay(t *testing.T) {
	s := serve(t, plainRoutes, func(o *Options) { o.Connections = 4 }, withTimes(func(x *times) { x.idle = time.Nanosecond }))
	for range 20 {
		s.dial()
	}
	for range 20 {
		if r, body := s.do("GET", "/api/clock"); r.StatusCode != 200 {
			t.Fatalf("%s %s", r.Status, body)
		}
	}
}

// scarce is a listener to which the system sometimes gives no descriptor.
type scarce struct {
	net.Listener
	errs []error
}

func (l *scarce) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}
	return l.Listener.Accept()
}

func TestAcceptWaitsForDescriptors(t *testing.T) {
	bare, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("the network is gone")
	s := &site{t: t, addr: bare.Addr().String()}
	o := Options{Log: slog.New(slog.DiscardHandler), ListenAddr: s.addr, Now: time.Now, Versions: func() map[string]uint64 { return nil }}
	o.Access = access.Everyone("you")
	srv := New(o, []Route{{Method: "GET", Path: "/api/clock", Needs: telemetry.RoleViewer, Handle: func(c *fiber.Ctx) error { return c.SendString("tick") }}})
	ended := make(chan error, 1)
	errs := []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.EMFILE}
	go func() { ended <- srv.Serve(t.Context(), &scarce{bare, errs}) }()
	if r, body := s.do("GET", "/api/clock"); r.StatusCode != 200 {
		t.Errorf("after a shortage: %s %s", r.Status, body)
	}
	bare.Close()
	if err := <-ended; err != nil {
		t.Errorf("a closed listener: %v", err)
	}
	if _, err := newListener(&scarce{bare, []error{lost}}, o).Accept(); !errors.Is(err, lost) {
		t.Errorf("a failure that stays: %v", err)
	}
	l := newListener(&scarce{bare, slicesOf(syscall.EMFILE, 1000)}, o)
	go l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed while it waits: %v", err)
	}
}

func slicesOf(err error, n int) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// slowRoutes answer more than any socket holds.
func slowRoutes(*site) []Route {
	large := strings.Repeat("x", 64<<20)
	return []Route{
		{Method: "GET", Path: "/api/large", Handle: func(c *fiber.Ctx) error { return c.SendString(large) }},
		{Method: "GET", Path: "/api/export", Stream: func(*fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
			return func(_ context.Context, w *bufio.Writer) error {
				for {
					if _, err := w.WriteString(long()); err != nil {
						return err
					}
				}
			}, nil
		}},
		{Method: "POST", Path: "/api/form", Handle: func(c *fiber.Ctx) error { return c.SendStatus(204) }},
	}
}

// TestSlowClientsAreCutOff: neither a client that never reads nor one that
// never ends its request holds a connection.
func TestSlowClientsAreCutOff(t *testing.T) {
	s := serve(t, slowRoutes, withTimes(func(x *times) { x.read, x.write = 100*time.Millisecond, 100*time.Millisecond }))
	for name, text := range map[string]string{
		"reads no answer": "GET /api/large HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"reads no stream": "GET /api/export HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		c := s.dial()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		s.wantClosed(name)
	}
	for name, text := range map[string]string{
		"says nothing":        "",
		"ends no header":      "GET /api/large HTTP/1.1\r\nHost: loc",
		"ends no body":        "POST /api/form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nfield",
		"ends no chunk":       "POST /api/form HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfie",
		"announces, no chunk": "POST /api/form HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		c := s.dial()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		s.wantClosed(name)
	}
}

// TestClientsThatLeave: one that resets its connection in the middle of a
// request leaves no line in the log, or any client could fill it.
func TestClientsThatLeave(t *testing.T) {
	s := serve(t, slowRoutes)
	for _, text := range []string{
		"GET /api/large HTTP/1.1\r\nHost: loc",
		"POST /api/form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nfield",
		"POST /api/form HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfie",
	} {
		c := s.dial().(*net.TCPConn)
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		if err := c.SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
		s.wantClosed(text)
	}
	if r, _ := s.do("POST", "/api/form"); r.StatusCode != 204 {
		t.Errorf("afterwards: %s", r.Status)
	}
	if text := s.log.String(); text != "" {
		t.Errorf("the log says %s", text)
	}
}

// wantClosed waits until the server has closed a connection.
func (s *site) wantClosed(name string) {
	s.t.Helper()
	select {
	case <-s.closed:
	case <-time.After(patience):
		s.t.Errorf("%s: the server still holds the connection", name)
	}
}

// TestTheStopEnds: whatever clients do, the server ends soon after it was
// asked to.
func TestTheStopEnds(t *testing.T) {
	started, release := make(chan bool, 10), make(chan bool)
	defer close(release)
	s := serve(t, func(s *site) []Route {
		return append(slowRoutes(s), Route{Method: "GET", Path: "/api/hung", Handle: func(*fiber.Ctx) error {
			started <- true
			<-release
			return nil
		}}, Route{Method: "POST", Path: "/api/job", Waits: true, Handle: func(c *fiber.Ctx) error {
			started <- true
			<-c.UserContext().Done()
			return c.UserContext().Err()
		}})
	}, withTimes(func(x *times) { x.drain = 200 * time.Millisecond }))
	for _, text := range []string{
		"", "GET /api/hung HTTP/1.1\r\nHost: loc", "GET /api/large HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/export HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /api/hung HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		if _, err := io.WriteString(s.dial(), text); err != nil {
			t.Fatal(err)
		}
	}
	waits := s.dial()
	if _, err := io.WriteString(waits, "POST /api/job HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-started
	<-started
	s.stop()
	select {
	case err := <-s.ended:
		s.ended <- err
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the server does not end")
	}
	if r, body := s.hear(waits); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "shutting down") {
		t.Errorf("who waits for a job: %s %s", r.Status, body)
	}
}
