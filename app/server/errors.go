package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Status is the HTTP status of an error code: the one place that says so.
func Status(code telemetry.Code) int {
	switch code {
	case telemetry.CodeInvalid, telemetry.CodeMissingSetting:
		return fiber.StatusBadRequest
	case telemetry.CodeForbiddenOrigin:
		return fiber.StatusForbidden
	case telemetry.CodeNotFound:
		return fiber.StatusNotFound
	case telemetry.CodeMethod:
		return fiber.StatusMethodNotAllowed
	case telemetry.CodeConflict:
		return fiber.StatusConflict
	case telemetry.CodeTooLarge:
		return fiber.StatusRequestEntityTooLarge
	case telemetry.CodeUnknownHost:
		return fiber.StatusMisdirectedRequest
	case telemetry.CodeRateLimited:
		return fiber.StatusTooManyRequests
	case telemetry.CodeUpstreamDown, telemetry.CodeUpstreamBroken, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamNotFound, telemetry.CodeUpstreamRejected:
		return fiber.StatusBadGateway
	case telemetry.CodeStopping, telemetry.CodeUnavailable:
		return fiber.StatusServiceUnavailable
	case telemetry.CodeUpstreamTimeout:
		return fiber.StatusGatewayTimeout
	}
	return fiber.StatusInternalServerError
}

// fail writes an error in the form of its caller: JSON under /api/, else
// what RenderError makes of it.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	e := s.public(c, err)
	status := Status(e.Code)
	if status >= fiber.StatusInternalServerError {
		s.o.Log.Warn("a request failed", "method", c.Method(), "path", c.Path(), "status", status, "code", e.Code, "err", err)
	}
	if e.Code == telemetry.CodeRateLimited {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
	}
	c.Response().Header.Del(fiber.HeaderETag)
	if strings.HasPrefix(c.Path(), "/api/") || s.o.RenderError == nil {
		answer := map[string]string{"error": e.Message, "code": string(e.Code)}
		if e.JobID != "" {
			answer["job"] = e.JobID
		}
		body, _ := json.Marshal(answer) // texts only
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
		return c.Status(status).Send(body)
	}
	body, contentType := s.o.RenderError(c, status, e.Message)
	c.Set(fiber.HeaderContentType, contentType)
	return c.Status(status).Send(body)
}

// public is what a client may know of an error.
func (s *Server) public(c *fiber.Ctx, err error) *telemetry.Error {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e
	}
	if f, ok := errors.AsType[*fiber.Error](err); ok {
		switch f.Code {
		case fiber.StatusNotFound:
			return telemetry.Errorf(telemetry.CodeNotFound, "There is nothing at %s.", clip(c.Path()))
		case fiber.StatusMethodNotAllowed:
			return s.methodError(c)
		case fiber.StatusRequestEntityTooLarge:
			return telemetry.Errorf(telemetry.CodeTooLarge, "The request's body is larger than %d bytes.", bodyLimit)
		}
		if f.Code >= 400 && f.Code < 500 {
			return telemetry.Errorf(telemetry.CodeInvalid, "The request cannot be read.")
		}
	}
	switch {
	case errors.Is(err, context.Canceled) && s.stop.Err() != nil:
		return telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Ask again when it is back.")
	case errors.Is(err, context.DeadlineExceeded):
		return telemetry.Errorf(telemetry.CodeUnavailable, "The answer took longer than %d seconds. Try again, or ask for less at once.", int(s.o.Timeout.Seconds()))
	}
	return telemetry.Errorf(telemetry.CodeInternal, "Something went wrong inside the program; its log has the cause. What was stored stays.")
}

func clip(path string) string {
	if len(path) > 100 {
		return strings.ToValidUTF8(path[:100], "") + "…"
	}
	return path
}

func (s *Server) wrongMethod(c *fiber.Ctx, methods []string) error {
	allowed := slices.Clone(methods)
	if slices.Contains(allowed, fiber.MethodGet) {
		allowed = append(allowed, fiber.MethodHead)
	}
	slices.Sort(allowed)
	c.Set(fiber.HeaderAllow, strings.Join(slices.Compact(allowed), ", "))
	return s.methodError(c)
}

func (s *Server) methodError(c *fiber.Ctx) *telemetry.Error {
	return telemetry.Errorf(telemetry.CodeMethod, "%s does not take %s.", clip(c.Path()), c.Method())
}
