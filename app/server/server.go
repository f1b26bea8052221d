// Package server is the layer between Fiber and the handlers: access,
// limits, error → status, ETags and the cache of encoded answers, streams,
// security headers, shutdown. It knows no page and no endpoint; errors for
// people are rendered by a function that is handed in.
//
// There is no chain of middleware: what every request needs is done in one
// function around its handler, since each link of a chain costs a hot answer
// more than it brings.
package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/singleflight"

	"telemetry-dashboard/services/cache"
	"telemetry-dashboard/services/telemetry"
)

// Options are what a Server needs.
type Options struct {
	Log         *slog.Logger
	BuildID     string
	DatabaseID  string
	Versions    func() map[string]uint64
	RenderError func(c *fiber.Ctx, status int, message string) (body []byte, contentType string)
	Access      Access
	Audit       Audit
	SignIn      func(back string) string // the page on which people sign in and are led back; nil: there is none
	Assets      Assets
	ListenAddr  string        // of the requests that come to it by name
	Hosts       []string      // further ones that it answers to: names, with a port or without
	PublicURL   string        // address that people use: origin and path; "" for that of each request
	Connections int           // how many may be open; 0 for 4,096
	Timeout     time.Duration // of a request; 0 for 10 s
	Now         func() time.Time

	// Meter returns what counts the answers of a method and route, both "" for
	// requests that no route takes. It is asked once for each; nil counts none.
	Meter func(method, route string) Meter

	times times
}

// times are how long things may take. Tests shorten them.
type times struct {
	read  time.Duration // a whole request to come, from its first byte
	write time.Duration // a client to read an answer, or a flush of a stream
	drain time.Duration // what is open at the stop
	entry time.Duration // between two looks at whether who has a stream open may still have it
	idle  time.Duration // a connection to be idle before it must make way
	queue time.Duration // an answer to wait for being computed
}

func usualTimes() times {
	return times{
		read:  15 * time.Second,
		write: 30 * time.Second,
		drain: 5 * time.Second,
		entry: 2 * time.Second,
		idle:  5 * time.Second,
		queue: 2 * time.Second,
	}
}

// Server serves routes. Make it with New.
type Server struct {
	o          Options
	app        *fiber.App
	stop       context.Context
	stopped    context.CancelFunc
	salt       string          // of ETags: what makes this database and build
	rules      map[string]Rule // what a method and path need
	hosts      map[string]bool
	protection []header
	front      publicURL
	origins    *http.CrossOriginProtection
	answers    *cache.Cache[*answer]
	flights    singleflight.Group // of answers being computed, by their ETag
	inside     *gate              // answers from the database
	upstream   *gate              // answers that an upstream may be asked for
	streams    *streams
	entered    *entries
	callers    *callers
	hooks      *hookRoom
	probes     map[string]bool // the paths of routes that are probes
	feeds      map[string]bool // of routes that are feeds
	ids        *requestIDs
	unrouted   Meter // of requests that no route takes
	counts     loads
	accepts    atomic.Pointer[listener] // while it serves
	senders    *callers                 // of webhooks
}

// The limits of a request.
const (
	bodyLimit      = 64 << 10
	readBuffer     = 16 << 10
	writeBuffer    = 32 << 10 // most answers, compressed, leave in one write
	requestTimeout = 10 * time.Second
	connections    = 4096
)

