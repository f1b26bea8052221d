package server

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

// staticPath is where the front-end files are.
const staticPath = "/static/"

// answerHeader is in every answer of the program. Pages show no other: a
// proxy may answer in its place, for example with a sign-in page.
const answerHeader = "X-Telemetry-Dashboard"

// header is one as it is sent.
type header struct{ name, value []byte }

// protection are the headers that protect every answer, with their names in
// canonical form: most of what a hot answer costs is to set headers.
func protection() []header {
	var list []header
	for _, h := range [][2]string{
		{answerHeader, "1"},
		{
			fiber.HeaderContentSecurityPolicy,
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
				"manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		},
		{fiber.HeaderXContentTypeOptions, "nosniff"},
		{fiber.HeaderReferrerPolicy, "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	} {
		list = append(list, header{[]byte(h[0]), []byte(h[1])})
	}
	return list
}

// protect sets the headers that protect every answer, and the rule of
// caching where the answer has none: kept by the browser alone, and asked
// about each time.
func (s *Server) protect(h *fasthttp.ResponseHeader) {
	for _, p := range s.protection {
		h.SetCanonical(p.name, p.value)
	}
	if len(h.Peek(fiber.HeaderCacheControl)) == 0 {
		h.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
}

// guard refuses requests that are not allowed.
//
// A Host that is not the server's own is refused: a page elsewhere could
// otherwise reach it by DNS rebinding. Only the front-end files are served to
// any Host: they hold no data, and the page that refuses a Host needs them. An
// unsafe method is refused to pages of other origins, by the rules of
// net/http's CrossOriginProtection. A webhook may come by any name, since a page
// does not know the secret that it needs, and so may a probe, which tells no names.
func (s *Server) guard(c *fiber.Ctx, anyHost bool) error {
	host := string(c.Request().Host())
	if !anyHost && !s.knownHost(host, c.Context().LocalAddr()) && !strings.HasPrefix(c.Path(), staticPath) {
		return telemetry.Errorf(telemetry.CodeUnknownHost,
			"Unknown host %q. "+
				"Use an address of this dashboard, or add the host to ALLOWED_HOSTS (or set PUBLIC_URL) and restart.",
			telemetry.Shown(host))
	}
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	req := &http.Request{Method: c.Method(), Host: host, Header: http.Header{}}
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if v := c.Get(name); v != "" {
			req.Header.Set(name, v)
		}
	}
	if err := s.origins.Check(req); err != nil {
		return telemetry.Errorf(telemetry.CodeForbiddenOrigin,
			"Requests from pages of another origin are not allowed. Use the dashboard's own pages or a client other than a browser; "+
				"behind a proxy, set PUBLIC_URL to the address in the browser.").Because(err)
	}
	return nil
}

// hostSet are the hosts that the settings name, in lower case: with a port
// that one alone, without it any port.
func hostSet(o Options) map[string]bool {
	set := map[string]bool{strings.ToLower(o.ListenAddr): true}
	for _, host := range o.Hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = hostName(host)
		}
		set[strings.ToLower(host)] = true
	}
	if u, err := url.Parse(o.PublicURL); err == nil && u.Host != "" {
		set[strings.ToLower(u.Host)] = true
	}
	return set
}

// knownHost reports whether a Host is one of the settings, this machine's
// loopback, or the IP address to which the request came: an address cannot be
// rebound as a name can.
func (s *Server) knownHost(host string, local net.Addr) bool {
	if s.hosts[host] { // as most requests spell it
		return true
	}
	name := hostName(host)
	if s.hosts[strings.ToLower(host)] || s.hosts[name] || loopback(host) {
		return true
	}
	to, ok := local.(*net.TCPAddr)
	ip := net.ParseIP(name)
	return ok && ip != nil && ip.Equal(to.IP)
}

// loopback reports whether an address or Host, with a port or without, names this
// machine only: 127.0.0.0/8, ::1, localhost and *.localhost (RFC 6761).
func loopback(address string) bool {
	host := hostName(address)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// hostName is the name or IP address of a Host, in lower case, without port,
// brackets and the dot of the root.
func hostName(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
