package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestWithoutScripts: links, forms and buttons work without
// JavaScript.
func TestWithoutScripts(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(p.URL + "/"))
	b.do(chromedp.Click(`.nav-bar a[href="/issues"]`))
	b.until(`location.pathname === "/issues" && document.querySelector("h1")`)
	b.do(chromedp.SendKeys("#q-issues", "severity:critical "), chromedp.Click(".filter-go"))
	b.until(`location.search.includes("severity") && document.querySelector(".list-count")?.textContent === "15 issues"`)
	b.do(chromedp.Click(`th a[href*="sort=rule"]`))
	b.until(`location.search.includes("sort=rule") && location.search.includes("severity")`)
	b.do(chromedp.Click(`.top-buttons > form[action="/actions/refresh"] button`))
	b.until(`location.search.includes("sort=rule") && document.querySelector(".job")?.textContent.includes("Refresh")`)
	b.do(chromedp.Click(`#issues tbody .row-link`))
	b.until(`location.pathname.startsWith("/issues/") && document.querySelector("h1")`)
	b.do(chromedp.Click(`header .search input`), chromedp.SendKeys(`header .search input`, "rule-07\r"))
	b.until(`location.pathname === "/search" && document.body.textContent.includes("js/rule-07")`)
}

// TestWithoutScriptsNothingIsDead: without JavaScript nothing is shown that would need it.
func TestWithoutScriptsNothingIsDead(t *testing.T) {
	b := startBrowser(t)
	b.provokes("Failed to load resource")
	p := startWithOverlays(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	const dead = `JSON.stringify([...document.querySelectorAll("button, [data-pause], [data-theme-toggle], [data-copy], " +
		"[data-keys-toggle], [data-retry]")].filter((e) =>
		e.checkVisibility({ checkVisibilityCSS: true }) && !e.matches("a[href], [popovertarget]") &&
		!(e.form && e.type === "submit")).map((e) => "it does nothing: " + e.outerHTML.slice(0, 140)))`
	for _, page := range everyPage(p.Program) {
		b.do(chromedp.Navigate(p.URL + page))
		b.until(`document.querySelector("h1")`)
		for _, width := range []int64{390, 1280} {
			b.size(width, 900)
			b.problems(page, fmt.Sprint("without JavaScript at ", width), dead, false)
		}
	}
}
