package browser

func TestReplyInPlace(t *testing.T) {
	b := startBrowser(t)
	s, player := waitingSite(t)
	b.do(chromedp.Navigate(s.URL + "/needs-you"))
	b.until(`document.querySelector("#live-state")?.textContent === "Updating live"`)
	b.js(`document.querySelector(".t-needs a[data-dialog]").click()`)
	b.until(`document.querySelector("#dialog[open] .message-text")?.textContent === "May I change <b>the API</b>?"`)
	b.do(chromedp.SendKeys("#reply-text", "Go on"))
	b.js(`(() => { const go = document.querySelector("#dialog button[type=submit]"); go.click(); go.click(); })()`)
	b.until(`!document.querySelector("#dialog").open && document.querySelector(".toast-text")?.textContent.startsWith("Sent.")`)
	b.until(`!document.querySelector(".t-needs a[data-dialog]")`)
	if got := program.Replies(t, player); len(got) != 1 || got[0] != "Go on" {
		t.Errorf("Devin got %q", got)
	}
	if got := b.js(`location.pathname`); got != "/needs-you" {
		t.Errorf("the page is %s", got)
	}
}
