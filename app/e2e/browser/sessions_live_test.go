package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// caret is what is focused, what is typed there and where the caret is.
const caret = `[document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart].join()`

// TestSessionsLive: a tab of the list of sessions is open while Devin moves
// on and while jobs run.
func TestSessionsLive(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()

	// A poll changes the row in place; what is typed stays, and the caret.
	b.open(p.URL + "/sessions")
	b.do(chromedp.SendKeys("#q-sessions", "is:acti"))
	b.js(
		`(() => { document.querySelector("#q-sessions").setSelectionRange(3, 3); window.row = document.querySelector("#sessions tbody tr"); })()`,
	)
	p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Detail = "waiting_for_user" })
	p.Job("poll")
	b.until(`/Waiting for you|PR ready/.test(document.querySelector("#sessions tbody tr").textContent)`)
	if got := b.js(caret + `+"|"+(window.row === document.querySelector("#sessions tbody tr"))`); got != "q-sessions,is:acti,3|true" {
		t.Errorf("after the poll: %s", got)
	}
	b.until(`document.querySelector("header nav a[href='/needs-you'] .counter")?.textContent >= "1"`)

	// A job's steps are seen, survive a reload, and end when they are
	// canceled. A second order joins the first.
	p.GitHub.Fail(githubtest.Fault{Path: "/git/trees", Delay: 30 * time.Second})
	p.GitHub.Fail(githubtest.Fault{Path: "/contents", Delay: 30 * time.Second})
	p.Put(map[string]any{"z.json": program.Scan(9, time.Now(), nil)})
	refresh := `document.querySelector(".top-buttons > form[action='/actions/refresh'] button")`
	b.js(refresh + `.click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: running")`)
	b.js(refresh + `.click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("by you, 1 more joined")`)
	b.do(chromedp.Reload())
	b.until(`document.querySelectorAll(".job").length === 1 && document.querySelector(".job").textContent.includes("Refresh: running")`)
	if wide := b.js(`document.querySelector(".job form[action='/actions/cancel'] .btn-text").offsetWidth > 20`); wide != "true" {
		t.Error("the button that cancels has no words")
	}
	b.js(`document.querySelector(".job form[action='/actions/cancel'] button").click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: canceled")`)
	p.GitHub.ClearFaults()
	b.js(`document.querySelector(".job form[action='/actions/dismiss'] button").click()`)
	b.until(`!document.querySelector(".job")`)
}
