package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/github/githubtest"
)

// TestTwoJobsAtOnce: two buttons that are pressed within one round trip keep
// both of their cards, after a reload too.
func TestTwoJobsAtOnce(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	b.open(p.URL + "/runs")
	b.js(
		`(() => { for (const job of ["refresh", "poll"]) document.querySelector(".top-buttons > form[action='/actions/" + job +
			"'] button").click(); })()`,
	)
	const both = `document.querySelectorAll(".job").length === 2 && /Refresh: done/.test(document.querySelector("#jobs").innerText) &&
		/Poll sessions: done/.test(document.querySelector("#jobs").innerText)`
	b.until(both)
	b.do(chromedp.Reload())
	b.until(both)
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
