package server

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// team is an access by tokens that are the names of people, of which some can be
// taken away.
type team struct {
	mu      sync.Mutex
	revoked map[string]bool
}

func (*team) Names() access.Names { return access.Names{Cookie: "session", Header: "X-User"} }

func (t *team) Identify(_ context.Context, c access.Credentials) (telemetry.Person, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(c.Authorization) == 0 {
		return telemetry.Person{}, nil
	}
	name := c.Authorization[0]
	if t.revoked[name] {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeUnauthenticated, "Revoked.")
	}
	_, role, _ := strings.Cut(name, "-")
	return telemetry.Person{Key: name, Name: name, Role: telemetry.Role(role)}, nil
}

// guarded has a route for each role, and one that forgot to say.
func guarded(*site) []Route {
	say := func(c *fiber.Ctx) error { return c.SendString("for " + telemetry.PersonOf(c.UserContext()).Key) }
	return []Route{
		{Method: "GET", Path: "/api/open", Needs: telemetry.RoleAnyone, Handle: say},
		{Method: "GET", Path: "/api/read", Needs: telemetry.RoleViewer, Topics: []string{"records"}, Handle: say},
		{Method: "POST", Path: "/api/act", Needs: telemetry.RoleOperator, Handle: say},
		{Method: "POST", Path: "/api/rule", Needs: telemetry.RoleAdmin, Handle: say},
		{Method: "GET", Path: "/api/forgotten", Needs: "forgotten", Handle: say},
		{Method: "GET", Path: "/page", Needs: telemetry.RoleViewer, Handle: say},
		{Method: "GET", Path: "/api/wait", Needs: telemetry.RoleViewer, Handle: say, Waits: true},
	}
}

func withTeam(o *Options) {
	o.Access = &team{}
	o.SignIn = func(back string) string { return "/sign-in?redirect=" + back }
}

// TestEachRouteIsForItsRole: who may do what, and what a refusal says.
func TestEachRouteIsForItsRole(t *testing.T) {
	s := serve(t, guarded, withTeam)
	for _, tc := range []struct {
		who, method, path string
		status            int
		says              string
	}{
		{"", "GET", "/api/open", 200, "for "}, {"", "GET", "/api/read", 401, `"unauthenticated"`}, {"", "POST", "/api/act", 401, "Authorization: Bearer"},
		{"", "GET", "/api/there-is-none", 401, "Sign in"}, {"", "GET", "/page", 303, ""},
		{"a-viewer", "GET", "/api/read", 200, "for a-viewer"}, {"a-viewer", "GET", "/api/wait", 200, "for a-viewer"},
		{"a-viewer", "POST", "/api/act", 403, "This needs the role operator, and a-viewer has the role viewer"},
		{"a-viewer", "POST", "/api/rule", 403, `"forbidden"`}, {"a-viewer", "GET", "/api/there-is-none", 404, "Not found"},
		{"b-operator", "POST", "/api/act", 200, "for b-operator"}, {"b-operator", "POST", "/api/rule", 403, "role admin"},
		{"c-admin", "POST", "/api/rule", 200, "for c-admin"}, {"c-admin", "GET", "/api/forgotten", 403, "role forgotten"},
		{"d-king", "GET", "/api/read", 403, "role king"},
	} {
		var headers []string
		if tc.who != "" {
			headers = []string{"Authorization: " + tc.who}
		}
		r, body := s.do(tc.method, tc.path, headers...)
		if r.StatusCode != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%q: %s %s: %s %s, want %d %s", tc.who, tc.method, tc.path, r.Status, body, tc.status, tc.says)
		}
		if asks := r.Header.Get("WWW-Authenticate"); (asks == "Bearer") != (tc.status == 401) {
			t.Errorf("%q: %s asks for %q", tc.who, tc.path, asks)
		}
	}
}

