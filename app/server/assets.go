package server

import (
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Assets are the front-end files by their hashed path.
type Assets interface {
	Open(path string) (body []byte, contentType string, ok bool)
}

func (s *Server) asset(c *fiber.Ctx) error {
	body, contentType, ok := s.o.Assets.Open(c.Path())
	if !ok {
		return telemetry.Errorf(telemetry.CodeNotFound, "Not found: %s.", telemetry.Shown(c.Path()))
	}
	e, _ := s.answers.Get(c.Path())
	if e == nil {
		e = &answer{body: body, contentType: contentType}
		s.answers.Put(c.Path(), e, e.size())
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	e.send(c)
	return nil
}
