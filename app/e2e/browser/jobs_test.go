package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// TestTwoJobsAtOnce: two buttons that are pressed within one round trip keep
// both of their cards, after a reload too, and neither moves the page.
func TestTwoJobsAtOnce(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	p.GitHub.Fail(githubtest.Fault{Path: "/git/trees", Delay: 30 * time.Second})
	p.GitHub.Fail(githubtest.Fault{Path: "/contents", Delay: 30 * time.Second})
	p.Devin.Fail(devintest.KindAny, devintest.Fault{Delay: 30 * time.Second})
	b.open(p.URL + "/runs")
	const top = `document.querySelector("main h1").getBoundingClientRect().top`
	before := b.js(top)
	b.js(
		`(() => { for (const job of ["refresh", "poll"]) document.querySelector(".top-buttons > form[action='/actions/" + job +
			"'] button").click(); })()`,
	)
	const both = `document.querySelectorAll(".job").length === 2 && /Refresh: running/.test(document.querySelector("#jobs").textContent) &&
		/Poll sessions: running/.test(document.querySelector("#jobs").textContent) &&
		document.querySelectorAll(".top-buttons > .is-busy > [aria-busy=true]").length === 2`
	b.until(both)
	b.js(`document.querySelector("#jobs-menu > summary").click()`)
	b.until(`document.querySelector(".job .step") && document.querySelector(".jobs-list").checkVisibility()`)
	if got := b.js(top); got != before {
		t.Errorf("the page stands at %s, before the jobs at %s", got, before)
	}
	b.do(chromedp.Reload())
	b.until(both)
}

// TestToasts: what ended is a toast, which covers nothing that can be pressed,
// stays while it is pointed at, and is then gone with its card. What failed
// leads to its card.
func TestToasts(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	const covered = `JSON.stringify([...document.querySelectorAll("button, summary, select, a.btn")].filter((e) => e.checkVisibility() &&
		!e.closest("#toasts")).filter((e) => { const box = e.getBoundingClientRect(), toast = document.querySelector(".toast").getBoundingClientRect();
		return box.width > 1 && box.right > toast.left && box.left < toast.right && box.bottom > toast.top && box.top < toast.bottom; })
		.map((e) => e.outerHTML.slice(0, 120)))`
	for _, width := range []int64{390, 1280} {
		b.size(width, 640)
		for _, page := range []string{"/needs-you", "/issues", "/repo/octo/shop/dispatch"} {
			b.open(p.URL + page)
			b.js(`document.querySelector(".top-buttons form[action='/actions/poll-prs'] button").click()`)
			b.until(`document.querySelector("[role=status] .toast-text")?.textContent.includes("Poll pull requests: done")`)
			b.problems(page, fmt.Sprint("a toast at ", width), covered, false)
			b.js(`window.scrollBy(0, 120)`)
			b.until(covered + ` === "[]"`)
			b.js(`document.querySelector(".toast [data-dismiss]").click()`)
			b.until(`!document.querySelector(".toast") && !document.querySelector(".job")`)
		}
	}
	b.js(`document.querySelector(".top-buttons form[action='/actions/poll-prs'] button").click()`)
	b.until(`document.querySelector(".toast")`)
	b.js(`document.querySelector(".toast [data-dismiss]").focus()`)
	b.await(`new Promise((done) => setTimeout(() => done("waited"), 7000))`)
	if !b.holds(`document.querySelector(".toast")`) {
		t.Error("it leaves while it has the focus")
	}
	b.js(`document.activeElement.blur()`)
	b.until(`!document.querySelector(".toast") && !document.querySelector(".job")`)

	p.GitHub.Fail(githubtest.Fault{Status: 500})
	b.click("Refresh")
	b.until(`document.querySelector(".toast-more:not([hidden])")`)
	b.js(`document.querySelector(".toast-more").click()`)
	b.until(`!document.querySelector(".toast") && document.querySelector("#jobs-menu[open] .job")?.checkVisibility()`)
}

// TestJobInTwoTabs: what is started in one tab is seen in the browser's
// others.
func TestJobInTwoTabs(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	other := openTab(t, b.ctx)
	other.open(p.URL + "/runs")
	b.open(p.URL + "/sessions")
	p.GitHub.Fail(githubtest.Fault{Path: "/git/trees", Delay: 30 * time.Second})
	p.GitHub.Fail(githubtest.Fault{Path: "/contents", Delay: 30 * time.Second})
	p.Put(map[string]any{"z.json": program.Scan(9, time.Now(), nil)})
	b.js(`document.querySelector(".top-buttons > form[action='/actions/refresh'] button").click()`)
	other.until(`document.querySelector(".job")?.textContent.includes("Refresh: running")`)
	other.until(`/^0:0[1-9]/.test(document.querySelector(".job-took").textContent)`)
	other.js(`document.querySelector(".job form[action='/actions/cancel'] button").click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: canceled")`)
	other.js(`document.querySelector(".job form[action='/actions/dismiss'] button").click()`)
	b.until(`!document.querySelector(".job")`)
}
