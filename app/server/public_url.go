package server

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

// publicURL is the address at which people open the program behind a proxy. Its
// base is the path of it, "" at the root of a host. The program knows its own
// addresses without the base: inward removes it from a request, whether or not
// the proxy has done so already, and outward puts it before every address in
// an answer.
type publicURL struct{ origin, base string }

func publicOf(address string) publicURL {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return publicURL{}
	}
	return publicURL{u.Scheme + "://" + u.Host, strings.TrimRight(u.EscapedPath(), "/")}
}

// CheckPublicURL refuses an address whose path begins like that of a route:
// such a request could mean either.
func CheckPublicURL(address string, routes []Route) error {
	first := firstStep(publicOf(address).base)
	if first == "" || first != firstStep(staticPath) &&
		!slices.ContainsFunc(routes, func(r Route) bool { return firstStep(r.Path) == first }) {
		return nil
	}
	return telemetry.Errorf(telemetry.CodeInvalid,
		"PUBLIC_URL has the path /%[1]s, and the dashboard has pages of its own under /%[1]s. "+
			"Serve it under another path, for example /dashboard, and set PUBLIC_URL to that.", first)
}

// firstStep is the first step of a path, "" of the root.
func firstStep(path string) string {
	step, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return step
}

// without is an address as the program knows it.
func (p publicURL) without(address []byte) []byte {
	rest, ok := bytes.CutPrefix(address, []byte(p.base))
	switch {
	case !ok || p.base == "":
		return address
	case len(rest) == 0:
		return []byte("/")
	case rest[0] == '?':
		return append([]byte("/"), rest...)
	case rest[0] == '/':
		return rest
	}
	return address // it only begins with the same letters
}

// with is an address as browsers use it; one that leads elsewhere, or has the
// base already, stays.
func (p publicURL) with(address string) string {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || firstStep(address) == firstStep(p.base) {
		return address
	}
	return p.base + address
}

// inward makes a request one to the program itself, its Referer included.
func (p publicURL) inward(r *fasthttp.Request) {
	if p.origin == "" {
		return
	}
	if came, ok := bytes.CutPrefix(r.Header.Peek(fiber.HeaderReferer), []byte(p.origin+"/")); ok {
		r.Header.Set(fiber.HeaderReferer, "http://"+string(r.Header.Host())+string(p.without(append([]byte("/"), came...))))
	}
	if p.base == "" {
		return
	}
	if asked := r.Header.RequestURI(); len(asked) > 0 {
		r.SetRequestURI(string(p.without(asked)))
	}
}

// outward puts the base before the addresses of this server in an answer.
func (p publicURL) outward(r *fasthttp.Response) {
	if p.base == "" {
		return
	}
	for _, name := range []string{fiber.HeaderLocation, "HX-Push-Url", "HX-Redirect"} {
		if address := r.Header.Peek(name); len(address) > 0 {
			r.Header.Set(name, p.with(string(address)))
		}
	}
	for key, value := range r.Header.Cookies() {
		cookie := fasthttp.AcquireCookie()
		if cookie.ParseBytes(value) == nil && string(cookie.Path()) == "/" {
			cookie.SetKeyBytes(key)
			cookie.SetPath(p.base)
			r.Header.SetCookie(cookie)
		}
		fasthttp.ReleaseCookie(cookie)
	}
	if !r.IsBodyStream() && bytes.HasPrefix(r.Header.ContentType(), []byte("text/html")) {
		r.SetBody(p.document(r.Body()))
	}
}

// document puts the base before the addresses in HTML. A quote in a text is
// escaped, so that =" stands in tags only.
func (p publicURL) document(html []byte) []byte {
	out := make([]byte, 0, len(html)+len(html)/8)
	for {
		at := bytes.Index(html, []byte(`="/`))
		if at < 0 {
			return append(out, html...)
		}
		out = append(out, html[:at+2]...)
		if address := html[at+2:]; holdsAddress(html[:at]) && !bytes.HasPrefix(address, []byte("//")) {
			out = append(out, p.base...)
		}
		html = html[at+2:]
	}
}

// holdsAddress reports whether a tag ends, so far, with the name of an
// attribute that holds an address.
func holdsAddress(tag []byte) bool {
	switch string(tag[bytes.LastIndexAny(tag, " \t\n")+1:]) {
	case "href", "src", "action", "formaction", "hx-get", "hx-post", "hx-push-url", "data-base", "data-events", "data-copy", "data-try":
		return true
	}
	return false
}
