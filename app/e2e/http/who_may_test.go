package http

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// asker is somebody who asks a route.
type asker struct {
	name    string
	role    telemetry.Role // "": no route lets them in but those that are open
	host    string         // "" is that of the program
	origin  string         // of the page that sends it, "" for none
	token   string
	named   string // in the proxy's header, from an address that is no proxy
	refused string // the code of the error that every route, or every one that writes, answers with
}

// tokens puts access tokens into a new database: one of each role, and two that have ended.
func tokens(t *testing.T, database string) map[string]string {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	gate := access.New(access.Options{Sessions: db, Tokens: db, Usage: db, Now: time.Now})
	by := telemetry.Person{Key: "you", Name: "you", Role: telemetry.RoleAdmin}
	secrets := map[string]string{}
	for _, name := range []string{"viewer", "operator", "admin", "revoked"} {
		role := telemetry.Role(name)
		if name == "revoked" {
			role = telemetry.RoleAdmin
		}
		made, secret, err := gate.NewToken(t.Context(), by, name, role, 1)
		if err != nil {
			t.Fatal(err)
		}
		secrets[name] = secret
		if name == "revoked" {
			if _, err := gate.RevokeToken(t.Context(), by, made.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	past := access.New(access.Options{Sessions: db, Tokens: db, Usage: db, Now: func() time.Time { return time.Now().AddDate(0, 0, -2) }})
	if _, secrets["expired"], err = past.NewToken(t.Context(), by, "expired", telemetry.RoleAdmin, 1); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return secrets
}

// TestWhoMayAskWhat asks every route of the program, as itself and under a path
// of another host, on behalf of everybody who may come.
func TestWhoMayAskWhat(t *testing.T) {
	for name, public := range map[string]string{"as itself": "", "under a path": "http://dash.example/board"} {
		t.Run(name, func(t *testing.T) {
			database := "sqlite:" + filepath.Join(t.TempDir(), "dashboard.db")
			secrets := tokens(t, database)
			p := program.Start(t, program.Settings{
				"DATABASE_URL": database, "PUBLIC_URL": public, "ACCESS_PROXY_HEADER": "X-Who", "ACCESS_PROXIES": "127.0.0.9",
			})
			all := routes()
			if len(all) < 100 {
				t.Fatalf("%d routes", len(all))
			}
			for _, a := range []asker{
				{name: "a stranger", refused: "unauthenticated"},
				{name: "a viewer", role: telemetry.RoleViewer, token: secrets["viewer"], refused: "forbidden"},
				{name: "an operator", role: telemetry.RoleOperator, token: secrets["operator"], refused: "forbidden"},
				{name: "an admin", role: telemetry.RoleAdmin, token: secrets["admin"]},
				{name: "an expired token", token: secrets["expired"], refused: "unauthenticated"},
				{name: "a revoked token", token: secrets["revoked"], refused: "unauthenticated"},
				{name: "an unknown token", token: secrets["admin"] + "x", refused: "unauthenticated"},
				{name: "another origin", role: telemetry.RoleAdmin, token: secrets["admin"], origin: "https://evil.example", refused: "forbidden_origin"},
				{name: "another host", token: secrets["admin"], host: "evil.example", refused: "unknown_host"},
				{name: "a proxy that is none", token: secrets["admin"], named: "mona", refused: "forbidden"},
			} {
				for _, r := range all {
					asks(p, a, r, public)
				}
			}
		})
	}
}

// asks has one ask a route.
func asks(p *program.Program, a asker, r server.Route, public string) {
	p.T.Helper()
	path := strings.NewReplacer(":owner", "a", ":repo", "b", ":name", "b", ":number", "1", ":id", "none", ":file", "a.json").Replace(r.Path)
	req := p.Request(r.Method, path, "", "HX-Request", "true")
	host, under, ok := strings.Cut(strings.TrimPrefix(public, "http://"), "/")
	if ok {
		req.Host, req.URL.Path = host, "/"+under+path
	}
	if a.host != "" {
		req.Host = a.host
	}
	for name, value := range map[string]string{"Authorization": a.token, "Origin": a.origin, "X-Who": a.named} {
		if name == "Authorization" && value != "" {
			value = "Bearer " + value
		}
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := p.Client().Do(req)
	if err != nil {
		p.T.Fatal(err)
	}
	defer res.Body.Close()
	writes := r.Method != http.MethodGet
	want := http.StatusOK // stands for every answer that does not refuse who asks
	switch {
	case a.refused == "unknown_host":
		want = http.StatusMisdirectedRequest
	case a.refused == "forbidden_origin" && writes:
		want = http.StatusForbidden
	case r.Needs == telemetry.RoleAnyone || a.role.Allows(r.Needs):
	case a.refused == "unauthenticated":
		want = http.StatusUnauthorized
	default:
		want = http.StatusForbidden
	}
	got := res.StatusCode
	switch {
	case got == http.StatusUnauthorized && path == links.SignInToken: // no token is none that is known
		got = http.StatusOK
	case got == http.StatusUnauthorized, got == http.StatusForbidden, got == http.StatusMisdirectedRequest, got == http.StatusInternalServerError,
		got == http.StatusTooManyRequests && !r.Upstream: // that is counted of those who may ask
	default:
		got = http.StatusOK
	}
	if got != want {
		p.T.Errorf("%s: %s %s, which needs %q: %s, want %d", a.name, r.Method, req.URL.Path, r.Needs, res.Status, want)
	}
	if want == http.StatusOK || got != want {
		return // a stream does not end
	}
	var told struct{ Error, Code string }
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	if strings.HasPrefix(path, "/api/") && (json.Unmarshal(body, &told) != nil || told.Code != a.refused || len(told.Error) < 20) {
		p.T.Errorf("%s: %s %s is refused with %s, want the code %s", a.name, r.Method, path, body, a.refused)
	}
	if len(body) < 20 {
		p.T.Errorf("%s: %s %s is refused with %q", a.name, r.Method, path, body)
	}
}
