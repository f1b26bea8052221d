package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/static"
)

// site is the real server over a store, and the yardstick.
type site struct {
	address, yardstick string
	versions           atomic.Pointer[map[string]uint64]
	bare               atomic.Pointer[answer]
	stop               context.CancelFunc
	ended              chan error
	app                *fiber.App
}

// serve wires the server as the program does, with no upstream.
func serve(ctx context.Context, db *store.Store) (*site, error) {
	ctx, stop := context.WithCancel(ctx)
	s := &site{stop: stop, ended: make(chan error, 2)}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		stop()
		return nil, err
	}
	s.address = ln.Addr().String()
	versions := db.Versions()
	s.versions.Store(&versions)
	log := slog.New(slog.DiscardHandler)
	jobs := ingest.New(ctx, ingest.Options{Store: derive.New(db), Log: log, Now: clock, NewID: func() string { return "1" }})
	surface := &api.API{
		Dashboard:   dashboard.New(storetest.Reading(db)),
		Jobs:        jobs,
		Scope:       derive.New(db),
		Description: static.OpenAPI(),
		Now:         clock,
	}
	assets := static.New()
	pages := web.New(web.Options{
		Dashboard: surface.Dashboard,
		Jobs:      jobs,
		Changes:   db,
		Assets:    assets,
		Now:       clock,
		Settings: web.Settings{
			GitHubWeb:       "https://github.com",
			DevinWeb:        "https://app.devin.ai",
			RefreshInterval: 5 * time.Minute,
			PollInterval:    30 * time.Second,
		},
	})
	var routes []server.Route
	for _, r := range surface.Routes() {
		routes = append(routes, server.Route(r))
	}
	routes = append(routes, pages.Routes()...)
	srv := server.New(server.Options{
		Log:         log,
		BuildID:     "bench",
		DatabaseID:  db.ID(),
		Versions:    func() map[string]uint64 { return *s.versions.Load() },
		RenderError: pages.RenderError,
		Access:      access.Everyone("you"),
		Assets:      assets,
		ListenAddr:  s.address,
		Now:         clock,
	}, routes)
	go func() { s.ended <- srv.Serve(ctx, ln) }()
	return s, s.serveBare(ctx)
}

// raise raises every version, which makes every answer a first one.
func (s *site) raise() {
	versions := maps.Clone(*s.versions.Load())
	for topic := range versions {
		versions[topic]++
	}
	s.versions.Store(&versions)
}

// serveBare serves the yardstick: a handler that sets the headers and the
// body of one answer, on Fiber as the server configures it.
func (s *site) serveBare(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.yardstick = ln.Addr().String()
	s.app = fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, CaseSensitive: true, ReadBufferSize: 16 << 10})
	s.app.Get("/*", func(c *fiber.Ctx) error {
		a := s.bare.Load()
		for _, h := range a.headers {
			c.Response().Header.Set(h[0], h[1])
		}
		c.Response().SetBodyRaw(a.body)
		c.Status(a.status)
		return nil
	})
	go func() { s.ended <- s.app.Listener(ln) }()
	return nil
}

// pretend makes the yardstick return an answer of the server.
func (s *site) pretend(a *answer) {
	bare := &answer{status: a.status, body: a.body}
	for _, h := range a.headers {
		if h[0] != fiber.HeaderDate && h[0] != fiber.HeaderServer {
			bare.headers = append(bare.headers, h)
		}
	}
	s.bare.Store(bare)
}

func (s *site) close() error {
	err := s.app.ShutdownWithTimeout(time.Second)
	s.stop()
	return errors.Join(err, <-s.ended, <-s.ended)
}

// startProfile writes a CPU profile until end is called; "" writes none.
func startProfile(path string) (end func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // the profile is a help, not a result
	}, nil
}
