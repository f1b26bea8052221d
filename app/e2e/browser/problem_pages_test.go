package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestAnnounced: a page has one region that is read aloud, and it tells the
// end of a job with its counts.
func TestAnnounced(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	for _, page := range []string{"/", "/needs-you", "/sessions/" + program.SampleSession, "/runs", "/report", "/docs/api", "/issues"} {
		b.do(chromedp.Navigate(p.URL + page))
		if got := b.js(`document.querySelectorAll("[role=status], [role=log], [aria-live]").length + " " + document.querySelectorAll("main [role=alert]").length`); got != "1 0" {
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

// TestProblemPages: what a browser is refused is a page that says why and
// leads on.
func TestProblemPages(t *testing.T) {
	b := startBrowser(t)
	b.provokes("404 (Not Found)", "405 (Method Not Allowed)", "400 (Bad Request)")
	p := program.WithPlayers(t, program.Sample(), nil)
	for path, says := range map[string]string{
		"/nowhere":              "There is nothing at /nowhere",
		"/repo/octo/shpo":       "octo/shop",
		"/issues/0123456789ab":  "no issue 0123456789ab",
		"/actions/refresh":      "does not take GET",
		"/issues?sort=nonsense": "is unknown; use one of",
		"/issues?q=colour:red":  "colour",
	} {
		b.do(chromedp.Navigate(p.URL + path))
		b.until(`document.querySelectorAll("main h1").length === 1`)
		if !b.holds(`document.querySelector("main").innerText.includes("`+says+`")`) || !b.holds(`document.querySelector("main a[href], main a.btn, header nav a[href='/']")`) {
			t.Errorf("%s says %s", path, b.js(`document.querySelector("main").innerText.slice(0, 300)`))
		}
	}
}
