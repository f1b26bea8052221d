package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

const (
	// refusing bounds how many connections are refused with an answer at a
	// time; refuseTime is how long each may take. One beyond is closed.
	refusing    = 16
	refuseTime  = time.Second
	refuseRetry = 5 * time.Second

	// drainBytes is how much of a request that is refused is read to its end.
	drainBytes = 1 << 20
)

// listener accepts a bounded number of connections, and keeps accepting when the
// system has nothing left for one. Beyond the bound the connection that has been idle
// longest is closed, or, where none was idle for a while, the new one is answered 503.
type listener struct {
	net.Listener
	log    *slog.Logger
	most   int
	grace  time.Duration // how long a connection is idle before it must make way
	front  publicURL
	closed chan struct{}
	once   sync.Once
	short  logOnce // of descriptors
	full   logOnce
	refuse chan struct{}

	mu   sync.Mutex
	open map[*conn]struct{}
}

func newListener(ln net.Listener, o Options) *listener {
	return &listener{
		Listener: ln,
		log:      o.Log,
		most:     o.Connections,
		grace:    o.times.idle,
		front:    publicOf(o.PublicURL),
		closed:   make(chan struct{}),
		refuse:   make(chan struct{}, refusing),
		open:     map[*conn]struct{}{},
	}
}

// Accept waits for the next connection. It fails only when the listener was
// closed, or for a reason that waiting does not end.
func (l *listener) Accept() (net.Conn, error) {
	for wait := time.Duration(0); ; {
		c, err := l.Listener.Accept()
		if err != nil {
			if !passing(err) {
				return nil, err
			}
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			if l.short.due() {
				l.log.Warn("cannot accept connections; retrying", "err", err)
			}
			select {
			case <-l.closed:
				return nil, net.ErrClosed
			case <-time.After(wait):
			}
			continue
		}
		wait = 0
		if kept := l.admit(c); kept != nil {
			return kept, nil
		}
		l.turnAway(c)
	}
}

// passing reports whether Accept may succeed later after this error.
func passing(err error) bool {
	some := []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.ENOBUFS, syscall.ENOMEM}
	return slices.ContainsFunc(some, func(e error) bool { return errors.Is(err, e) })
}

// admit returns c as one of the open connections, nil if there are too many.
func (l *listener) admit(c net.Conn) net.Conn {
	l.mu.Lock()
	full := len(l.open) >= l.most
	l.mu.Unlock()
	if full && !l.evict() {
		return nil
	}
	kept := &conn{Conn: c, from: l}
	kept.idle.Store(time.Now().UnixNano())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[kept] = struct{}{}
	return kept
}

// evict closes the connection that has been idle longest, for at least
// its grace, and reports whether there was one.
func (l *listener) evict() bool {
	var oldest *conn
	least := time.Now().Add(-l.grace).UnixNano()
	l.mu.Lock()
	for c := range l.open {
		if since := c.idle.Load(); since != 0 && since < least {
			oldest, least = c, since
		}
	}
	l.mu.Unlock()
	if oldest == nil {
		return false
	}
	_ = oldest.cut() // the client may have closed it already
	return true
}

// end closes the open connections, of those in use only where inUse is set.
func (l *listener) end(inUse bool) {
	var all []*conn
	l.mu.Lock()
	for c := range l.open {
		if inUse || c.idle.Load() != 0 {
			all = append(all, c)
		}
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.cut() // the client may have closed it already
	}
}

// turnAway answers 503 and closes c.
func (l *listener) turnAway(c net.Conn) {
	if l.full.due() {
		l.log.Warn("too many connections: answering new ones with 503", "most", l.most)
	}
	select {
	case l.refuse <- struct{}{}:
	default:
		_ = c.Close() // its client sees that too
		return
	}
	go func() {
		defer func() { <-l.refuse }()
		if err := telemetry.Guard("refuse a connection", func() error { return l.sayFull(c) }); err != nil {
			l.log.Debug("could not answer a refused connection", "err", err)
		}
	}()
}

