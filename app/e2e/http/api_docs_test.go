package http

import (
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestAPIDocs: the page describes each endpoint, its parameters and answers,
// and every definition that it links to is on it.
func TestAPIDocs(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	res, body := s.Get("/docs/api")
	if res.StatusCode != 200 {
		t.Fatalf("status %d", res.StatusCode)
	}
	for _, text := range []string{`id="get-api-issues"`, `id="post-api-sessions-id-messages"`, "Comma-separated tiers", "one of asc, desc",
		`href="#def-IssueList"`, `id="def-Issue"`, "Issues across runs"} {
		if !strings.Contains(body, text) {
			t.Errorf("it does not say %q", text)
		}
	}
	for _, part := range strings.Split(body, `href="#`)[1:] {
		if id, _, _ := strings.Cut(part, `"`); !strings.Contains(body, `id="`+id+`"`) {
			t.Errorf("it links to %q, which is not on it", id)
		}
	}
	if text, _, _ := strings.Cut(body, "<footer"); strings.Contains(text, "`") {
		t.Error("it shows the marks of its source")
	}
	if _, body := s.Get("/"); !strings.Contains(body, `href="/docs/api"`) {
		t.Error("no page leads to it")
	}
}
