package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestCompletion: a person completes a query by keys alone, runs it, sees
// what is wrong with the next one while it stays, and saves a view; and the
// console stays silent.
func TestCompletion(t *testing.T) {
	b := startBrowser(t)
	b.provokes("400 (Bad Request)")
	s := program.WithRuns(t, program.Sample(), nil)
	b.do(chromedp.Navigate(s.URL+"/issues?q="), chromedp.Focus("#q-issues"))
	b.do(chromedp.SendKeys("#q-issues", "sev"))
	b.until(`document.querySelector("#complete-issues li")?.textContent.startsWith("severity:")`)
	b.until(`document.querySelector("#q-issues").getAttribute("aria-expanded") === "true"`)
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	if got := b.js(`document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).textContent`); !strings.HasPrefix(
		got,
		"severity:",
	) {
		t.Errorf("the option that is announced: %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(
		`document.querySelector("#q-issues").value === "severity:" &&
			[...document.querySelectorAll("#complete-issues .option-text")].some((o) => o.textContent === "critical")`,
	)
	b.do(chromedp.SendKeys("#q-issues", "cri"))
	b.until(`document.querySelectorAll("#complete-issues li").length === 1`)
	b.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Tab))
	b.until(`document.querySelector("#q-issues").value === "severity:critical " && document.activeElement.id === "q-issues"`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(`document.querySelector("#complete-issues").hidden`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`location.search.includes("severity%3Acritical") && document.querySelector(".pager-range").textContent.includes("of 15")`)
	b.do(chromedp.SendKeys("#q-issues", " colour:red"), chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector("#fault-issues .field-fault")?.textContent.includes("Unknown qualifier")`)
	if got := b.js(`document.querySelector("#q-issues").value + "|" + document.activeElement.id + "|" +
		document.querySelectorAll("#issues tbody tr").length`); got != "severity:critical  colour:red|q-issues|15" &&
		got != "severity:critical colour:red|q-issues|15" {
		t.Errorf("what was typed, the focus and the rows: %q", got)
	}
	b.do(
		chromedp.Navigate(s.URL+"/issues?q=is:fixed"),
		chromedp.Click("#save-issues summary"),
		chromedp.SendKeys("#save-name-issues", "Gone"),
		chromedp.KeyEvent(kb.Enter),
	)
	b.until(`document.querySelector("#delete-issues") && document.querySelector(".view.is-current")?.textContent.includes("Gone")`)

	// A known name asks to replace, and a name is corrected.
	b.provokes("409 (Conflict)")
	b.do(
		chromedp.Navigate(s.URL+"/issues?q=severity:low"),
		chromedp.Click("#save-issues summary"),
		chromedp.SendKeys("#save-name-issues", "gone"),
		chromedp.KeyEvent(kb.Enter),
	)
	b.until(`document.querySelector("#save-fault-issues")?.textContent.includes("A view with this name already exists, on /issues")`)
	b.do(chromedp.Click("#save-fault-issues input"), chromedp.Focus("#save-name-issues"), chromedp.KeyEvent(kb.Enter))
	b.until(`location.search.includes("low") && document.querySelector(".view.is-current")?.textContent.includes("gone")`)
	b.do(chromedp.Click("#delete-issues summary"), chromedp.SendKeys("#rename-issues", "low and "), chromedp.KeyEvent(kb.Enter))
	b.until(
		`document.querySelector(".view.is-current")?.textContent.includes("low and gone") &&
			document.querySelector("#saved-menu").textContent.includes("low and gone")`,
	)
}

// TestComposing: a word that is still being composed is neither completed nor
// run by Enter, which takes the word.
func TestComposing(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues?q=")
	b.do(chromedp.Focus("#q-issues"))
	if _, err := chromedp.Call(b.ctx, input.ImeSetComposition,
		input.ImeSetCompositionParams{Text: "sev", SelectionStart: 3, SelectionEnd: 3}); err != nil {
		t.Fatal(err)
	}
	const offered = `document.querySelector("#q-issues").value === "sev" &&
		document.querySelector("#complete-issues li")?.textContent.startsWith("severity:")`
	b.until(offered)
	b.js(
		`(() => { window.kept = true; const q = document.querySelector("#q-issues");
			for (const key of ["ArrowDown", "Enter", "Tab"]) q.dispatchEvent(new KeyboardEvent("keydown",
				{ key, bubbles: true, cancelable: true, isComposing: true })); })()`,
	)
	if got := b.js(`[document.querySelector("#q-issues").value, location.search, document.activeElement.id,
		window.kept]`); got != "sev,?q=,q-issues,true" {
		t.Errorf("composing, the keys did %s", got)
	}
	b.until(offered)
}
