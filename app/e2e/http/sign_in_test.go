package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/github/githubtest"
)

// browser is one that signs in, with the cookies that it keeps.
type browser struct {
	*program.Program
	host, base string
	cookies    map[string]*http.Cookie
}

// ask makes a request to the address that people use, which a proxy before the
// program would pass on.
func (b *browser) ask(method, path, form string) (program.Reply, string) {
	b.T.Helper()
	headers := []string{"Accept", "text/html"}
	if method != http.MethodGet {
		headers = append(headers, "Origin", "https://"+b.host)
	}
	req := b.Request(method, strings.TrimPrefix(path, b.base), form, headers...)
	req.Host = b.host
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	res, err := b.Client().Do(req)
	if err != nil {
		b.T.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	return program.Reply{StatusCode: res.StatusCode, Header: res.Header}, string(body)
}

// goes follows the sign-in to GitHub and returns the path with which GitHub leads back.
func (b *browser) goes(redirect string) string {
	b.T.Helper()
	res, body := b.ask("GET", b.base+"/sign-in/github?redirect="+url.QueryEscape(redirect), "")
	if res.StatusCode != http.StatusSeeOther {
		b.T.Fatalf("the sign-in begins with %d %s", res.StatusCode, body)
	}
	req, err := http.NewRequestWithContext(b.T.Context(), http.MethodGet, res.Header.Get("Location"), http.NoBody)
	if err != nil {
		b.T.Fatal(err)
	}
	back, err := b.Client().Do(req)
	if err != nil {
		b.T.Fatal(err)
	}
	defer back.Body.Close()
	path, ours := strings.CutPrefix(back.Header.Get("Location"), "https://"+b.host+b.base+"/")
	if !ours {
		b.T.Fatalf("GitHub leads back to %q", back.Header.Get("Location"))
	}
	return b.base + "/" + path
}

// TestSigningInWithGitHub plays it over the wire, at the root of a host and under
// a path: what the cookies are called and may be sent to, that a sign-in is taken
// once and from one browser, that a new one replaces the old, and that signing
// out everywhere ends all.
func TestSigningInWithGitHub(t *testing.T) {
	for name, tc := range map[string]struct{ base, cookie, path string }{
		"at the root":  {"", "__Host-dashboard_session", "/"},
		"under a path": {"/board", "__Secure-dashboard_session", "/board"},
	} {
		t.Run(name, func(t *testing.T) {
			player := githubtest.NewOAuth("client", "secret")
			player.Is("mona")
			player.Member("acme", "mona", "active")
			github := httptest.NewServer(player)
			t.Cleanup(github.Close)
			p := program.Start(t, program.Settings{
				"PUBLIC_URL": "https://dash.example" + tc.base, "GITHUB_API_URL": github.URL + "/api/v3",
				"GITHUB_OAUTH_CLIENT_ID": "client", "GITHUB_OAUTH_CLIENT_SECRET": "secret", "ACCESS_OPERATORS": "acme/*",
			})
			open := func() *browser {
				return &browser{Program: p, host: "dash.example", base: tc.base, cookies: map[string]*http.Cookie{}}
			}
			b := open()
			if res, _ := b.ask("GET", tc.base+"/issues", ""); res.StatusCode != 303 || res.Header.Get("Location") != tc.base+"/sign-in?redirect=%2Fissues" {
				t.Errorf("a stranger: %d to %q", res.StatusCode, res.Header.Get("Location"))
			}
			for _, elsewhere := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
				if res, body := b.ask("GET", tc.base+"/sign-in/github?redirect="+url.QueryEscape(elsewhere), ""); res.StatusCode != 400 ||
					!strings.Contains(body, "Nobody was signed in") {
					t.Errorf("a redirect to %s: %d", elsewhere, res.StatusCode)
				}
			}
			back := b.goes("/issues?q=is:open")
			if state := b.cookies[tc.cookie+"_state"]; state == nil || state.Path != tc.path || !state.HttpOnly || !state.Secure || state.SameSite != http.SameSiteLaxMode {
				t.Errorf("before GitHub the browser has %v", b.cookies)
			}
			if res, body := open().ask("GET", back, ""); res.StatusCode != 401 || !strings.Contains(body, "began in another browser") {
				t.Errorf("another browser with this sign-in: %d", res.StatusCode)
			}
			back = b.goes("/issues?q=is:open")
			res, _ := b.ask("GET", back, "")
			in := b.cookies[tc.cookie]
			if res.StatusCode != 303 || res.Header.Get("Location") != tc.base+"/issues?q=is:open" || len(b.cookies) != 1 || in == nil {
				t.Fatalf("signed in: %d to %q with %v", res.StatusCode, res.Header.Get("Location"), b.cookies)
			}
			if in.Path != tc.path || in.Domain != "" || !in.HttpOnly || !in.Secure || in.SameSite != http.SameSiteLaxMode || in.MaxAge < 3600 {
				t.Errorf("the cookie is %v", in)
			}
			if res, body := b.ask("GET", back, ""); res.StatusCode != 401 || !strings.Contains(body, "was used before") {
				t.Errorf("the same sign-in again: %d", res.StatusCode)
			}
			if res, body := b.ask("GET", tc.base+"/issues", ""); res.StatusCode != 200 || !strings.Contains(body, "Signed in as mona") {
				t.Errorf("signed in: %d", res.StatusCode)
			}
			before := *in
			b.ask("GET", b.goes("/"), "")
			old := open()
			old.cookies[before.Name] = &before
			if res, _ := old.ask("GET", tc.base+"/api/issues", ""); res.StatusCode != 401 || b.cookies[tc.cookie].Value == before.Value {
				t.Errorf("the session before the second sign-in still holds: %d", res.StatusCode)
			}
			other := open()
			other.ask("GET", other.goes("/"), "")
			if res, _ := b.ask("POST", tc.base+"/actions/sign-out-everywhere", ""); res.StatusCode != 303 || len(b.cookies) != 0 {
				t.Errorf("signed out with %d and %v", res.StatusCode, b.cookies)
			}
			if res, _ := other.ask("GET", tc.base+"/api/issues", ""); res.StatusCode != 401 {
				t.Errorf("the other browser after signing out everywhere: %d", res.StatusCode)
			}
		})
	}
}
