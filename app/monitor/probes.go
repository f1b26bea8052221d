// Package monitor answers the programs that watch this one: whether it lives,
// whether it is ready, and its figures for Prometheus. It names no repository
// and no person, and decides nothing.
package monitor

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/singleflight"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/telemetry"
)

// The addresses.
const (
	HealthPath = "/healthz"
	ReadyPath  = "/readyz"
)

// Readiness says why the program cannot answer from its database, nil where it can.
type Readiness interface {
	Ready(ctx context.Context) error
}

// readyTime is how long the database has to answer a probe.
const readyTime = 3 * time.Second

// Probes are the routes of the probes. They need no sign-in: what starts and
// stops programs has none, and they tell nothing of what is stored.
func Probes(db Readiness, log *slog.Logger) []server.Route {
	p := &probes{db: db, log: log, within: readyTime}
	route := func(path string, handle fiber.Handler) server.Route {
		return server.Route{Method: fiber.MethodGet, Path: path, Needs: telemetry.RoleAnyone, Probe: true, Handle: handle}
	}
	return []server.Route{route(HealthPath, health), route(ReadyPath, p.ready)}
}

type probes struct {
	db     Readiness
	log    *slog.Logger
	within time.Duration
	asked  singleflight.Group
	failed atomic.Bool // the last time
}

// health answers without the database: restarting the program would not help
// that.
func health(c *fiber.Ctx) error { return say(c, fiber.StatusOK, "ok") }

// ready answers whether the program can serve people. Those who ask at the same
// time share one question to the database, so that a flood of probes costs no more.
func (p *probes) ready(c *fiber.Ctx) error {
	_, err, _ := p.asked.Do("", func() (any, error) { return nil, p.ask(context.WithoutCancel(c.UserContext())) })
	switch {
	case err == nil:
		return say(c, fiber.StatusOK, "ready")
	case errors.Is(err, context.DeadlineExceeded):
		return say(c, fiber.StatusServiceUnavailable, "The database has not answered in time. Check that it runs and is reachable.")
	}
	return say(c, fiber.StatusServiceUnavailable, telemetry.Sentence(err))
}

// ask asks the database, and logs where the answer is another one than before.
func (p *probes) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.within)
	defer cancel()
	err := telemetry.Guard("readiness", func() error { return p.db.Ready(ctx) })
	switch was := p.failed.Swap(err != nil); {
	case err != nil && !was:
		p.log.Warn("not ready", "err", err)
	case err == nil && was:
		p.log.Info("ready again")
	}
	return err
}

// say answers with a line of text that nobody keeps.
func say(c *fiber.Ctx, status int, text string) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(status).SendString(text + "\n")
}
