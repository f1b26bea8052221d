package server

import (
	"testing"

	"github.com/gofiber/fiber/v2"
)

// TestPublicURL: the path of PUBLIC_URL is removed from a request, where the
// proxy has left it, and stands before every address of an answer.
func TestPublicURL(t *testing.T) {
	routes := func(*site) []Route {
		return []Route{
			{Method: "GET", Path: "/page", Topics: []string{"records"}, Handle: func(c *fiber.Ctx) error {
				c.Cookie(&fiber.Cookie{Name: "a", Value: "1", Path: "/"})
				c.Set("HX-Push-Url", "/page?x")
				c.Set(fiber.HeaderContentType, "text/html")
				return c.SendString(`<a href="/x" title="/x">href=&#34;/x</a><a
				href="https://example.org/y"></a><a href="//z"></a><form action="/f" hx-post="/f"><input value="/v">`)
			}},
			{Method: "GET", Path: "/", Handle: func(c *fiber.Ctx) error { return c.SendString("root " + c.OriginalURL()) }},
			{Method: "GET", Path: "/go", Handle: func(c *fiber.Ctx) error { return c.Redirect(c.Get("Referer")) }},
			{Method: "GET", Path: "/api/x", Handle: func(c *fiber.Ctx) error { return c.SendString(`{"file":"/x"}`) }},
			{Method: "GET", Path: "/dashed", Handle: func(c *fiber.Ctx) error { return c.SendString("dashed") }},
		}
	}
	s := serve(t, routes, func(o *Options) { o.PublicURL = "https://dash.example/dash" })
	const page = `<a href="/dash/x" title="/x">href=&#34;/x</a><a
				href="https://example.org/y"></a><a href="//z"></a><form action="/dash/f" hx-post="/dash/f"><input value="/v">`
	for path, want := range map[string]string{
		"/page": page, "/dash/page": page, "/dash/page?q": page,
		"/dash": "root /", "/dash/": "root /", "/dash?q=1": "root /?q=1", "/": "root /",
		"/api/x": `{"file":"/x"}`, "/dash/api/x": `{"file":"/x"}`, "/dashed": "dashed",
	} {
		for _, again := range []string{"", ", kept"} {
			r, body := s.do("GET", path)
			if r.StatusCode != 200 || body != want {
				t.Errorf("%s%s: %s %s", path, again, r.Status, body)
			}
			if want != page {
				continue
			}
			if r.Header.Get("Set-Cookie") != "a=1; path=/dash; SameSite=Lax" || r.Header.Get("HX-Push-Url") != "/dash/page?x" {
				t.Errorf("%s%s: %v", path, again, r.Header)
			}
		}
	}
	for referer, want := range map[string]string{"/x": "/dash/x", "/dash/x": "/dash/x", "https://example.org/": "https://example.org/",
		"https://dash.example/dash/x?y": "http://" + s.addr + "/x?y"} {
		if r, _ := s.do("GET", "/dash/go", "Referer: "+referer); r.Header.Get("Location") != want {
			t.Errorf("from %s to %s", referer, r.Header.Get("Location"))
		}
	}
	if r, body := s.do("GET", "/dash/nowhere"); r.StatusCode != 404 || body != "<p>404 Not found: /nowhere." {
		t.Errorf("an unknown page: %s %s", r.Status, body)
	}
	if r, body := s.say("GET /dash/api/x HTTP/1.1\r\nX\r\n\r\n"); r.StatusCode != 400 || body[0] != '{' {
		t.Errorf("what cannot be read: %s %s", r.Status, body)
	}
}

func TestPublicURLThatIsAPage(t *testing.T) {
	routes := []Route{{Path: "/"}, {Path: "/issues/:id"}, {Path: "/api/stats"}}
	for address, ok := range map[string]bool{
		"": true, "https://a.example": true, "https://a.example/dash": true,
		"https://a.example/tools/issues": true, "https://a.example/issue": true,
		"https://a.example/issues": false, "https://a.example/api/dash": false, "https://a.example/static": false,
	} {
		if err := CheckPublicURL(address, routes); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
