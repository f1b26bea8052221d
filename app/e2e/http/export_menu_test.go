package http

import (
	"html"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestExportMenu: each list offers exactly the view that it shows.
func TestExportMenu(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	for page, want := range map[string]struct {
		file  string
		lines int
	}{
		"/issues":                              {"/api/issues.csv?order=asc&q=is%3Aopen&sort=severity", 60},
		"/issues?q=":                           {"/api/issues.csv?order=asc&sort=severity", 61},
		"/repo/octo/shop/issues?q=is:fixed":    {"/api/issues.csv?order=asc&q=is%3Afixed&repo=octo%2Fshop&sort=severity", 2},
		"/sessions":                            {"/api/sessions.csv?order=asc&sort=state", 2},
		"/pulls?sort=title&order=desc":         {"/api/prs.csv?order=desc&sort=title", 2},
		"/runs?q=kind:scan&page=9&per_page=25": {"/api/runs.csv?order=desc&q=kind%3Ascan&sort=time", 3},
		"/repos":                               {"/api/repos.csv?order=desc&sort=critical_high", 2},
	} {
		_, body := s.Get(page)
		if !strings.Contains(body, html.EscapeString(want.file)) {
			t.Errorf("%s does not offer %s", page, want.file)
			continue
		}
		if !strings.Contains(body, html.EscapeString(strings.Replace(want.file, ".csv", ".json", 1))) {
			t.Errorf("%s offers no JSON", page)
		}
		if _, file := s.Get(want.file); strings.Count(file, "\r\n") != want.lines {
			t.Errorf("%s has %d lines, not %d", want.file, strings.Count(file, "\r\n"), want.lines)
		}
	}
	if _, body := s.Get("/issues?page=99"); !strings.Contains(body, "Page 99 does not exist; this is the last page.") {
		t.Error("nothing says that a page is beyond the end")
	}
}
