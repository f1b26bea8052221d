package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestProblemPages: what a browser is refused is a page that says why and
// leads on.
func TestProblemPages(t *testing.T) {
	b := startBrowser(t)
	b.provokes("404 (Not Found)", "405 (Method Not Allowed)", "400 (Bad Request)")
	p := program.WithPlayers(t, program.Sample(), nil)
	for path, says := range map[string]string{
		"/nowhere":              "Not found: /nowhere",
		"/repo/octo/shpo":       "octo/shop",
		"/issues/0123456789ab":  "Issue 0123456789ab not found",
		"/actions/refresh":      "does not accept GET",
		"/issues?sort=nonsense": ": want one of",
		"/issues?q=colour:red":  "colour",
	} {
		b.do(chromedp.Navigate(p.URL + path))
		b.until(`document.querySelectorAll("main h1").length === 1`)
		if !b.holds(`document.querySelector("main").innerText.includes("`+says+`")`) ||
			!b.holds(`document.querySelector("main a[href], main a.btn, header nav a[href='/']")`) {
			t.Errorf("%s says %s", path, b.js(`document.querySelector("main").innerText.slice(0, 300)`))
		}
	}
}
