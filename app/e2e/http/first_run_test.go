package http

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// TestFirstRun: before the first record the overview is one panel, which asks
// for the page again once there is one.
func TestFirstRun(t *testing.T) {
	s := program.WithRuns(t, nil, nil)
	if _, body := s.Get("/"); !strings.Contains(body, "No runs yet") || strings.Contains(body, "Open issues over time") {
		t.Error("an empty overview is not the one panel")
	}
	if res, body := s.Get("/panels/first", "HX-Request", "true"); res.StatusCode != 200 || res.Header.Get("HX-Refresh") != "" ||
		!strings.Contains(body, "No runs yet") {
		t.Errorf("without a record: %d %q", res.StatusCode, res.Header.Get("HX-Refresh"))
	}
	s.Write(
		map[string]any{
			"a.json": program.Scan(1, time.Now(), []map[string]any{program.Finding(1, 1, "high", "xss", "js/rule-01", "src/a.ts", 1)}),
		},
	)
	if res, _ := s.Do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	if res, _ := s.Get("/panels/first", "HX-Request", "true"); res.StatusCode != 204 || res.Header.Get("HX-Refresh") != "true" {
		t.Errorf("with a record: %d %q", res.StatusCode, res.Header.Get("HX-Refresh"))
	}
	if _, body := s.Get("/"); strings.Contains(body, "No runs yet") || !strings.Contains(body, "Open issues over time") {
		t.Error("the overview of a record is still the one panel")
	}
}