// TestStrangersAreLedToTheSignIn: a page leads there, and what scripts of a page
// ask for says it.
func TestStrangersAreLedToTheSignIn(t *testing.T) {
	s := serve(t, guarded, withTeam, func(o *Options) { o.PublicURL = "https://dash.example/board" })
	r, body := s.do("GET", "/board/page?q=a")
	if r.StatusCode != 303 || r.Header.Get("Location") != "/board/sign-in?redirect=/page?q=a" || body != "" || r.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s to %q: %q", r.Status, r.Header.Get("Location"), body)
	}
	for _, header := range []string{"HX-Request: true", "Accept: text/event-stream"} {
		if r, body := s.do("GET", "/page", header); r.StatusCode != 401 || !strings.Contains(body, "Sign in") {
			t.Errorf("with %s: %s %s", header, r.Status, body)
		}
	}
}

// TestATokenInAnAddressIsRefused, whatever its parameter is called and whoever asks.
func TestATokenInAnAddressIsRefused(t *testing.T) {
	s := serve(t, guarded, withTeam)
	for _, query := range []string{"access_token=x", "q=tdash_abc", "x=1&key=tdash%5Fabc"} {
		if r, body := s.do("GET", "/api/read?"+query, "Authorization: a-viewer"); r.StatusCode != 400 || !strings.Contains(body, "Revoke this one") {
			t.Errorf("%s: %s %s", query, r.Status, body)
		}
	}
}

// TestAnswersAreKeptForEachPerson: neither a kept answer nor an ETag of one
// person reaches another.
func TestAnswersAreKeptForEachPerson(t *testing.T) {
	s := serve(t, guarded, withTeam)
	first, _ := s.do("GET", "/api/read", "Authorization: a-viewer")
	tag := first.Header.Get("ETag")
	if r, _ := s.do("GET", "/api/read", "Authorization: a-viewer", "If-None-Match: "+tag); r.StatusCode != 304 {
		t.Errorf("the same person: %s", r.Status)
	}
	for _, other := range []string{"b-viewer", "a-operator"} {
		r, body := s.do("GET", "/api/read", "Authorization: "+other, "If-None-Match: "+tag)
		if r.StatusCode != 200 || body != "for "+other || r.Header.Get("ETag") == tag {
			t.Errorf("%s: %s %s", other, r.Status, body)
		}
	}
	if r, body := s.do("GET", "/api/read", "If-None-Match: "+tag); r.StatusCode != 401 || strings.Contains(body, "viewer") {
		t.Errorf("a stranger: %s %s", r.Status, body)
	}
	if cached := first.Header.Get("Cache-Control"); cached != "private, no-cache" {
		t.Errorf("shared caches may keep it: %q", cached)
	}
}

// TestARevokedTokenEndsItsStreams: the stream of whose token was revoked ends,
// and that of another goes on.
func TestARevokedTokenEndsItsStreams(t *testing.T) {
	people := &team{revoked: map[string]bool{}}
	ended := make(chan string, 2)
	s := serve(t, func(*site) []Route {
		return []Route{{Method: "GET", Path: "/events", Needs: telemetry.RoleViewer,
			Stream: func(*fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
				return func(ctx context.Context, w *bufio.Writer) error {
					who := telemetry.PersonOf(ctx).Key
					fmt.Fprintln(w, who)
					if err := w.Flush(); err != nil {
						return err
					}
					<-ctx.Done()
					ended <- who
					return nil
				}, nil
			}}}
	}, withTeam, func(o *Options) { o.Access = people }, withTimes(func(x *times) { x.entry = time.Millisecond }))
	for _, who := range []string{"a-viewer", "b-viewer"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addr+"/events", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", who)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != who+"\n" {
			t.Fatalf("%s reads %q, %v", who, line, err)
		}
	}
	people.mu.Lock()
	people.revoked["a-viewer"] = true
	people.mu.Unlock()
	if who := <-ended; who != "a-viewer" {
		t.Errorf("the stream of %s ended", who)
	}
	select {
	case who := <-ended:
		t.Errorf("the stream of %s ended, too", who)
	default:
	}
}
