package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// media lets the page believe in features of its medium.
func (b *browser) media(features ...string) {
	b.t.Helper()
	var list []*emulation.MediaFeature
	for i := 0; i+1 < len(features); i += 2 {
		list = append(list, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: list}); err != nil {
		b.t.Fatal(err)
	}
}

// TestPause: a paused page stays as it is and says so, on every page of the
// tab; when it is resumed it catches up once.
func TestPause(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.fastClocks()
	b.open(p.URL + "/issues")
	b.click("Pause updates")
	const says = `[document.querySelector("#live-state").textContent, document.querySelector("[role=status]").textContent,
		document.querySelector(".top-buttons > [data-pause]").getAttribute("aria-pressed"),
		document.querySelector(".top-buttons > [data-pause]").innerText].join("|")`
	if got := b.js(says); got != "Paused|Updates paused|true|Resume updates" {
		t.Errorf("paused, it says %s", got)
	}
	b.forget()
	rescan(p, 11, 3)
	other := b.tab(t)
	other.fastClocks()
	other.open(p.URL + "/issues")
	other.until(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/panels/issues")).length > 3`)
	b.settled()
	if asked := b.requests("/panels/"); len(asked) > 0 {
		t.Errorf("paused, it asked %q", asked)
	}
	if !b.holds(`document.querySelector("main").innerText.includes("59 issues")`) {
		t.Error("paused, the list changed")
	}
	b.do(chromedp.Navigate(p.URL + "/runs"))
	b.until(`document.querySelector("#live-state").textContent === "Paused"`)
	b.back()
	b.until(`location.pathname === "/issues" && document.querySelector("#live-state")?.textContent === "Paused"`)
	rescan(p, 12, 4)
	b.click("Resume updates")
	b.until(`document.querySelector("main").innerText.includes("57 issues")`)
	b.until(`document.querySelector("#live-state").textContent === "Updating live"`)
}

// TestTheme: the system's theme holds until one is chosen; the choice
// survives a reload and is there at the first paint.
func TestTheme(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	// What each frame of a page is painted on, from the first that has a body.
	const record = `window.painted = []; const look = () =>
		{ if (document.body) window.painted.push(getComputedStyle(document.body).backgroundColor);
		if (window.painted.length < 30) requestAnimationFrame(look); }; requestAnimationFrame(look);`
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: record}); err != nil {
		t.Fatal(err)
	}
	const light, dark = "rgb(255, 255, 255)", "rgb(13, 17, 23)"
	painted := func(when, want string) {
		t.Helper()
		b.until(`window.painted?.length > 20`)
		if got := b.js(`[...new Set(window.painted)].join(" then ")`); got != want {
			t.Errorf("%s it is painted on %s, want %s", when, got, want)
		}
	}
	for system, want := range map[string]string{"light": light, "dark": dark} {
		b.media("prefers-color-scheme", system)
		b.open(p.URL + "/")
		painted("as the system's "+system, want)
	}
	b.media("prefers-color-scheme", "dark")
	for _, next := range []struct{ word, want string }{{"light", light}, {"dark", dark}, {"the system’s", dark}} {
		b.click("Theme")
		if got := b.js(`document.querySelector(".top-buttons > [data-theme-toggle]").title`); got != "Theme: "+next.word {
			t.Errorf("the button says %q, want %q", got, next.word)
		}
		b.do(chromedp.Reload())
		painted(next.word+", after a reload,", next.want)
		b.open(p.URL + "/runs")
		painted(next.word+", on another page,", next.want)
	}
	b.js(`localStorage.setItem("color-mode", "dark")`)
	b.media("prefers-color-scheme", "light")
	b.do(chromedp.Reload())
	painted("dark, where the system is light,", dark)
}

// TestKeysOff: single-letter keys are turned off in their dialog, and stay
// off.
func TestKeysOff(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.open(p.URL + "/issues")
	b.do(chromedp.KeyEvent("?"))
	b.until(`document.querySelector("dialog[open]")`)
	b.click("Single-letter keys")
	b.do(chromedp.KeyEvent("\u001b"))
	for _, when := range []string{"off", "off, after a reload"} {
		b.do(chromedp.KeyEvent("?j/gr"))
		if got := b.js(`[Boolean(document.querySelector("dialog[open]")), document.activeElement === document.body ||
			document.activeElement.tagName === "BUTTON", document.querySelectorAll("tr.is-chosen").length,
			location.pathname]`); got != "false,true,0,/issues" {
			t.Errorf("%s, the keys did %s", when, got)
		}
		b.do(chromedp.Reload())
		b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	}
	b.click("? Keys")
	b.until(`document.querySelector("dialog[open]")`)
	b.click("Single-letter keys")
	b.click("Close")
	b.until(`!document.activeElement.closest("dialog")`)
	b.do(chromedp.KeyEvent("/"))
	b.until(`document.activeElement.matches("input[type=search]")`)
}

// TestStillness: where motion is unwelcome nothing moves.
func TestStillness(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	const moving = `(() => {
		const moves = (time) => time.split(",").some((t) => parseFloat(t) > 0.01);
		return [...document.querySelectorAll("*")].flatMap((e) => [undefined, "::before", "::after", "::backdrop"].filter((part) => {
			const s = getComputedStyle(e, part);
			return s.animationName !== "none" && moves(s.animationDuration) || moves(s.transitionDuration) || s.scrollBehavior === "smooth";
		}).map((part) => e.tagName + "." + e.className + (part ?? ""))).slice(0, 5).join("; ");
	})()`
	for _, page := range []string{"/", "/issues", "/needs-you", "/sessions/" + program.SampleSession} {
		b.reduceMotion()
		b.open(p.URL + page)
		b.js(`document.querySelector(".top-buttons > form button").classList.add("htmx-request")`)
		if got := b.js(moving); got != "" {
			t.Errorf("%s moves %s", page, got)
		}
	}
	b.media()
	if got := b.js(moving); got == "" {
		t.Error("nothing moves where motion is welcome either: this sees nothing")
	}
}
