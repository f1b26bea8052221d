package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestSparklines: each repository has its line, on a phone too, which leads to
// the repository's page with its trend.
func TestSparklines(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ManyRecords(), nil)
	for _, width := range []int64{390, 1280} {
		b.size(width, 900)
		b.open(s.URL + "/repos")
		if got := b.js(`[...document.querySelectorAll("#repos .spark")].filter((e) => e.checkVisibility() &&
			e.getBoundingClientRect().width > 60).map((e) =>
			e.closest("a").getAttribute("href")).sort()`); got != "/repo/octo/bare,/repo/octo/shop" {
			t.Errorf("at %d the lines lead to %s", width, got)
		}
	}
	b.checkConsole()
}

// TestCollapsedOverview: on a phone the overview's panels are a line each, which
// says the number that matters and opens at a tap; what was opened stays so
// when the page changes, and the next time.
func TestCollapsedOverview(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ManyRecords(), nil)
	b.size(1280, 900)
	b.open(s.URL + "/")
	if got := b.js(`[...document.querySelectorAll(".collapse")].filter((f) =>
		!f.querySelector("table, .bars, .empty, .chart")?.checkVisibility({ contentVisibilityAuto: true }) ||
		f.querySelector("summary").checkVisibility()).map((f) => f.id)`); got != "" {
		t.Errorf("where there is room these are collapsed: %s", got)
	}
	b.size(390, 900)
	b.do(chromedp.Reload())
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	shown := `document.querySelector("#outcomes .bars").checkVisibility()`
	if got := b.js(shown + ` + " " + document.querySelector("#outcomes-collapse .collapse-line").checkVisibility() + " " +
		document.querySelector("#needs tbody")?.checkVisibility()`); !strings.HasPrefix(got, "false true") {
		t.Errorf("outcomes shown, its line, what needs a person: %s", got)
	}
	if got := b.js(`document.querySelector("#open .collapse-line").textContent`); !strings.HasPrefix(got, "9 critical · ") {
		t.Errorf("the line of what is open says %q", got)
	}
	b.js(`document.querySelector("#outcomes-collapse > summary").click()`)
	b.until(shown)

	// A change from elsewhere comes in and closes nothing.
	s.Write(
		map[string]any{
			"d.json": program.Scan(
				3,
				time.Now(),
				nil,
				map[string]any{"session_id": "devin-" + strings.Repeat("ab", 16), "batch_id": 1, "status": "working", "issue_ids": []string{}},
			),
		},
	)
	s.Job("refresh")
	b.until(`document.querySelector("#outcomes .counter").textContent === "6"`)
	if got := b.js(shown); got != "true" {
		t.Error("the change closed what was open")
	}
	b.do(chromedp.Reload())
	b.until(shown)
	if got := b.js(`document.querySelector("#rates-collapse").open`); got != "false" {
		t.Error("what was not opened is open")
	}
	b.checkConsole()
}

// TestAPIDocsOpen: the description of the API is a line for each endpoint; a
// link to one opens it.
func TestAPIDocsOpen(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.size(1280, 900)
	b.open(s.URL + "/docs/api")
	if got := b.js(`document.querySelectorAll(".docs-item[open]").length + " " +
		(document.documentElement.scrollHeight < 50 * document.querySelectorAll(".docs-item").length)`); got != "0 true" {
		t.Errorf("at first so many are open, and each is a line: %s", got)
	}
	b.js(`document.querySelector("#get-api-issues").closest("details").querySelector("summary").click()`)
	b.js(`document.querySelector("#get-api-issues a[href='#def-IssueList']").click()`)
	b.until(
		`document.querySelector("#def-IssueList").checkVisibility({ contentVisibilityAuto: true }) &&
			document.querySelector("#def-IssueList").closest("details").open`,
	)
	b.checkConsole()
}