// sayFull answers whatever is asked on c with 503, in the form of its path,
// and closes c once the client has read it.
func (l *listener) sayFull(c net.Conn) error {
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(refuseTime / 4)); err != nil {
		return err
	}
	var asked [512]byte
	n, _ := c.Read(asked[:]) // a client that sends nothing is answered too
	e := &telemetry.Error{
		Code:    telemetry.CodeOverloaded,
		Message: "The server has too many open connections. Try again in a few seconds.",
	}
	body, contentType := []byte(e.Message+"\n"), "text/plain; charset=utf-8"
	if underAPI(l.front.without(pathIn(asked[:n]))) {
		body, contentType = errorJSON(e, ""), "application/json; charset=utf-8"
	}
	if err := c.SetDeadline(time.Now().Add(refuseTime)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: %d\r\n"+
		"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", int(refuseRetry.Seconds()), contentType, len(body), body); err != nil {
		return err
	}
	drain(c)
	return nil
}

// drain ends the sending half of c and reads what the client still sends, for
// a moment: closing while something is unread would reset the connection, and
// with it the answer that says why.
func drain(c net.Conn) {
	half, ok := c.(interface{ CloseWrite() error })
	if !ok || c.SetReadDeadline(time.Now().Add(refuseTime)) != nil || half.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c, drainBytes) // whatever came, it is not read further
}

// Close ends Accept. The connections stay open.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// conn is an open connection that knows since when it has been idle.
type conn struct {
	net.Conn
	from *listener
	idle atomic.Int64 // Unix nanoseconds; 0: a request is being read or answered

	unread atomic.Bool // a request was refused before it was read
	start  []byte      // how the request begins; only for the goroutine that reads
}

// startBytes is how much of a request is kept until it is answered.
const startBytes = 128

// Read keeps how a request begins: fasthttp forgets it where the headers or
// the body cannot be read, and the error is answered in the form of the path.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		sayTLS(err)
	}
	if left := startBytes - len(c.start); left > 0 {
		c.start = append(c.start, b[:min(n, left)]...)
	}
	return n, err
}

// sayTLS tells a client that speaks http on a connection of https what to do, as
// net/http does: it could read no answer by TLS.
func sayTLS(err error) {
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if ok && plain.Conn != nil && bytes.IndexByte([]byte("GHPDOC"), plain.RecordHeader[0]) >= 0 { // how a method begins
		_, _ = io.WriteString(plain.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
			"This address is for https. Begin it with https:// instead of http://.\n")
	}
}

// pathIn returns the path in the beginning of a request, nil if there is none.
func pathIn(start []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimLeft(start, "\r\n"), []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < 2 {
		return nil
	}
	path, _, _ := bytes.Cut(words[1], []byte("?"))
	if _, rest, absolute := bytes.Cut(path, []byte("://")); absolute && path[0] != '/' {
		path = rest[max(0, bytes.IndexByte(rest, '/')):]
	}
	if !bytes.HasPrefix(path, []byte("/")) {
		return nil
	}
	return path
}

// Close lets the client read the answer first where its request was refused.
func (c *conn) Close() error {
	if c.unread.Load() {
		drain(c.Conn)
	}
	return c.cut()
}

// cut closes the connection at once.
func (c *conn) cut() error {
	c.from.mu.Lock()
	delete(c.from.open, c)
	c.from.mu.Unlock()
	return c.Conn.Close()
}

// connState keeps track of what is idle. It is fasthttp's hook.
func connState(c net.Conn, state fasthttp.ConnState) {
	ours, ok := c.(*conn)
	if !ok {
		return
	}
	switch state {
	case fasthttp.StateActive:
		ours.idle.Store(0)
	case fasthttp.StateIdle:
		ours.start = ours.start[:0]
		ours.idle.Store(time.Now().UnixNano())
	}
}

// logOnce keeps a repeated condition from being logged each time: it is due
// again once the condition has not occurred for a minute.
type logOnce struct{ last atomic.Int64 }

func (s *logOnce) due() bool {
	now := time.Now().UnixNano()
	return now-s.last.Swap(now) > int64(time.Minute)
}