// New returns a Server of the routes. A GET route answers HEAD too; what no
// route takes is 404 or 405, and OPTIONS lists the methods of a path.
func New(o Options, routes []Route) *Server {
	o.Timeout = cmp.Or(o.Timeout, requestTimeout)
	o.Connections = cmp.Or(o.Connections, connections)
	o.times = cmp.Or(o.times, usualTimes())
	s := &Server{
		o:          o,
		salt:       o.DatabaseID + "\x00" + o.BuildID + "\x00" + o.PublicURL + "\x00",
		hosts:      hostSet(o),
		protection: protection(),
		front:      publicOf(o.PublicURL),
		origins:    http.NewCrossOriginProtection(),
		rules:      map[string]Rule{},
		probes:     map[string]bool{},
		feeds:      map[string]bool{},
		ids:        newRequestIDs(),
		answers:    newAnswers(answersBytes),
		inside:     newGate(computing(), "answers", o),
		upstream:   newGate(upstreamMost, "answers from upstreams", o),
		streams:    newStreams(o),
		entered:    &entries{open: map[*entry]struct{}{}},
		callers: newCallers(callersPerMin, callersBurst,
			"Your address sent too many requests that GitHub or Devin must answer. Try again in a few seconds."),
		hooks:   newHookRoom(routes),
		senders: newCallers(hooksPerMin, hooksBurst, "Your address sent too many webhooks. Redeliver this one in a few seconds."),
	}
	if s.front.origin != "" {
		if err := s.origins.AddTrustedOrigin(s.front.origin); err != nil {
			o.Log.Error("PUBLIC_URL is not an origin; requests of browsers that use it may be refused", "url", o.PublicURL, "err", err)
		}
	}
	s.stop, s.stopped = context.WithCancel(context.Background())
	s.app = fiber.New(fiber.Config{
		Immutable:                    true,
		DisableStartupMessage:        true,
		DisablePreParseMultipartForm: true,
		CaseSensitive:                true,
		BodyLimit:                    bodyLimit,
		ReadBufferSize:               readBuffer,
		WriteBufferSize:              writeBuffer,
		ReadTimeout:                  o.times.read,
		WriteTimeout:                 o.times.write,
		IdleTimeout:                  2 * time.Minute,
		ErrorHandler:                 s.fail,
	})
	s.unrouted = *s.meterOf("", "")
	s.route(routes)
	s.wire()
	return s
}

// route registers the routes, and that of the front-end files.
func (s *Server) route(routes []Route) {
	if s.o.Assets != nil {
		routes = append([]Route{{Method: fiber.MethodGet, Path: staticPath + "*", Needs: telemetry.RoleAnyone, Handle: s.asset}}, routes...)
	}
	for _, r := range routes {
		h := s.handler(r)
		s.probes[r.Path], s.feeds[r.Path] = r.Probe, r.Feed
		s.app.Add(r.Method, r.Path, s.withMeter(r.Method, r.Path, h))
		s.rules[r.Method+" "+r.Path] = Rule{Needs: r.Needs, Action: r.Action}
		if r.Method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.Path, s.withMeter(fiber.MethodHead, r.Path, h))
			s.rules[fiber.MethodHead+" "+r.Path] = Rule{Needs: r.Needs}
		}
	}
}

// wire puts around Fiber what concerns a connection and not a route.
func (s *Server) wire() {
	handle, fast := s.app.Handler(), s.app.Server()
	fast.ConnState = connState
	fast.Logger = quiet{s.o.Log}
	fast.HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		address, _, _ := bytes.Cut(s.front.without(h.RequestURI()), []byte("?"))
		return fasthttp.RequestConfig{MaxRequestBodySize: s.hooks.admit(h, address)}
	}
	fast.Handler = func(ctx *fasthttp.RequestCtx) {
		s.ids.identify(&ctx.Request.Header)
		began := ctx.Time() // which fasthttp has taken
		if began.IsZero() {
			began = time.Now()
		}
		defer s.answered(ctx, began)
		defer s.hooks.leave(&ctx.Request.Header)
		defer s.survive(ctx)
		s.front.inward(&ctx.Request)
		if known(ctx.Method()) {
			handle(ctx)
			return
		}
		c := s.app.AcquireCtx(ctx) // Fiber would answer other methods in plain text
		defer s.app.ReleaseCtx(c)
		_ = s.fail(c, fiber.ErrMethodNotAllowed) // it writes the answer; nothing is left to handle
	}
	unread := fast.ErrorHandler
	fast.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		s.ids.identify(&ctx.Request.Header)
		defer s.answered(ctx, time.Now())
		defer s.survive(ctx)
		refused := s.hooks.leave(&ctx.Request.Header)
		e, ofNet := errors.AsType[net.Error](err)
		if ofNet && !e.Timeout() { // the client is gone
			s.o.Log.Debug("a client left in the middle of a request", "err", err)
			ctx.Response.SetStatusCode(fasthttp.StatusBadRequest)
			return
		}
		if c, ok := ctx.Conn().(*conn); ok {
			c.unread.Store(!ofNet)
			// A script's request is one to the API, or without a path, which no browser sends.
			if path := s.front.without(pathIn(c.start)); path == nil || underAPI(path) || s.hooks.at(path) {
				ctx.Request.Header.SetHost("") // with one that is malformed the path would not be read
				ctx.Request.SetRequestURI(apiPath)
				if s.hooks.at(path) {
					ctx.Request.SetRequestURI(string(path))
				}
			}
		}
		if refused && errors.Is(err, fasthttp.ErrBodyTooLarge) {
			c := s.app.AcquireCtx(ctx)
			defer s.app.ReleaseCtx(c)
			_ = s.fail(c, noRoom()) // it writes the answer
			return
		}
		unread(ctx, err)
	}
}

