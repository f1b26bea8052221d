// Package server is the layer between Fiber and the handlers: order of
// middleware, limits, error → status, ETags, security headers, shutdown. It
// knows no page and no endpoint; errors for people are rendered by a
// function that is handed in.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"telemetry-dashboard/services/telemetry"
)

// Route is one route and what it needs.
type Route struct {
	Method, Path string
	Handle       func(c *fiber.Ctx) error
	Topics       []string // whose versions its answer depends on; none: no ETag
	Clock        bool     // its answer also depends on the minute (UTC)
	Waits        bool     // it waits for a job: no deadline
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
	o       Options
	app     *fiber.App
	stop    context.Context
	stopped context.CancelFunc
	methods map[string][]string
}

// The limits of a request.
const (
	bodyLimit      = 64 << 10
	readBuffer     = 16 << 10
	requestTimeout = 10 * time.Second
	drainTimeout   = 10 * time.Second
)

// New returns a Server of the routes.
func New(o Options, routes []Route) *Server {
	if o.Timeout == 0 {
		o.Timeout = requestTimeout
	}
	s := &Server{o: o, methods: map[string][]string{}}
	s.stop, s.stopped = context.WithCancel(context.Background())
	s.app = fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, CaseSensitive: true, BodyLimit: bodyLimit, ReadBufferSize: readBuffer,
		ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, ErrorHandler: s.fail, UnescapePath: false})
	s.app.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: func(c *fiber.Ctx, p any) { o.Log.Error("a handler panicked", "path", c.Path(), "panic", p) }}))
	s.app.Use(s.headers, s.host, s.origin(), compress.New(compress.Config{Level: compress.LevelBestSpeed}))
	if o.Assets != nil {
		s.app.Get("/static/*", s.asset)
	}
	for _, r := range routes {
		s.methods[r.Path] = append(s.methods[r.Path], r.Method)
		s.app.Add(r.Method, r.Path, s.handler(r))
	}
	for path, methods := range s.methods {
		s.app.All(path, func(c *fiber.Ctx) error { return s.wrongMethod(c, methods) })
	}
	s.app.Use(func(*fiber.Ctx) error { return fiber.ErrNotFound })
	return s
}

// Serve answers on ln until ctx ends. Open requests then have ten seconds.
// It returns nil after a clean stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
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

// handler gives a route its deadline and its ETag.
func (s *Server) handler(r Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := s.stop, context.CancelFunc(func() {})
		if !r.Waits {
			ctx, cancel = context.WithTimeout(context.WithoutCancel(s.stop), s.o.Timeout)
		}
		defer cancel()
		c.SetUserContext(ctx)
		if r.Method == fiber.MethodGet && len(r.Topics) > 0 {
			tag := s.etag(c, r)
			c.Set(fiber.HeaderETag, tag)
			if matches(c.Get(fiber.HeaderIfNoneMatch), tag) {
				c.Status(fiber.StatusNotModified)
				return nil
			}
		}
		return r.Handle(c)
	}
}

// headers protect every answer.
func (s *Server) headers(c *fiber.Ctx) error {
	c.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "same-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	return c.Next()
}

// host refuses a Host that is not this machine while the server listens on
// loopback only: a page elsewhere could otherwise reach it by DNS rebinding.
func (s *Server) host(c *fiber.Ctx) error {
	if loopback(s.o.ListenAddr) && !loopback(string(c.Request().Host())) {
		return telemetry.Errorf(telemetry.CodeUnknownHost, "This server listens on this machine only and does not answer to that Host. Open it as http://localhost or http://127.0.0.1 with its port.")
	}
	return c.Next()
}

// origin refuses unsafe methods from pages of other origins.
func (s *Server) origin() fiber.Handler {
	protection := http.NewCrossOriginProtection()
	return func(c *fiber.Ctx) error {
		req := &http.Request{Method: c.Method(), Host: string(c.Request().Host()), Header: http.Header{}}
		for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
			if v := c.Get(name); v != "" {
				req.Header.Set(name, v)
			}
		}
		if err := protection.Check(req); err != nil {
			return telemetry.Errorf(telemetry.CodeForbiddenOrigin, "A page of another origin may not change anything here.").Because(err)
		}
		return c.Next()
	}
}

func (s *Server) asset(c *fiber.Ctx) error {
	body, contentType, ok := s.o.Assets.Open(c.Path())
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return c.Send(body)
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if len(host) > 1 && host[0] == '[' {
		host = host[1 : len(host)-1]
	}
	if host == "localhost" || (len(host) > len(".localhost") && host[len(host)-len(".localhost"):] == ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
