package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestPalette: Ctrl K goes to a page, a saved view and a repository, starts an
// action, and gives the focus back.
func TestPalette(t *testing.T) {
	axe := axeSource(t)
	b := startBrowser(t)
	p := startWithOverlays(t)
	b.reduceMotion()
	const chosen = `document.querySelector("#palette-list [aria-selected=true]")?.innerText.replace(/\s+/g, " ")`
	at := func(text, option string) {
		t.Helper()
		b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
		b.until(`document.querySelector("#palette").open && document.activeElement.id === "palette-box"`)
		b.do(chromedp.KeyEvent(text))
		b.until(chosen + ` === "` + option + `"`)
	}
	for _, leads := range []struct{ text, option, path string }{
		{"repos", "Repositories Page", "/repos"},
		{"gone", "Gone ones Saved view", "/issues"},
		{"octo/sh", "octo/shop Repository", "/repo/octo/shop"},
	} {
		b.open(p.URL + "/runs")
		at(leads.text, leads.option)
		b.do(chromedp.KeyEvent(kb.Enter))
		b.until(`location.pathname === "` + leads.path + `"`)
	}

	b.open(p.URL + "/issues")
	b.do(chromedp.KeyEvent("j"))
	b.until(`document.activeElement.closest("tr")`)
	at("poll s", "Poll sessions Action")
	b.inject(axe)
	b.audit("the palette", "#palette", 390, 1280)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(`!document.querySelector("#palette").open && document.activeElement.closest("tr.is-chosen")`)
	at("nothing like it", "Search everything for “nothing like it” Search")
	b.do(chromedp.KeyEvent(kb.Escape))
	at("poll s", "Poll sessions Action")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector(".job")?.textContent.includes("Poll")`)
}

// TestGoToEveryPage: each key that the help names after g leads to its page.
func TestGoToEveryPage(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues")
	for key, path := range map[string]string{"e": "/repos", "a": "/activity", "o": "/", "r": "/runs"} {
		for tries := 0; tries < 5 && !b.holds(`location.pathname === "`+path+`"`); tries++ {
			b.do(chromedp.KeyEvent("g" + key))
		}
		b.until(`location.pathname === "` + path + `" && document.querySelector("#live-state")?.dataset.state === "live"`)
	}
	if got := b.js(`document.querySelectorAll("#keys a[data-go]").length`); got != "8" {
		t.Errorf("the help names %s pages", got)
	}
}
