package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestFocusStaysNear: what an update takes away leaves the focus near it.
func TestFocusStaysNear(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)

	b.open(s.URL + "/issues?q=is:open+severity:critical")
	b.js(`document.querySelector(".filter-clear").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`document.querySelector(".query-box").value === "is:open" && document.activeElement.id === "q-issues"`)

	// A query that is too long is reported beneath its box, however it is written.
	b.provokes("Failed to load resource")
	for _, letter := range []string{"x", "é"} {
		b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "` + letter + `".repeat(10240); q.form.requestSubmit(); })()`)
		b.until(
			`/^The (query has 10240 characters|request.s address and headers are larger)/.test(document.querySelector("#fault-issues").textContent)`,
		)
	}
	b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "is:open"; q.setSelectionRange(7, 7); })()`)

	// A comma continues with the values of what was just chosen.
	b.do(chromedp.KeyEvent(" severity:hi"))
	b.until(`document.querySelector(".completions [role=option]")?.textContent === "high"`)
	b.do(chromedp.KeyEvent("\u0301\t"))
	b.until(`document.querySelector(".query-box").value === "is:open severity:high "`)
	b.do(chromedp.KeyEvent(","))
	b.until(`document.querySelector(".query-box").value === "is:open severity:high,"`)

	// A row that leaves stays while it has the focus; once the list is shown
	// anew, the focus and the choice are with the one in its place.
	b.open(s.URL + "/issues?q=is:open+severity:critical")
	b.do(chromedp.KeyEvent("j"))
	b.until(`document.querySelector("tr.is-chosen")?.contains(document.activeElement)`)
	gone := b.js(`document.querySelector("tr.is-chosen").textContent.match(/js\/rule-\d+/)[0]`)
	var left []map[string]any
	for n := 2; n <= 60; n++ {
		if rule := fmt.Sprintf("js/rule-%02d", n); rule != gone {
			left = append(
				left,
				program.Finding(
					1,
					n,
					[]string{"critical", "high", "medium", "low"}[n%4],
					[]string{"xss", "injection"}[n%2],
					rule,
					fmt.Sprintf("src/<b>%d</b>/file.ts", n),
					n,
				),
			)
		}
	}
	s.Write(map[string]any{"c.json": program.Scan(3, time.Now(), left)})
	s.Job("refresh")
	b.until(`document.querySelector(".list-count").textContent === "14 issues" && document.activeElement.closest("tr.is-gone.is-chosen")`)
	b.js(`document.querySelector(".offer").click()`)
	b.until(
		`document.querySelector("tr.is-chosen") === document.activeElement.closest("tr") &&
			document.activeElement.closest("tr").sectionRowIndex === 0`,
	)
}

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
	const where = `(document.activeElement === document.body || document.querySelector("dialog[open]").contains(document.activeElement)) &&
		document.activeElement.tagName`
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
	if got := b.js(`document.activeElement.innerText +
		(document.activeElement.getBoundingClientRect().top >= 0)`); got != "Skip to contenttrue" {
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
// keyboard: neither they nor what replaces them.
const ringless = `(() => {
  const look = (e) => [e, e.closest("tr, li, form, label, .search")].filter(Boolean).flatMap((x) => ["", "::before",
	"::after"].map((part) => { const s = getComputedStyle(x, part || undefined);
	return [s.outlineStyle, s.outlineStyle === "none" ? "" : s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor].join(); })).join("|");
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
// on a phone in one theme and in a wide window in the other.
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
