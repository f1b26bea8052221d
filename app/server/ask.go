package server

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// asksUpstream reports whether a request may ask an upstream.
func asksUpstream(c *fiber.Ctx, r Route) bool {
	return r.Upstream || slices.ContainsFunc(r.UpstreamIn, c.Request().URI().QueryArgs().Has)
}

// ask calls a route's handler with its deadline, as one of a bounded number
// at a time.
func (s *Server) ask(c *fiber.Ctx, r Route) error {
	if r.Waits {
		ctx, cancel := untilAsked(c, s.stop)
		defer cancel()
		c.SetUserContext(s.asking(ctx, c))
		return s.handled(c, r)
	}
	through := s.inside
	if asksUpstream(c, r) {
		through = s.upstream
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.stop), s.o.Timeout)
	defer cancel()
	if !r.Probe {
		if err := through.enter(ctx); err != nil {
			return err
		}
		defer through.leave()
	}
	c.SetUserContext(s.asking(ctx, c))
	return s.handled(c, r)
}

// asking is a context of what a request asks for, in which ctx ends it.
func (s *Server) asking(ctx context.Context, c *fiber.Ctx) context.Context {
	return telemetry.AsRequest(telemetry.AsIn(ctx, c.UserContext()), requestID(c))
}

// handled calls a route's handler.
func (s *Server) handled(c *fiber.Ctx, r Route) error {
	if err := r.Handle(c); err != nil {
		return err
	}
	s.front.outward(c.Response())
	return nil
}
