package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestDialogFocus: every dialog and menu is opened by the keyboard alone; a
// dialog takes the focus in and keeps it, Escape closes it and gives the
// focus back to what opened it.
func TestDialogFocus(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	for _, o := range overlays() {
		if len(o.opens) > 1 || o.name == "search" {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			b.in(t)
			b.size(o.widths[len(o.widths)-1], 900)
			b.open(p.URL + o.page)
			b.js(fmt.Sprintf(`(() => { window.opener0 = %s(%q); opener0.focus(); })()`, findControl, o.opens[0]))
			b.do(chromedp.KeyEvent(kb.Enter))
			b.until(o.ready)
			if o.shown == "dialog[open]" {
				b.keptIn(o)
			}
			b.do(chromedp.KeyEvent(kb.Escape))
			b.until(fmt.Sprintf(`!document.querySelector(%q)?.checkVisibility()`, o.shown))
			b.until(`document.activeElement === opener0`)
		})
	}
	t.Run("by ?, from where one was", func(t *testing.T) {
		b.in(t)
		b.open(p.URL + "/issues")
		b.do(chromedp.KeyEvent("jj?"))
		b.until(`document.querySelector("dialog[open]")?.contains(document.activeElement)`)
		b.do(chromedp.KeyEvent(kb.Escape))
		b.until(`document.activeElement.closest("tr")?.classList.contains("is-chosen")`)
	})
}

// keptIn is an error if the focus can leave the open dialog by Tab.
func (b *browser) keptIn(o overlay) {
	b.t.Helper()
	const where = `(document.activeElement === document.body || document.querySelector("dialog[open]").contains(document.activeElement)) && document.activeElement.tagName`
	if !b.holds(`document.querySelector("dialog[open]").contains(document.activeElement)`) {
		b.t.Errorf("%s: the focus is on %s", o.name, b.js(`document.activeElement.outerHTML.slice(0, 160)`))
	}
	inside := map[string]int{}
	for range 25 {
		b.do(chromedp.KeyEvent(kb.Tab))
		got := b.js(where)
		if got == "false" {
			b.t.Fatalf("%s: the focus left for %s", o.name, b.js(`document.activeElement.outerHTML.slice(0, 160)`))
		}
		inside[got]++
	}
	if inside["BODY"] > 12 { // the browser's own controls count as it
		b.t.Errorf("%s: nothing in it takes the focus: %v", o.name, inside)
	}
}

// TestSkipLink: the first Tab of a page shows the way to its content.
func TestSkipLink(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.open(p.URL + "/issues")
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := b.js(`document.activeElement.innerText + (document.activeElement.getBoundingClientRect().top >= 0)`); got != "Skip to contenttrue" {
		t.Errorf("the first Tab reaches %s", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.activeElement.id === "main"`)
	b.do(chromedp.KeyEvent(kb.Tab))
	if !b.holds(`document.querySelector("main").contains(document.activeElement)`) {
		t.Error("the next Tab is not in the content")
	}
}

// ringless are the controls that look no different with the focus of the
// keyboard: neither they, nor what stands for them.
const ringless = `(() => {
  const look = (e) => [e, e.closest("tr, li, form, label, .search")].filter(Boolean).flatMap((x) => ["", "::before", "::after"].map((part) => { const s = getComputedStyle(x, part || undefined); return [s.outlineStyle, s.outlineStyle === "none" ? "" : s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor].join(); })).join("|");
  const wrong = [];
  for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
    if (!e.checkVisibility({ checkVisibilityCSS: true }) || e.disabled) continue;
    document.activeElement.blur();
    const before = look(e);
    e.focus({ preventScroll: true, focusVisible: true });
    if (document.activeElement !== e) { wrong.push("no focus: " + e.outerHTML.slice(0, 140)); continue; }
    if (look(e) === before) wrong.push("no ring: " + e.outerHTML.slice(0, 140));
  }
  return JSON.stringify(wrong.slice(0, 5));
})()`

// TestFocusIsSeen: every control of every page shows that it has the focus,
// on a phone in one theme and on a desk in the other.
func TestFocusIsSeen(t *testing.T) {
	b := startBrowser(t)
	b.reduceMotion()
	b.provokes("Failed to load resource")
	p := startWithOverlays(t)
	seen := 0
	for _, page := range everyPage(p.Program) {
		if strings.HasPrefix(page, "/docs") {
			continue // a thousand links of one kind
		}
		b.do(chromedp.Navigate(p.URL + page))
		b.until(`document.readyState === "complete"`)
		b.do(chromedp.KeyEvent(kb.Tab)) // from now on the focus is the keyboard's
		for theme, width := range map[string]int64{"light": 390, "dark": 1280} {
			b.size(width, 900)
			b.js(fmt.Sprintf(`document.documentElement.dataset.colorMode = %q`, theme))
			b.problems(page, fmt.Sprint(width, " ", theme), ringless, false)
			seen++
		}
	}
	if seen < 30 {
		t.Errorf("%d views were looked at", seen)
	}
}
