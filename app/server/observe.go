package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Meter counts one answer, with its status and how long it took. That of a
// stream is counted when it begins.
type Meter func(status int, took time.Duration)

// meterKey is where a request keeps the Meter of its route.
type meterKey struct{}

// RequestIDHeader names the request in the answer, and may name it in the
// request.
const RequestIDHeader = "X-Request-Id"

// requestIDs makes the ids of requests that come without one. They tell requests
// of one log apart, and are no secret: a start's random letters and a number.
type requestIDs struct {
	start string
	made  atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{start: rand.Text()[:8] + "-"} }

// identify gives a request an id, in its own header: that which it has, if it is
// well-formed, so that a proxy's log has the same.
func (r *requestIDs) identify(h *fasthttp.RequestHeader) {
	if wellFormedID(h.Peek(RequestIDHeader)) {
		return
	}
	var room [32]byte
	h.SetBytesV(RequestIDHeader, strconv.AppendUint(append(room[:0], r.start...), r.made.Add(1), 36))
}

// requestIDMost is how long the id of a request may be.
const requestIDMost = 64

// wellFormedID reports whether an id can stand in a log, a header and a page as
// it is.
func wellFormedID(id []byte) bool {
	for _, c := range id {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return len(id) > 0 && len(id) <= requestIDMost
}

// requestID is the id of a request.
func requestID(c *fiber.Ctx) string { return string(c.Request().Header.Peek(RequestIDHeader)) }

// answered is called when a request was answered, whatever it was.
func (s *Server) answered(ctx *fasthttp.RequestCtx, began time.Time) {
	id, status, took := ctx.Request.Header.Peek(RequestIDHeader), ctx.Response.StatusCode(), time.Since(began)
	ctx.Response.Header.SetCanonical(s.idHeader, id)
	count, ok := ctx.UserValue(meterKey{}).(*Meter)
	if !ok {
		count = &s.unrouted
	}
	(*count)(status, took)
	if s.o.Log.Enabled(context.Background(), slog.LevelDebug) {
		s.o.Log.Debug("answered", "method", string(ctx.Method()), "path", string(ctx.Path()), "status", status,
			"seconds", took.Seconds(), "request", string(id))
	}
}

// meterOf is what counts the answers of a method and route, "" for what no route
// takes.
func (s *Server) meterOf(method, route string) *Meter {
	count := Meter(func(int, time.Duration) {})
	if s.o.Meter != nil {
		count = s.o.Meter(method, route)
	}
	return &count
}

// Load is what the server is busy with.
type Load struct {
	Unchanged, Kept, Computed uint64 // answers so far of routes whose answers are kept: 304, from memory, anew
	Answers, AnswersBytes     int    // that are kept
	Connections, Streams      int    // that are open
	Waiting                   int    // requests that wait for being computed
}

// loads are the counts of Load that only grow.
type loads struct{ unchanged, kept, computed atomic.Uint64 }

// Load returns what the server is busy with now.
func (s *Server) Load() Load {
	l := Load{
		Unchanged: s.counts.unchanged.Load(), Kept: s.counts.kept.Load(), Computed: s.counts.computed.Load(),
		Waiting: int(max(0, s.inside.waiting.Load()) + max(0, s.upstream.waiting.Load())),
	}
	l.Answers, l.AnswersBytes = s.answers.Size()
	s.streams.mu.Lock()
	l.Streams = s.streams.all
	s.streams.mu.Unlock()
	if ln := s.accepts.Load(); ln != nil {
		ln.mu.Lock()
		l.Connections = len(ln.open)
		ln.mu.Unlock()
	}
	return l
}

// withMeter has the answers of a handler counted as those of its route.
func (s *Server) withMeter(method, route string, h fiber.Handler) fiber.Handler {
	count := s.meterOf(method, route)
	return func(c *fiber.Ctx) error {
		c.Context().SetUserValue(meterKey{}, count)
		return h(c)
	}
}

// known reports whether Fiber takes a method.
func known(method []byte) bool { return slices.Contains(fiber.DefaultMethods, string(method)) }
