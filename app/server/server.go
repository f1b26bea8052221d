// Package server is the layer between Fiber and the handlers: who may ask,
// limits, error → status, ETags and the cache of encoded answers, streams,
// security headers, shutdown. It knows no page and no endpoint; errors for
// people are rendered by a function that is handed in.
//
// There is no chain of middleware: what every request needs is done in one
// function around its handler, since each link of a chain costs a hot answer
// more than it brings.
package server

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

// Route is one route and what it needs. It has a Handle or a Stream.
type Route struct {
	Method, Path string
	Handle       func(c *fiber.Ctx) error
	Topics       []string // whose versions its answer depends on; none: no ETag
	Clock        bool     // its answer also depends on the minute (UTC)
	ClockIn      []string // likewise, but only with one of these query parameters
	Waits        bool     // it waits for a job: no deadline

	// Stream reads the request and returns what writes the answer's body,
	// which may never end (server-sent events). write must not use c. Its ctx
	// ends when the client is gone and when the server stops; a flush to a
	// client that does not read fails after half a minute. A stream has no
	// deadline, no compression and no ETag, and its panic ends only itself.
	Stream func(c *fiber.Ctx) (write func(ctx context.Context, w *bufio.Writer) error, err error)
}

// Assets are the front-end files by their hashed path.
type Assets interface {
	Open(path string) (body []byte, contentType string, ok bool)
}

// Options are what a Server needs.
type Options struct {
	Log         *slog.Logger
	BuildID     string
	DatabaseID  string
	Versions    func() map[string]uint64
	RenderError func(c *fiber.Ctx, status int, message string) (body []byte, contentType string)
	Assets      Assets
	ListenAddr  string        // loopback: an unknown Host is refused
	Timeout     time.Duration // of a request; 0 for 10 s
	Now         func() time.Time
}

// Server serves routes. Make it with New.
type Server struct {
	o          Options
	app        *fiber.App
	stop       context.Context
	stopped    context.CancelFunc
	salt       string // of ETags: what makes this database and build
	onLoopback bool
	origins    *http.CrossOriginProtection
	answers    *answers
}

// The limits of a request.
const (
	bodyLimit      = 64 << 10
	readBuffer     = 16 << 10
	requestTimeout = 10 * time.Second
	drainTimeout   = 10 * time.Second
)

// New returns a Server of the routes. A GET route answers HEAD too; what no
// route takes is 404 or 405, and OPTIONS tells the methods of a path.
func New(o Options, routes []Route) *Server {
	if o.Timeout == 0 {
		o.Timeout = requestTimeout
	}
	s := &Server{
		o:          o,
		salt:       o.DatabaseID + "\x00" + o.BuildID + "\x00",
		onLoopback: loopback(o.ListenAddr),
		origins:    http.NewCrossOriginProtection(),
		answers:    newAnswers(answersBytes),
	}
	s.stop, s.stopped = context.WithCancel(context.Background())
	s.app = fiber.New(fiber.Config{
		Immutable:             true,
		DisableStartupMessage: true,
		CaseSensitive:         true,
		BodyLimit:             bodyLimit,
		ReadBufferSize:        readBuffer,
		ReadTimeout:           30 * time.Second,
		IdleTimeout:           2 * time.Minute,
		ErrorHandler:          s.fail,
	})
	if o.Assets != nil {
		routes = append([]Route{{Method: fiber.MethodGet, Path: "/static/*", Handle: s.asset}}, routes...)
	}
	for _, r := range routes {
		h := s.handler(r)
		s.app.Add(r.Method, r.Path, h)
		if r.Method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.Path, h)
		}
	}
	handle := s.app.Handler()
	s.app.Server().Handler = func(ctx *fasthttp.RequestCtx) {
		if knownMethod(ctx.Method()) {
			handle(ctx)
			return
		}
		c := s.app.AcquireCtx(ctx)
		defer s.app.ReleaseCtx(c)
		_ = s.fail(c, fiber.ErrMethodNotAllowed) // it writes; there is no one to tell
	}
	unread := s.app.Server().ErrorHandler
	s.app.Server().ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) {
		if errors.As(err, new(*fasthttp.ErrSmallBuffer)) {
			ctx.Request.SetRequestURI(beginning(err))
		}
		unread(ctx, err)
	}
	return s
}

// beginning is the path of a request whose address or headers were too long
// to be read, as far as its form follows from it: fasthttp quotes the first
// bytes in its error, and nowhere else.
func beginning(err error) string {
	_, quoted, _ := strings.Cut(err.Error(), `contents: "`)
	_, path, _ := strings.Cut(quoted, " ")
	if strings.HasPrefix(path, "/api/") {
		return "/api/"
	}
	return "/"
}

// knownMethod tells whether Fiber routes the method; others it would answer
// in plain text.
func knownMethod(method []byte) bool {
	for _, m := range fiber.DefaultMethods {
		if m == string(method) {
			return true
		}
	}
	return false
}

// Serve answers on ln until ctx ends. Open requests then have ten seconds.
// It returns nil after a clean stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer s.stopped()
	ended := make(chan error, 1)
	go func() { ended <- s.app.Listener(ln) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.stopped()
	err := s.app.ShutdownWithTimeout(drainTimeout)
	if errors.Is(err, context.DeadlineExceeded) {
		s.o.Log.Warn("requests were still open after the time to end", "seconds", drainTimeout.Seconds())
		return nil
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
		defer func() {
			if p := recover(); p != nil {
				err = s.panicked(c.Path(), p)
			}
		}()
		if err := s.guard(c); err != nil {
			return err
		}
		if err := answer(c); err != nil {
			return err
		}
		protect(&c.Response().Header)
		return nil
	}
}

// ask calls a route's handler with its deadline.
func (s *Server) ask(c *fiber.Ctx, r Route) error {
	if r.Waits {
		c.SetUserContext(s.stop)
		return r.Handle(c)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.stop), s.o.Timeout)
	defer cancel()
	c.SetUserContext(ctx)
	return r.Handle(c)
}

func (s *Server) asset(c *fiber.Ctx) error {
	body, contentType, ok := s.o.Assets.Open(c.Path())
	if !ok {
		return telemetry.Errorf(telemetry.CodeNotFound, "There is nothing at %s.", clip(c.Path()))
	}
	e := s.answers.get(c.Path())
	if e == nil {
		e = &answer{body: body, contentType: contentType}
		s.answers.add(c.Path(), e)
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	e.send(c)
	return nil
}
