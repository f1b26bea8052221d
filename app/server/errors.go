package server

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime/debug"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Status is the HTTP status of an error code: the one place that says so.
func Status(code telemetry.Code) int {
	switch code {
	case telemetry.CodeInvalid, telemetry.CodeMissingSetting, telemetry.CodeNoPast:
		return fiber.StatusBadRequest
	case telemetry.CodeSignature, telemetry.CodeUnauthenticated:
		return fiber.StatusUnauthorized
	case telemetry.CodeForbiddenOrigin, telemetry.CodeForbidden:
		return fiber.StatusForbidden
	case telemetry.CodeNotFound:
		return fiber.StatusNotFound
	case telemetry.CodeMethod:
		return fiber.StatusMethodNotAllowed
	case telemetry.CodeConflict:
		return fiber.StatusConflict
	case telemetry.CodePruned:
		return fiber.StatusGone
	case telemetry.CodeTooLarge:
		return fiber.StatusRequestEntityTooLarge
	case telemetry.CodeUnsupportedMedia:
		return fiber.StatusUnsupportedMediaType
	case telemetry.CodeUnknownHost:
		return fiber.StatusMisdirectedRequest
	case telemetry.CodeRateLimited:
		return fiber.StatusTooManyRequests
	case telemetry.CodeUpstreamDown, telemetry.CodeUpstreamBroken, telemetry.CodeUpstreamToken,
		telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamNotFound, telemetry.CodeUpstreamRejected, telemetry.CodeOutcomeUnknown:
		return fiber.StatusBadGateway
	case telemetry.CodeStopping, telemetry.CodeUnavailable, telemetry.CodeOverloaded:
		return fiber.StatusServiceUnavailable
	case telemetry.CodeUpstreamTimeout:
		return fiber.StatusGatewayTimeout
	}
	return fiber.StatusInternalServerError
}

// fail writes an error in the form of its caller: JSON under /api/, else
// what RenderError makes of it.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	err = s.refused(c, err)
	if c.Method() == fiber.MethodOptions && errors.Is(err, fiber.ErrMethodNotAllowed) {
		c.Response().ResetBody()
		c.Append(fiber.HeaderAllow, fiber.MethodOptions)
		s.protect(&c.Response().Header)
		c.Status(fiber.StatusNoContent)
		return nil
	}
	e, status := s.public(c, err)
	if status >= fiber.StatusInternalServerError && e.Code != telemetry.CodeOverloaded { // logged by its source, not each time
		s.o.Log.Warn("a request failed", "method", c.Method(), "path", c.Path(), "status", status, "code", e.Code, "err", err,
			"request", requestID(c))
	}
	h := &c.Response().Header
	h.Del(fiber.HeaderETag)
	h.Del(fiber.HeaderCacheControl)
	h.Del(fiber.HeaderContentEncoding)
	s.protect(h)
	if e.Code == telemetry.CodeRateLimited || e.Code == telemetry.CodeOverloaded {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
	}
	if s.toSignIn(c, e) {
		c.Set(fiber.HeaderLocation, s.o.SignIn(string(c.Request().Header.RequestURI())))
		c.Status(fiber.StatusSeeOther)
		c.Response().ResetBody()
		vary(c)
		s.front.outward(c.Response())
		return nil
	}
	if status == fiber.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	body, contentType := errorJSON(e, requestID(c)), "application/json; charset=utf-8"
	if s.o.RenderError != nil && !s.asksProgram(c) {
		body, contentType = s.o.RenderError(c, status, e.Message)
	}
	c.Set(fiber.HeaderContentType, contentType)
	vary(c)
	if err := c.Status(status).Send(body); err != nil {
		return err
	}
	s.front.outward(c.Response())
	return nil
}

// asksProgram reports whether programs ask the address of a request, and not
// people in a browser.
func (s *Server) asksProgram(c *fiber.Ctx) bool {
	return isAPI(c) || s.hooks.at(c.Request().URI().PathOriginal()) || s.probes[c.Path()] || s.feeds[c.Route().Path]
}

// refused is the error of a request that met no handler. A client that may
// not ask learns that, and not whether the address exists.
func (s *Server) refused(c *fiber.Ctx, err error) error {
	if f, ok := errors.AsType[*fiber.Error](err); ok && (f.Code == fiber.StatusNotFound || f.Code == fiber.StatusMethodNotAllowed) {
		if guarded := s.guard(c, false); guarded != nil {
			return guarded
		}
		if err := s.enter(c, telemetry.RoleViewer, false); err != nil {
			return err
		}
	}
	return err
}

// errorJSON is an error as JSON; request is the id of its request, "" without one.
func errorJSON(e *telemetry.Error, request string) []byte {
	answer := map[string]string{"error": e.Message, "code": string(e.Code)}
	if request != "" {
		answer["request_id"] = request
	}
	if e.JobID != "" {
		answer["job"] = e.JobID
	}
	body, _ := json.Marshal(answer) // texts only
	return body
}

// public is what a client may know of an error, and its status.
func (s *Server) public(c *fiber.Ctx, err error) (*telemetry.Error, int) {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e, Status(e.Code)
	}
	if f, ok := errors.AsType[*fiber.Error](err); ok && f.Code >= 400 && f.Code < 500 {
		return s.requestError(c, f.Code), f.Code
	}
	e := telemetry.Errorf(telemetry.CodeInternal, "%s", telemetry.Sentence(err))
	switch {
	case errors.Is(err, context.Canceled) && s.stop.Err() != nil:
		e = telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Try again later.")
	case errors.Is(err, context.DeadlineExceeded):
		e = telemetry.Errorf(telemetry.CodeUnavailable,
			"The answer took longer than %d seconds. Try again, or request less at a time.", int(s.o.Timeout.Seconds()))
	}
	return e, Status(e.Code)
}

// requestError is the message for what Fiber refused.
func (s *Server) requestError(c *fiber.Ctx, status int) *telemetry.Error {
	switch status {
	case fiber.StatusNotFound:
		return telemetry.Errorf(telemetry.CodeNotFound, "Not found: %s.", telemetry.Shown(c.Path()))
	case fiber.StatusMethodNotAllowed:
		return telemetry.Errorf(telemetry.CodeMethod, "Method not allowed: %s does not accept %s.",
			telemetry.Shown(c.Path()), telemetry.Shown(string(c.Request().Header.Method())))
	case fiber.StatusRequestTimeout:
		return telemetry.Errorf(telemetry.CodeInvalid, "The request arrived too slowly. Send it again.")
	case fiber.StatusRequestEntityTooLarge:
		return s.tooLarge(c)
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return telemetry.Errorf(telemetry.CodeTooLarge,
			"The request's address and headers are larger than %d bytes. Shorten the address, or remove the cookies of this host.",
			readBuffer)
	}
	return telemetry.Errorf(telemetry.CodeInvalid, "The request cannot be read as HTTP. Send it again, or with another client.")
}

// panicked logs a panic with its stack and returns what to answer.
func (s *Server) panicked(path, request string, p any) error {
	s.o.Log.Error("a handler panicked", "path", path, "request", request, "panic", p, "stack", string(debug.Stack()))
	return errPanic
}

var errPanic = errors.New("a handler panicked")
