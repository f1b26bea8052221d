package browser

import (
	osexec "os/exec"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestPaperLosesNoColumn: on A4 every table fits into its panel, and no line
// number is broken.
func TestPaperLosesNoColumn(t *testing.T) {
	b := startBrowser(t)
	s := program.Start(t, nil, func(c *osexec.Cmd) { c.Args = append(c.Args, "--demo") })
	s.UntilSays("/api/jobs?q=kind:run-logs", `"state":"done"`) // there are rows
	b.size(703, 1000)                                          // A4 less its margins
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/", "/issues", "/sessions", "/pulls", "/runs", "/repos", "/report", "/needs-you", "/activity", "/effectiveness",
		"/verifications"} {
		b.do(chromedp.Navigate(s.URL + page))
		b.until(`document.readyState === "complete"`)
		b.problems(page, "on paper", `JSON.stringify([...document.querySelectorAll("main table")].filter((e) => e.checkVisibility() &&
			e.getBoundingClientRect().right > (e.closest(".panel") ?? document.querySelector("main")).getBoundingClientRect().right + 1)
			.map((e) => e.className))`, false)
		b.problems(page, "on paper", `JSON.stringify([...document.querySelectorAll(".path-line")].filter((e) => e.getClientRects().length > 1)
			.map((e) => e.closest("td")?.innerText))`, false)
	}
}

// TestDatesAreWholeWithoutScripts: without JavaScript a date of a list is not
// cut.
func TestDatesAreWholeWithoutScripts(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	for _, page := range []string{"/issues", "/sessions", "/pulls", "/runs", "/repos"} {
		b.do(chromedp.Navigate(s.URL + page))
		b.js(`document.documentElement.classList.remove("js")`)
		b.js(`document.querySelectorAll("main td time").forEach((e) => {
			e.innerHTML = e.title.replace(/ \d\d:\d\d UTC$/, "") + '<span class="clock"> 00:00 UTC</span>'; })`)
		for _, width := range []int64{961, 1280, 1920} {
			b.size(width, 900)
			b.problems(page, "without scripts", `JSON.stringify([...document.querySelectorAll("main td:has(> time)")].filter((e) =>
				e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.className + " " + e.innerText))`, false)
		}
	}
}
