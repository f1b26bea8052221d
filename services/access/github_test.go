package access_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

const callback = "http://127.0.0.1:5000/sign-in/github/callback"

// githubHouse is a house whose people sign in at a GitHub that is played.
type githubHouse struct {
	house
	player *githubtest.OAuth
	github *access.GitHub
}

func newGitHubHouse(t *testing.T) githubHouse {
	t.Helper()
	player := githubtest.NewOAuth("client", "secret")
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	h := newHouse(t, func(o *access.Options) {
		o.Rules = access.Rules{
			Admins:    []access.Member{{Login: "mona"}},
			Operators: []access.Member{{Org: "acme", Team: "appsec"}},
			Viewers:   []access.Member{{Org: "acme"}},
		}
	})
	return githubHouse{h, player, access.NewGitHub(access.GitHubOptions{
		ClientID: "client", Secret: "secret", Web: server.URL, API: server.URL + "/api/v3", States: h.db, Gate: h.Gate,
	})}
}

// goes begins a sign-in and returns what GitHub sends the browser back with.
func (h githubHouse) goes() access.Back {
	h.t.Helper()
	address, browser, err := h.github.Begin(h.t.Context(), callback, "/issues?q=a", "")
	if err != nil {
		h.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), callback+"?") {
		h.t.Fatalf("GitHub answers %s and leads to %q, %v", resp.Status, to, err)
	}
	q := to.Query()
	return access.Back{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Browser: browser}
}

// TestWhoSignsInAtGitHub: the role is the highest of those that the rules give,
// and only an active membership counts.
func TestWhoSignsInAtGitHub(t *testing.T) {
	h := newGitHubHouse(t)
	h.player.Member("acme/appsec", "noor", "active")
	h.player.Member("acme", "vera", "active")
	h.player.Member("acme", "pia", "pending")
	h.player.Member("acme/appsec", "pia", "pending")
	for login, role := range map[string]telemetry.Role{"Mona": "admin", "noor": "operator", "vera": "viewer", "pia": "", "stranger": ""} {
		h.player.Is(login)
		p, back, err := h.github.End(t.Context(), callback, h.goes())
		if role == "" {
			if telemetry.CodeOf(err) != telemetry.CodeForbidden || p.Known() {
				t.Errorf("%s: %+v, %v", login, p, err)
			}
			continue
		}
		if err != nil || p.Name != login || p.Role != role || p.Way != telemetry.EntryGitHub || back != "/issues?q=a" {
			t.Errorf("%s: %+v, %q, %v", login, p, back, err)
		}
	}
}

// TestTeamsOfWhoSignsIn are those in which they are, of all pages, and not known
// where GitHub does not say.
func TestTeamsOfWhoSignsIn(t *testing.T) {
	h := newGitHubHouse(t)
	h.player.Is("mona")
	teams := func() []string {
		t.Helper()
		p, _, err := h.github.End(t.Context(), callback, h.goes())
		if err != nil {
			t.Fatal(err)
		}
		return p.Teams
	}
	if got := teams(); got == nil || len(got) != 0 {
		t.Errorf("in no team: %#v", got)
	}
	h.player.Member("acme/appsec", "noor", "active")
	h.player.Member("acme/later", "mona", "pending")
	want := []string{}
	for n := range 230 {
		want = append(want, fmt.Sprintf("acme/team-%03d", n))
		h.player.Member(want[n], "mona", "active")
	}
	if got := teams(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	h.player.HidesTeams()
	if got := teams(); got != nil {
		t.Errorf("GitHub refuses to say: %q", got)
	}
}

// TestASignInThatIsNotIts: a state is taken once, from the browser that began,
// within ten minutes, and with the code that belongs to it.
func TestASignInThatIsNotIts(t *testing.T) {
	h := newGitHubHouse(t)
	h.player.Is("mona")
	refused := func(what string, b access.Back, says string) {
		t.Helper()
		if p, _, err := h.github.End(t.Context(), callback, b); telemetry.CodeOf(err) != telemetry.CodeUnauthenticated || p.Known() ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
	}
	used := h.goes()
	if _, _, err := h.github.End(t.Context(), callback, used); err != nil {
		t.Fatal(err)
	}
	refused("replayed", used, "used before")
	foreign := h.goes()
	foreign.Browser = h.goes().Browser
	refused("of another browser", foreign, "another browser")
	bare := h.goes()
	bare.Browser = ""
	refused("without the cookie", bare, "another browser")
	refused("made up", access.Back{State: "x", Code: "y", Browser: "z"}, "Sign in again")
	mixed, other := h.goes(), h.goes()
	mixed.Code = other.Code
	refused("with the code of another sign-in", mixed, "bad_verification_code")
	late := h.goes()
	h.pass(10 * time.Minute)
	refused("ten minutes later", late, "ten minutes")
	h.player.Denies()
	refused("denied", h.goes(), "canceled")
}

// TestLocalPath: where a sign-in may end.
func TestLocalPath(t *testing.T) {
	for text, want := range map[string]string{
		"": "/", "/": "/", "/issues?q=is%3Aopen&page=2": "/issues?q=is%3Aopen&page=2", "/sign-in": "/", "/api/stats": "/", "/actions/refresh": "/",
	} {
		if got, err := access.LocalPath(text); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "issues", "/a\nb", "/\t/evil.example",
		"http:/evil.example", "/" + strings.Repeat("a", 2001), "/%zz",
	} {
		if got, err := access.LocalPath(text); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("%q is taken for %q, %v", text, got, err)
		}
	}
}
