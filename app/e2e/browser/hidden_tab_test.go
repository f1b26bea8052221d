package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// fastClocks lets the clocks of the pages that are opened from now on run a
// hundred times as fast, so that a panel that asks every 15 s asks often. A
// request still has its minute.
func (b *browser) fastClocks() {
	b.t.Helper()
	b.first(`for (const name of ["setInterval", "setTimeout"]) { const real = window[name];
		window[name] = (f, ms, ...more) => real(f, ms > 1000 && !/abort/.test(f) ? ms / 100 : ms, ...more); }`)
}

// bringToFront brings the tab to the front of its window, which hides the others.
func (b *browser) bringToFront() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	b.until(`document.visibilityState === "visible"`)
}

// sameWindow opens a tab in the same window, which hides this one.
func (b *browser) sameWindow(t *testing.T) *browser {
	t.Helper()
	return openTab(t, b.ctx, chromedp.WithNewWindow(false))
}

// TestHiddenTab: a tab behind another one asks nothing, whatever changes and
// however long it takes, and catches up exactly once when it comes back.
func TestHiddenTab(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	p.Job("poll")
	b.open(p.URL + "/sessions")
	b.js(
		`(() => { window.states = []; new MutationObserver(() =>
			window.states.push(document.querySelector("#live-state").dataset.state)).observe(document.querySelector("#live-state"),
			{ attributes: true }); })()`,
	)
	fast := b.sameWindow(t)
	fast.fastClocks()
	fast.open(p.URL + "/sessions")
	fast.until(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/panels/sessions")).length > 2`)
	front := fast.sameWindow(t)
	for _, tab := range []*browser{b, fast} {
		tab.until(`document.hidden`)
		tab.forget()
	}

	// The one in front sees what changes, by its stream and by its intervals.
	front.fastClocks()
	front.open(p.URL + "/sessions")
	for _, state := range []struct{ status, detail, word string }{{"running", "finished", "Finished"},
		{"running", "waiting_for_user", "PR ready"}, {"error", "", "Failed"}} {
		p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Status, s.Detail = state.status, state.detail })
		p.Job("poll")
		front.until(rowSays(state.word))
	}
	front.until(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/panels/sessions")).length > 12`)
	for name, tab := range map[string]*browser{"the hidden tab": b, "the hidden tab whose clock is fast": fast} {
		tab.settled()
		if asked := slices.DeleteFunc(tab.requests(""), func(a string) bool { return strings.HasSuffix(a, "?settled") }); len(asked) > 0 {
			t.Errorf("%s asked %q", name, asked)
		}
		if !tab.holds(rowSays("Working")) {
			t.Errorf("%s shows %s", name, tab.js(`document.querySelector("main table tbody").innerText`))
		}
	}

	// It catches up once: what has changed, and that alone.
	b.bringToFront()
	b.until(rowSays("Failed"))
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	b.settled()
	asked := map[string]int{}
	for _, address := range b.requests("") {
		asked[strings.TrimPrefix(address, p.URL)]++
	}
	if asked["/events"] != 1 || asked["/panels/sessions"] != 1 || asked["/panels/freshness"] > 1 {
		t.Errorf("it caught up with %v", asked)
	}
	if states := b.js(`window.states`); strings.Contains(states, "lost") {
		t.Errorf("it said that the connection is lost: %s", states)
	}
}

// rowSays holds while the first row of the page's first table says a word.
func rowSays(word string) string {
	return fmt.Sprintf(`document.querySelector("main table tbody tr")?.innerText.includes(%q)`, word)
}
