package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestReplyComesFirst: on the page of a session that waits, the end of what
// Devin asks and the reply are in sight, before what else is known.
func TestReplyComesFirst(t *testing.T) {
	b := startBrowser(t)
	p := program.WithWaitingSession(t, strings.Repeat("Here is what I found so far.\n", 60)+"May I change the API?")
	for _, size := range [][2]int64{{390, 844}, {768, 900}, {1280, 900}, {1920, 1000}} {
		b.size(size[0], size[1])
		b.do(chromedp.Navigate(p.URL + "/sessions/" + program.SampleSession))
		b.until(`document.querySelector("#messages .message-text")`)
		b.until(`(() => {
			const box = (s) => document.querySelector(s).getBoundingClientRect(), reply = box("#reply-text"),
				send = box("#reply-form [type=submit]");
			return reply.bottom <= innerHeight && send.bottom <= innerHeight && box("h1").bottom <= box("#messages").top &&
				box("#messages").bottom <= reply.top && send.bottom <= box(".detail-main").top;
		})()`)
	}
}
