package process

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// viewerToken puts a viewer's access token into a new database.
func viewerToken(t *testing.T, database string) string {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	gate := access.New(access.Options{Sessions: db, Tokens: db, Usage: db, Now: time.Now})
	admin := telemetry.Person{Key: "you", Name: "you", Role: telemetry.RoleAdmin}
	_, secret, err := gate.NewToken(t.Context(), admin, "prometheus", telemetry.RoleViewer, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return secret
}

// TestProgramIsWatched: where people sign in, anyone asks the probes and only
// who has a token the figures; nothing of that is in the audit log.
func TestProgramIsWatched(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "dashboard.db")
	token := viewerToken(t, database)
	p := program.Start(t, program.Settings{
		"DATABASE_URL": database, "ACCESS_PROXY_HEADER": "X-Who", "ACCESS_PROXIES": "127.0.0.9", "PUBLIC_URL": "https://example.com/board",
	})
	p.UntilSays("/readyz", "ready")
	for _, c := range []struct {
		path, token string
		status      int
		says        string
	}{
		{"/healthz", "", http.StatusOK, "ok"},
		{"/board/healthz", "", http.StatusOK, "ok"},
		{"/readyz", "", http.StatusOK, "ready"},
		{"/metrics", "", http.StatusUnauthorized, `"code":"unauthenticated"`},
		{"/metrics", token + "x", http.StatusUnauthorized, `"code":"unauthenticated"`},
		{"/metrics", token, http.StatusOK, `dashboard_http_request_duration_seconds_count{method="GET",route="/readyz",status="2xx"}`},
	} {
		req := p.Request(http.MethodGet, c.path, "")
		req.Host = "10-0-0-7.pods.example"
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		status, body := p.Send(req)
		if status.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s with %.8q: %d %.300s, want %d %s", c.path, c.token, status.StatusCode, body, c.status, c.says)
		}
	}
	if _, body := p.Get("/api/audit", "Authorization", "Bearer "+token); !strings.Contains(body, "needs the role admin") {
		t.Errorf("a viewer's token reads the audit log: %s", body)
	}
}

// TestSignalShowsDebugLines: SIGUSR1 shows a line for each request, with the id
// that its answer has, and once more hides them.
func TestSignalShowsDebugLines(t *testing.T) {
	p := program.Start(t, nil)
	p.Get("/healthz", "X-Request-Id", "before")
	p.Signal(syscall.SIGUSR1)
	p.Until("the level never changed", func() bool { return strings.Contains(p.Log(), "level=DEBUG") })
	p.Get("/healthz", "X-Request-Id", "between")
	p.Until("no line of the request", func() bool { return strings.Contains(p.Log(), "request=between") })
	p.Signal(syscall.SIGUSR1)
	p.Until("the level never changed back", func() bool { return strings.Count(p.Log(), "a signal changed the log level") == 2 })
	p.Get("/healthz", "X-Request-Id", "after")
	p.Stop()
	if log := p.Log(); strings.Contains(log, "request=before") || strings.Contains(log, "request=after") {
		t.Errorf("the log:\n%s", log)
	}
}
