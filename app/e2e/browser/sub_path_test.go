package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestUnderAPath: behind a proxy that serves the program under a path, pages
// look and work as they do without, and ask nothing outside of it.
func TestUnderAPath(t *testing.T) {
	b := startBrowser(t)
	own := program.FreeAddress(t)
	public := program.Nginx(t, "location /tools/dash/ { proxy_pass http://"+own+"/; }") + "/tools/dash"
	p := program.WithPlayers(t, program.Sample(), program.Settings{"LISTEN_ADDR": own, "PUBLIC_URL": public})
	b.open(public + "/")
	if !b.holds(`getComputedStyle(document.querySelector(".top-bar")).display === "flex" && document.querySelector("link[rel=icon]")`) {
		t.Error("it has no style sheet")
	}
	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("i"))
	b.until(`location.pathname === "/tools/dash/issues" && document.querySelector("#live-state")?.dataset.state === "live"`)
	b.do(chromedp.Focus(".query-box"), chromedp.KeyEvent(kb.End), chromedp.SendKeys(".query-box", " sever"))
	b.until(`document.querySelector(".completions [role=option]")`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.js(`[...document.querySelectorAll("main th a")].find((a) => a.innerText.includes("Rule")).click()`)
	b.until(`location.pathname === "/tools/dash/issues" && location.search.includes("sort=rule")`)
	rescan(p, 11, 3)
	b.open(public + "/issues")
	rescan(p, 12, 4)
	b.until(`document.querySelector("main").innerText.includes("57 issues")`)
	b.click("Refresh")
	b.until(`document.querySelector("#jobs").innerText.includes("Refresh")`)
	b.open(public + "/needs-you")
	b.until(`document.querySelector("#jobs").innerText.includes("Refresh")`) // by its cookie
	b.open(public + "/issues?q=severity:high")
	b.click("Save view")
	b.do(chromedp.SendKeys("input[name=name]", "Mine"), chromedp.KeyEvent(kb.Enter))
	b.until(`location.pathname === "/tools/dash/issues" && document.querySelector(".saved")?.textContent.includes("Mine")`)
	b.settled()
	for _, asked := range b.requests("http") {
		if !strings.HasPrefix(asked, public+"/") {
			t.Errorf("it asked %s", asked)
		}
	}
}
