package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// manyRepos are scans of 60 repositories, octo/repo-00 the oldest.
func manyRepos() map[string]any {
	records := map[string]any{}
	for n := range 60 {
		at := time.Now().Add(-time.Duration(90-n) * time.Hour).UTC().Format(time.RFC3339)
		records[fmt.Sprintf("%02d.json", n)] = program.SmallScan(n+1, at, map[string]any{
			"target_repo": fmt.Sprintf("https://github.com/octo/repo-%02d", n), "fork_url": fmt.Sprintf("https://github.com/me/repo-%02d", n),
		})
	}
	return records
}

// TestMenuFinds: a menu over many values has a box that finds those beyond
// what it shows, with and without JavaScript, and takes the focus.
func TestMenuFinds(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, manyRepos(), nil)
	b.open(s.URL + "/issues")
	const summary = `#menu-issues-Repository > summary`
	const choices = `[...document.querySelectorAll("#choices-issues-repo .menu-text")].map((e) => e.textContent).join()`
	b.js(`document.querySelector("` + summary + `").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`document.activeElement.matches("#menu-issues-Repository input[type=search]")`)
	if got := b.js(choices); strings.Contains(got, "repo-03") || !strings.Contains(got, "repo-59") {
		t.Errorf("the menu offers %s", got)
	}
	b.do(chromedp.KeyEvent("repo-03"))
	b.until(choices + ` === "octo/repo-03"`)
	b.js(`document.querySelector("#choices-issues-repo a").click()`)
	b.until(`document.querySelector(".query-box").value === "is:open repo:octo/repo-03" &&
		document.querySelector(".list-count").textContent === "1 issue"`)
	_, body := s.Get("/issues?in=repo&find=repo-0")
	if n := strings.Count(body, `class="menu-text">octo/repo-0`); n != 10 {
		t.Errorf("without JavaScript it finds %d repositories, want 10", n)
	}
	s.Says("/issues?in=repo&find=nobody%3A", 200, "No match.")
}

// TestSavingKeepsWhatIsTyped: the field of a view's name takes the focus, and
// an update of the list leaves what is typed.
func TestSavingKeepsWhatIsTyped(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues?q=is:open+severity:critical")
	b.js(`document.querySelector("#save-issues > summary").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`document.activeElement.id === "save-name-issues"`)
	b.do(chromedp.KeyEvent("Half a na"))
	s.Write(map[string]any{"c.json": criticalScan(3, func(n int) bool { return n != 4 })})
	s.Job("refresh")
	b.until(`document.querySelector(".list-count").textContent === "19 issues"`)
	if got := b.js(`[document.querySelector("#save-issues").open, document.activeElement.id, document.activeElement.value].join()`); got !=
		"true,save-name-issues,Half a na" {
		t.Errorf("after an update: %s", got)
	}
	b.do(chromedp.KeyEvent("me\r"))
	b.until(`[...document.querySelectorAll(".view")].some((e) => e.textContent.includes("Half a name"))`)
}

// TestTabsInOneLine: tabs never wrap, however many views there are; the last
// are behind "More", whose links lead where tabs do, and the current one is
// among the tabs.
func TestTabsInOneLine(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	for n := range 8 {
		s.Post("/actions/views", "name", fmt.Sprintf("A view with a long name, number %d", n), "list", "issues", "query",
			fmt.Sprintf("q=is%%3Aopen+attempts%%3A%d", n+3))
	}
	const lines = `new Set([...document.querySelectorAll(".views > .view, .views > details")].map((e) =>
		Math.round(e.getBoundingClientRect().top))).size`
	const navigation = `new Set([...document.querySelectorAll("header .tabs > ul > li")].filter((e) => e.checkVisibility()).map((e) =>
		Math.round(e.getBoundingClientRect().top))).size + " " + (document.querySelector("header .tabs").scrollWidth <=
		document.querySelector("header .tabs").clientWidth) + " " + (document.documentElement.scrollWidth <= innerWidth)`
	b.open(s.URL + "/issues")
	for _, width := range []int64{641, 768, 960, 961, 1279, 1280, 1440, 1920} {
		b.size(width, 900)
		if got := b.js(navigation); got != "1 true true" {
			t.Errorf("at %d the navigation stands in lines, fits, and the page does: %s", width, got)
		}
		if width >= 1280 && b.js(lines) != "1" {
			t.Errorf("at %d the views stand in %s lines", width, b.js(lines))
		}
	}
	b.size(1280, 900)
	b.do(chromedp.Click("#more-issues > summary"))
	b.do(chromedp.Click("#more-issues a:last-child"))
	b.until(`document.querySelector(".views > .view.is-current")?.textContent.includes("number 7")`)
	if got := b.js(lines); got != "1" {
		t.Errorf("with the last view the tabs stand in %s lines", got)
	}
	b.size(768, 900)
	b.do(chromedp.Click("header .tabs-more summary"))
	b.js(`[...document.querySelectorAll("header .tabs-more a")].find((e) => e.textContent.includes("Activity")).click()`)
	b.until(`location.pathname === "/activity" && document.querySelector("header .tabs [aria-current]").checkVisibility()`)
}
