package process

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestDatabaseAway: the refusal of a wrong password does not show it; a PostgreSQL that goes
// away is reported on every page (the overview's panels say it each), and what is
// shown comes back automatically with it.
func TestDatabaseAway(t *testing.T) {
	s := newServer(t)
	refused(t, s.url("s3cret-wrong"), "refuses the login", "password", "DATABASE_URL")
	p := program.WithRuns(t, map[string]any{"a.json": program.SmallScan(1, "2026-02-02T10:00:00Z", nil)}, s.url(serverPassword))
	p.Job("refresh")
	s.stop()
	for method, paths := range map[string][]string{"GET": {"/api/issues?per_page=7", "/panels/issues?page=1&per_page=7", "/issues", "/"},
		"POST": {"/api/refresh"}} {
		for _, path := range paths {
			res, body := p.Do(method, path, "", program.InPlace(path)...)
			if (res.StatusCode != http.StatusServiceUnavailable && path != "/") ||
				!strings.Contains(body, "Cannot reach PostgreSQL at DATABASE_URL") ||
				strings.Contains(body, "s3cret") {
				t.Errorf("without its database %s %s answers %d %.400s", method, path, res.StatusCode, body)
			}
		}
	}
	s.start()
	p.Until("it does not come back with its database", func() bool {
		res, _ := p.Get("/api/issues?per_page=7")
		return res.StatusCode == http.StatusOK
	})
	if result := p.Job("refresh"); result["total_files"] != 1.0 {
		t.Errorf("the refresh afterwards: %v", result)
	}
	if stats := p.Object(http.MethodGet, "/api/stats"); stats["total_runs"] != 1.0 {
		t.Errorf("afterwards: %v", stats)
	}
	p.Stop()
	s.stop()
	refused(t, s.url(serverPassword), "Cannot reach", "DATABASE_URL")
}

// TestDatabaseFrozen: a PostgreSQL that takes connections and answers nothing
// holds no request for ever, and no program that is to end.
func TestDatabaseFrozen(t *testing.T) {
	s := newServer(t)
	p := program.WithRuns(t, nil, s.url(serverPassword))
	p.Job("refresh")
	s.everyProcess(syscall.SIGSTOP)
	thaw := func() { s.everyProcess(syscall.SIGCONT) }
	t.Cleanup(thaw)
	res, body := p.Get("/api/issues?per_page=3")
	if res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "longer than") {
		t.Errorf("of a frozen database: %d %s", res.StatusCode, body)
	}
	thaw()
	p.Until("it does not come back with its database", func() bool {
		res, _ := p.Get("/api/issues?per_page=4")
		return res.StatusCode == http.StatusOK
	})
	s.everyProcess(syscall.SIGSTOP)
	for range 12 { // more than there are connections
		dial(t, p, "GET /api/stats?repo=octo/shop HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	p.Stop()
}