// survive answers a request whose error could not be answered: a panic that
// reaches fasthttp would end the process.
func (s *Server) survive(ctx *fasthttp.RequestCtx) {
	if p := recover(); p != nil {
		_ = s.panicked(string(ctx.Path()), string(ctx.Request.Header.Peek(RequestIDHeader)), p) // it logs
		ctx.Response.Reset()
		ctx.Error("Internal error. See the log.", fasthttp.StatusInternalServerError)
		s.protect(&ctx.Response.Header)
	}
}

// quiet logs what fasthttp says of single connections, which any client can
// cause.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("a connection ended", "err", fmt.Sprintf(format, args...))
}

// Serve answers on ln until ctx ends. Open requests then have five seconds,
// after which their connections are closed. It returns nil after a stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer s.stopped()
	kept := newListener(ln, s.o)
	s.accepts.Store(kept)
	ended := make(chan error, 1)
	go func() {
		ended <- telemetry.Guard("answer requests", func() error { return s.app.Listener(kept) })
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = telemetry.Guard("watch who has streams open", func() error { s.watchEntries(); return nil }) // each look has a guard of its own
	}()
	defer func() { s.stopped(); <-watched }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.stopped()
	_ = kept.Close() // Fiber closes it again
	kept.end(false)
	err := s.app.ShutdownWithTimeout(s.o.times.drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.o.Log.Warn("requests were still open at shutdown", "seconds", s.o.times.drain.Seconds())
		err = nil
	}
	kept.end(true)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

// handler puts around a route what every request needs.
func (s *Server) handler(r Route) fiber.Handler {
	answer := func(c *fiber.Ctx) error { return s.plain(c, r) }
	switch {
	case r.Stream != nil:
		answer = func(c *fiber.Ctx) error { return s.stream(c, r) }
	case r.Method == fiber.MethodGet && len(r.Topics) > 0:
		answer = func(c *fiber.Ctx) error { return s.cached(c, r) }
	}
	return func(c *fiber.Ctx) (err error) {
		if r.Action != "" {
			defer func() { s.audit(c, r, err) }()
		}
		defer func() {
			if p := recover(); p != nil {
				err = s.panicked(c.Path(), requestID(c), p)
			}
		}()
		if err := s.admit(c, r); err != nil {
			return err
		}
		if err := answer(c); err != nil {
			return err
		}
		if r.Cache != "" {
			c.Set(fiber.HeaderCacheControl, r.Cache)
		}
		s.protect(&c.Response().Header)
		if r.Feed && hasReadToken(c) { // pages elsewhere may show it; without a token they could measure it
			c.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		return nil
	}
}

// admit refuses a request before anything is done for it.
func (s *Server) admit(c *fiber.Ctx, r Route) error {
	if err := s.guard(c, r.Hook || r.Probe); err != nil {
		return err
	}
	if err := s.enter(c, r.Needs, r.Feed); err != nil {
		return err
	}
	if r.Hook {
		if err := s.senders.allow(clientOf(c)); err != nil {
			return err
		}
	}
	if err := wellFormed(c.Request()); err != nil {
		return err
	}
	if err := knownParams(c, r.Params); err != nil {
		return err
	}
	if asksUpstream(c, r) {
		return s.callers.allow(clientOf(c))
	}
	return nil
}
