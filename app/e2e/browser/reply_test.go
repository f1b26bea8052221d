package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

func TestReplyInPlace(t *testing.T) {
	b := startBrowser(t)
	p := program.WithWaitingSession(t, "May I change <b>the API</b>?")
	b.do(chromedp.Navigate(p.URL + "/needs-you"))
	b.until(`document.querySelector("#live-state")?.textContent === "Updating live"`)
	b.js(`document.querySelector(".t-needs a[data-dialog]").click()`)
	b.until(`document.querySelector("#dialog[open] .message-text")?.textContent === "May I change <b>the API</b>?"`)
	b.do(chromedp.SendKeys("#reply-text", "Go on"))
	b.js(`(() => { const go = document.querySelector("#dialog button[type=submit]"); go.click(); go.click(); })()`)
	b.until(`!document.querySelector("#dialog").open && document.querySelector(".toast-text")?.textContent.startsWith("Sent.")`)
	b.until(`!document.querySelector(".t-needs a[data-dialog]")`)
	if got := p.Replies(); len(got) != 1 || got[0] != "Go on" {
		t.Errorf("Devin got %q", got)
	}
	if got := b.js(`location.pathname`); got != "/needs-you" {
		t.Errorf("the page is %s", got)
	}
}
