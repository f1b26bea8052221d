package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

// protect sets the headers that protect every answer, and the rule of
// caching where the answer has none: kept by the browser alone, and asked
// about each time.
func protect(h *fasthttp.ResponseHeader) {
	h.Set(fiber.HeaderContentSecurityPolicy,
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	h.Set(fiber.HeaderReferrerPolicy, "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if len(h.Peek(fiber.HeaderCacheControl)) == 0 {
		h.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
}

// guard refuses who may not ask.
//
// A Host that is not this machine is refused while the server listens on
// loopback only: a page elsewhere could otherwise reach it by DNS rebinding.
// An unsafe method is refused to pages of other origins, by the rules of
// net/http's CrossOriginProtection.
func (s *Server) guard(c *fiber.Ctx) error {
	host := c.Request().Host()
	if s.onLoopback && string(host) != s.o.ListenAddr && !loopback(string(host)) {
		return telemetry.Errorf(telemetry.CodeUnknownHost,
			"This server listens on this machine only and does not answer to that Host. Open it as http://localhost or http://127.0.0.1 with its port.")
	}
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	req := &http.Request{Method: c.Method(), Host: string(host), Header: http.Header{}}
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if v := c.Get(name); v != "" {
			req.Header.Set(name, v)
		}
	}
	if err := s.origins.Check(req); err != nil {
		return telemetry.Errorf(telemetry.CodeForbiddenOrigin,
			"A page of another origin may not change anything here. Use the dashboard's own pages, or a client that is no browser.").Because(err)
	}
	return nil
}

// loopback tells whether an address or Host names this machine only:
// 127.0.0.0/8, ::1, localhost and *.localhost (RFC 6761), with a port or
// without.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
