package main

import (
	"strings"
	"testing"
	"time"
)

// TestFirstRun: before the first record the overview is one panel, which asks
// for the page anew once there is one.
func TestFirstRun(t *testing.T) {
	s := startSite(t, nil, nil)
	if _, body := s.get("/"); !strings.Contains(body, "No runs yet") || strings.Contains(body, "Open issues over time") {
		t.Error("an empty overview is not the one panel")
	}
	if res, body := s.get("/panels/first", "HX-Request", "true"); res.StatusCode != 200 || res.Header.Get("HX-Refresh") != "" || !strings.Contains(body, "No runs yet") {
		t.Errorf("without a record: %d %q", res.StatusCode, res.Header.Get("HX-Refresh"))
	}
	s.write(map[string]any{"a.json": scan(1, time.Now(), []map[string]any{finding(1, 1, "high", "xss", "js/rule-01", "src/a.ts", 1)})})
	if res, _ := s.do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	if res, _ := s.get("/panels/first", "HX-Request", "true"); res.StatusCode != 204 || res.Header.Get("HX-Refresh") != "true" {
		t.Errorf("with a record: %d %q", res.StatusCode, res.Header.Get("HX-Refresh"))
	}
	if _, body := s.get("/"); strings.Contains(body, "No runs yet") || !strings.Contains(body, "Open issues over time") {
		t.Error("the overview of a record is still the one panel")
	}
}
