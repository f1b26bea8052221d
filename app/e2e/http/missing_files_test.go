package http

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// confirm presses the button of the strip that confirms a listing.
func (p source) confirm(page string) string {
	p.T.Helper()
	form := url.Values{}
	for _, name := range []string{"source", "kept"} {
		_, rest, found := strings.Cut(page, `name="`+name+`" value="`)
		if !found {
			p.T.Fatalf("the strip's button has no %s", name)
		}
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(name, value)
	}
	res, body := p.Do(http.MethodPost, "/actions/accept-listing", form.Encode(), "HX-Request", "true")
	if res.StatusCode != http.StatusOK {
		p.T.Fatalf("confirm: %d %s", res.StatusCode, body)
	}
	return body
}

// TestFilesThatDisappear: of GitHub and of RUNS_DIR, on both databases, a
// listing without the stored files marks none gone. That is said by the job,
// the strip and the API, also after a restart, and ends when the files are
// back, or a person confirms it.
func TestFilesThatDisappear(t *testing.T) {
	everywhere(t, func(p source) {
		names := []string{"good.json"}
		for run := 2; run <= 12; run++ {
			names = append(names, fmt.Sprintf("run-%d.json", run))
			p.put(names[run-1], program.SmallScan(run, fmt.Sprintf("2026-02-%02dT10:00:00Z", run), nil))
		}
		whole := map[string]float64{"total_runs": 12, "total_issues": 12}
		p.refresh()
		p.Figures(http.MethodGet, "/api/stats", whole)
		for _, name := range names[1:] {
			p.remove(name)
		}
		p.remove(names[0])
		p.put("readme.txt", []byte("nothing else"))
		for range 3 {
			status, result := p.Ask("POST", "/api/refresh")
			if said := fmt.Sprint(result["errors"]); status != 200 || result["gone"] != 0.0 || len(result["held"].([]any)) != 1 ||
				!strings.Contains(said, "is empty, but 12 of its files") {
				t.Fatalf("an empty listing: %d %v", status, result)
			}
			p.Figures(http.MethodGet, "/api/stats", whole)
		}
		p.Restart()
		p.Job("refresh")
		p.Figures(http.MethodGet, "/api/stats", whole)
		if page := p.Page("/"); !strings.Contains(page, "Run files are missing.") || !strings.Contains(page, "Mark 12 files as gone") ||
			strings.Contains(page, "Up to date") {
			p.T.Error("the strip does not say that the files are missing")
		}
		for run, name := range names {
			p.put(name, program.SmallScan(run+1, fmt.Sprintf("2026-02-%02dT10:00:00Z", run+1), nil))
		}
		if result := p.refresh(); fmt.Sprint(result["held"]) != "[]" || strings.Contains(fmt.Sprint(result["errors"]), "listing") {
			p.T.Errorf("the files are back: %v", result)
		}
		if page := p.Page("/"); strings.Contains(page, "Run files are missing") {
			p.T.Error("the files are back, and the strip still says that they are missing")
		}
		for _, name := range names[4:] {
			p.remove(name)
		}
		p.Ask("POST", "/api/refresh")
		p.Figures(http.MethodGet, "/api/stats", whole)
		p.confirm(p.Page("/"))
		if result := p.refresh(); fmt.Sprint(result["held"]) != "[]" {
			p.T.Errorf("after it was confirmed: %v", result)
		}
		p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 4, "total_issues": 4})
	})
}
