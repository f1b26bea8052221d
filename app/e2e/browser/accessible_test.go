package browser

import (
	"fmt"
	"os"
	"path"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// audit runs axe-core by all its rules but those of AAA, on the part of the
// page that a selector names.
const audit = `((what) => axe.run(document.querySelector(what),
	{ resultTypes: ["violations"], elementRef: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then((r) => JSON.stringify(r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.html.slice(0, 200) + " — " +
	(n.any[0] ?? n.all[0] ?? n.none[0])?.message)))))`

func axeSource(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(path.Join("..", "..", "..", "tools", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("SKIPPED: axe-core: it is not installed; npm ci in tools/axe does that")
	}
	return string(source)
}

// expandAll opens what is collapsed, and of many alike the first ten.
const expandAll = `(() => { for (const d of [...document.querySelectorAll("details:not(.menu, :has(> .btn-bare))")].slice(0,
	10)) d.open = true; })()`

// TestAccessible holds every page against all rules of axe-core, in both
// themes, on a phone and a wide window.
func TestAccessible(t *testing.T) {
	axe := axeSource(t)
	b := startBrowser(t)
	p := startHostile(t)
	bare := program.WithRuns(t, nil, program.Settings{"RUNS_DIR": ""})
	pages := []string{bare.URL + "/", bare.URL + "/issues", bare.URL + "/needs-you"}
	for _, page := range everyPage(p.Program) {
		pages = append(pages, p.URL+page)
	}
	t.Run("tabs", func(t *testing.T) { // two at once, as there are cores
		for tabs := range 2 {
			t.Run(fmt.Sprint(tabs), func(t *testing.T) {
				t.Parallel()
				tab := b.tab(t)
				tab.reduceMotion()
				tab.provokes("Failed to load resource")
				for i := tabs; i < len(pages); i += 2 {
					tab.do(chromedp.Navigate(pages[i]))
					tab.js(expandAll)
					tab.inject(axe)
					tab.audit(pages[i], "html", 390, 1280)
				}
			})
		}
	})
}

// audit holds what a selector names against axe-core in both themes, at each
// width.
func (b *browser) audit(page, what string, widths ...int64) {
	b.t.Helper()
	for _, width := range widths {
		b.size(width, 900)
		for _, theme := range []string{"light", "dark"} {
			b.js(fmt.Sprintf(`document.documentElement.dataset.colorMode = %q`, theme))
			b.problems(page, fmt.Sprint(width, " ", theme), fmt.Sprintf("%s(%q)", audit, what), true)
		}
	}
}

// TestAccessibleOpen holds every dialog and menu against them, where it is
// open, and the proposal of a backfill.
func TestAccessibleOpen(t *testing.T) {
	axe := axeSource(t)
	b := startBrowser(t)
	p := startWithOverlays(t)
	b.reduceMotion()
	for _, o := range overlays() {
		b.size(o.widths[0], 900)
		b.open(p.URL + o.page)
		for _, name := range o.opens {
			b.click(name)
		}
		b.until(o.ready)
		b.inject(axe)
		b.audit(o.name, o.shown, o.widths...)
	}
	b.open(p.URL + "/runs")
	b.click("More actions")
	b.click("Backfill")
	b.until(`document.querySelector("#jobs-menu[open]")?.textContent.includes("Apply 1 change")`)
	b.inject(axe)
	b.audit("backfill, dry run", "#jobs", 390, 1280)
}

// TestAnnounced: a page has one region that is read aloud, and it says the
// end of a job with its counts.
func TestAnnounced(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	for _, page := range []string{"/", "/needs-you", "/sessions/" + program.SampleSession, "/runs", "/report", "/effectiveness?period=all", "/docs/api", "/issues"} {
		b.do(chromedp.Navigate(p.URL + page))
		if got := b.js(`document.querySelectorAll("[role=status], [role=log], [aria-live]").length + " " +
			document.querySelectorAll("main [role=alert]").length`); got != "1 0" {
			t.Errorf("%s has live regions and alerts: %s", page, got)
		}
	}
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	p.Put(map[string]any{"c.json": program.Sample()["b.json"]})
	b.click("Refresh")
	b.until(`document.querySelector("[role=status]").textContent.includes("Refresh: done. 1 new file, 0 updated")`)
	if got := b.js(`document.querySelectorAll("[role=status]").length`); got != "1" {
		t.Errorf("%s regions after the job", got)
	}
}
