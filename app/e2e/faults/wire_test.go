package faults

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// wire is between the program and the players. While a fault is set, it
// answers the requests of one call with it, and passes on all others.
type wire struct {
	next  http.Handler
	now   func() time.Time
	other *otherHost
	ended chan struct{}

	mu    sync.Mutex
	fault *fault
	call  *call
	hits  int
}

// set makes requests of the call meet the fault; a nil fault ends that.
func (w *wire) set(c *call, f *fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call, w.fault, w.hits = c, f, 0
}

// met returns how many requests met the fault.
func (w *wire) met() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hits
}

// meets returns the fault that a request meets and its call, nil for none.
func (w *wire) meets(r *http.Request) (*fault, *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault == nil || !w.call.match(r) {
		return nil, nil
	}
	w.hits++
	return w.fault, w.call
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if f, c := w.meets(r); f != nil {
		f.serve(&exchange{w: rw, r: r, wire: w, call: c})
		return
	}
	w.next.ServeHTTP(rw, r)
}

// gate is the program's way out. It sends requests that meet a refused
// connection to a closed port.
type gate struct {
	open, shut *http.Transport
	wire       *wire
}

func newGate(w *wire) *gate {
	shut := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", "127.0.0.1:1")
	}}
	return &gate{open: &http.Transport{MaxIdleConnsPerHost: 8}, shut: shut, wire: w}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.wire.mu.Lock()
	refused := g.wire.fault != nil && g.wire.fault.refuses && g.wire.call.match(r)
	if refused {
		g.wire.hits++
	}
	g.wire.mu.Unlock()
	if refused {
		return g.shut.RoundTrip(r)
	}
	return g.open.RoundTrip(r)
}

func (g *gate) close() { g.open.CloseIdleConnections() }

// otherHost is a host that the program does not know. It would answer
// rightly, so that following a redirect to it is tempting.
type otherHost struct {
	server *httptest.Server

	mu     sync.Mutex
	asked  []string
	tokens []string
}

func newOtherHost(next http.Handler) *otherHost {
	o := &otherHost{}
	o.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asked = append(o.asked, r.Method+" "+r.URL.Path)
		for name, values := range r.Header {
			if text := strings.Join(values, " "); strings.Contains(text, secretToken) || strings.Contains(text, secretKeyPart) {
				o.tokens = append(o.tokens, name)
			}
		}
		o.mu.Unlock()
		next.ServeHTTP(w, r)
	}))
	return o
}

// url is the host's address. Its name is another one than the program was
// given, and leads to the same machine.
func (o *otherHost) url() string {
	return strings.Replace(o.server.URL, "127.0.0.1", "localhost", 1)
}

// exchange is one request that meets a fault.
type exchange struct {
	w    http.ResponseWriter
	r    *http.Request
	wire *wire
	call *call
}

// truth is the answer that the player gives to the request, as if the asker
// held no earlier answer.
func (x *exchange) truth() *httptest.ResponseRecorder {
	r := x.r.Clone(x.r.Context())
	r.Header.Del("If-None-Match")
	rec := httptest.NewRecorder()
	x.wire.next.ServeHTTP(rec, r)
	return rec
}

// answer sends a whole answer. Headers of the truth are kept, the ETag only
// where the answer is no other document.
func (x *exchange) answer(truth *httptest.ResponseRecorder, body []byte, sameDocument bool) {
	h := x.w.Header()
	for name, values := range truth.Header() {
		h[name] = values
	}
	h.Del("Content-Length")
	if !sameDocument && h.Get("ETag") != "" {
		h.Set("ETag", `"another"`)
	}
	x.w.WriteHeader(truth.Code)
	_, _ = x.w.Write(body)
}

// respond sends a status with a body of a kind.
func (x *exchange) respond(status int, kind, body string, headers ...string) {
	x.w.Header().Set("Content-Type", kind)
	for i := 0; i+1 < len(headers); i += 2 {
		x.w.Header().Set(headers[i], headers[i+1])
	}
	x.w.WriteHeader(status)
	_, _ = x.w.Write([]byte(body))
}

// begin sends the beginning of the true answer with the length of the whole.
func (x *exchange) begin() (conn net.Conn, rest []byte) {
	truth := x.truth()
	body := truth.Body.Bytes()
	if len(body) < 2 {
		body = []byte(`{"detail": null}`)
	}
	conn = x.hijack()
	if conn == nil {
		return nil, nil
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	for _, name := range []string{"Content-Type", "Etag", "Link"} {
		if v := truth.Header().Get(name); v != "" {
			head.WriteString(name + ": " + v + "\r\n")
		}
	}
	head.WriteString("Content-Length: " + itoa(len(body)) + "\r\n\r\n")
	head.Write(body[:len(body)/2])
	_, _ = conn.Write(head.Bytes())
	return conn, body[len(body)/2:]
}

func (x *exchange) hijack() net.Conn {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		return nil
	}
	return conn
}

// wait waits until the asker is gone or the world ends. It reads from the
// connection, which ends when the asker closes it.
func (x *exchange) wait(conn net.Conn) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = conn.Read(make([]byte, 1))
	}()
	select {
	case <-gone:
	case <-x.wire.ended:
	}
	_ = conn.Close()
}

// reset ends a connection with RST.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
