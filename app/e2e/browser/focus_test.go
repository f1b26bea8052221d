package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/github/githubtest"
)

// TestFocusStaysNear: what an update takes away leaves the focus near it.
func TestFocusStaysNear(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)

	b.open(s.URL + "/issues?q=is:open+severity:critical")
	b.js(`document.querySelector(".filter-clear").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`document.querySelector(".query-box").value === "is:open" && document.activeElement.id === "q-issues"`)

	// A query that is too long is told beneath its box, however it is written.
	b.provokes("Failed to load resource")
	for _, letter := range []string{"x", "é"} {
		b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "` + letter + `".repeat(10240); q.form.requestSubmit(); })()`)
		b.until(`/^The (filter is 10240 characters|request.s address and headers are larger)/.test(document.querySelector("#fault-issues").textContent)`)
	}
	b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "is:open"; q.setSelectionRange(7, 7); })()`)

	// A comma goes on with the values of what was just chosen.
	b.do(chromedp.KeyEvent(" severity:hi"))
	b.until(`document.querySelector(".completions [role=option]")?.textContent === "high"`)
	b.do(chromedp.KeyEvent("\u0301\t"))
	b.until(`document.querySelector(".query-box").value === "is:open severity:high "`)
	b.do(chromedp.KeyEvent(","))
	b.until(`document.querySelector(".query-box").value === "is:open severity:high,"`)

	// A row that leaves hands the focus and the choice to the one in its place.
	b.open(s.URL + "/issues?q=is:open+severity:critical")
	b.do(chromedp.KeyEvent("j"))
	b.until(`document.querySelector("tr.is-chosen")?.contains(document.activeElement)`)
	gone := b.js(`document.querySelector("tr.is-chosen").textContent.match(/js\/rule-\d+/)[0]`)
	var left []map[string]any
	for n := 2; n <= 60; n++ {
		if rule := fmt.Sprintf("js/rule-%02d", n); rule != gone {
			left = append(left, program.Finding(1, n, []string{"critical", "high", "medium", "low"}[n%4], []string{"xss", "injection"}[n%2], rule, fmt.Sprintf("src/<b>%d</b>/file.ts", n), n))
		}
	}
	s.Write(map[string]any{"c.json": program.Scan(3, time.Now(), left)})
	s.Job("refresh")
	b.until(`document.querySelector(".list-count").textContent === "14 issues"`)
	b.until(`document.querySelector("tr.is-chosen") === document.activeElement.closest("tr") && document.activeElement.closest("tr").sectionRowIndex === 0`)
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
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: cancelled")`)
	other.js(`document.querySelector(".job form[action='/actions/dismiss'] button").click()`)
	b.until(`!document.querySelector(".job")`)
}
