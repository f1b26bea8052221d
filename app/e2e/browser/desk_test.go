package browser

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

const (
	selected = `document.querySelector(".desk.is-on [data-desk-count]")?.textContent`
	listed   = `document.querySelector(".list-count").textContent`
)

// toasted is true where a toast begins with a text.
func toasted(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".toast-text")].some((t) => t.textContent.startsWith(%q))`, text)
}

// openIssues opens the list with the focus in it, and returns how many issues it has.
func (b *browser) openIssues(p *program.Program) int {
	b.t.Helper()
	b.open(p.URL + "/issues")
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	n, err := strconv.Atoi(b.js(`document.querySelector("#desk").dataset.total * 1`))
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// TestIssuesAreTriagedByKeys: thirty issues are selected and dismissed, one more
// alone, and that one comes back; the focus stays in the list. Somebody else, who
// has issues selected, sees it arrive and loses neither them nor the place.
func TestIssuesAreTriagedByKeys(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), nil)
	n := b.openIssues(p)
	other := b.tab(t)
	other.openIssues(p)
	other.do(chromedp.KeyEvent("jxjx"))
	other.until(selected + ` === "2 selected"`)
	other.do(chromedp.KeyEvent("jjj"))
	at := other.js(`document.activeElement.closest("tr").id`)

	b.do(chromedp.KeyEvent("jjjjjjjj"))
	for range 30 {
		b.do(chromedp.KeyEvent("xj"))
	}
	b.until(selected + ` === "30 selected"`)
	b.do(chromedp.KeyEvent("d"))
	b.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Dismiss 30 issues" && document.activeElement.matches("select")`)
	b.js(`document.activeElement.value = "used_in_tests"`)
	b.do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until(toasted("30 issues dismissed: used in tests."))
	b.until(listed + fmt.Sprintf(` === "%d issues"`, n-30))
	b.until(`!document.querySelector(".desk.is-on") && Boolean(document.activeElement.closest("tbody tr"))`)

	other.until(`document.querySelectorAll("tr.is-gone").length === 30`)
	other.until(selected + ` === "2 selected" && document.querySelectorAll("tr.is-picked").length === 2`)
	if now := other.js(`document.activeElement.closest("tr").id`); now != at {
		t.Errorf("the focus moved from %s to %s", at, now)
	}

	b.do(chromedp.KeyEvent("d"))
	b.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Dismiss 1 issue" && document.activeElement.matches("select")`)
	b.do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until(listed + fmt.Sprintf(` === "%d issues"`, n-31))
	b.do(chromedp.KeyEvent("z"))
	b.until(toasted("Undone."))
	b.until(listed + fmt.Sprintf(` === "%d issues"`, n-30))
}

// TestAllThatMatchAreSelected: boxes, a range with shift, the page, and all of the
// query, whose number is confirmed.
func TestAllThatMatchAreSelected(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), nil)
	n := b.openIssues(p)
	box := func(row int) string { return fmt.Sprintf(`document.querySelectorAll("[data-pick]")[%d]`, row) }
	b.js(box(1) + `.click()`)
	b.js(box(5) + `.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }))`)
	b.until(selected + ` === "5 selected" && document.querySelector("[data-pick-page]").indeterminate`)
	b.js(`document.querySelector("[data-pick-page]").click()`)
	b.until(selected + ` === document.querySelectorAll("[data-pick]").length + " selected"`)
	b.js(`document.querySelector("[data-desk-all]").click()`)
	b.until(selected + fmt.Sprintf(` === "%d selected"`, n))
	b.js(`document.querySelector(".desk [value=assign]").click()`)
	b.until(fmt.Sprintf(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Assign %d issues" &&
		document.activeElement.matches("#decide-form select")`, n))
	b.js(`document.querySelector("dialog[open] form").requestSubmit()`)
	b.until(toasted(fmt.Sprintf("%d issues assigned to ", n)))
	b.until(`document.querySelectorAll(".t-issues .avatar:not(.is-nobody)").length === document.querySelectorAll("[data-pick]").length`)
}

// TestAnIssueBesideItsList: a click opens it there, j goes on, the address says
// which it is and is enough to come back, Escape closes it, and Enter opens its page.
func TestAnIssueBesideItsList(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), nil)
	b.size(1440, 900)
	b.openIssues(p)
	b.js(`document.querySelector(".t-issues tbody tr:nth-child(2) td.k-repo").dispatchEvent(
		new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 }))`)
	peeks := func(row int) string {
		return fmt.Sprintf(`(() => { const row = document.querySelectorAll(".t-issues tbody tr")[%d];
			return row.matches(".is-peeked") && location.search.includes("peek=" + row.id.replace("issues-", "")) &&
				Boolean(document.querySelector("#peek-body [data-panel]")); })()`, row)
	}
	b.until(peeks(1))
	b.do(chromedp.KeyEvent("j"))
	b.until(peeks(2))
	b.do(chromedp.Reload())
	b.until(peeks(2))
	b.do(chromedp.KeyEvent("\u001b"))
	b.until(`document.querySelector("#peek").hidden && !location.search.includes("peek")`)
	b.js(`history.back()`)
	b.until(peeks(2))
	b.js(`document.querySelectorAll(".t-issues tbody tr")[2].querySelector(".row-link").focus()`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`location.pathname.startsWith("/issues/")`)
}

// TestRowsAreSnoozed: h snoozes the row that is chosen, it is among those that
// are snoozed, and undo brings it back.
func TestRowsAreSnoozed(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	b.open(p.URL + "/needs-you")
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	rows := `document.querySelectorAll("#needs-you [data-pick]").length`
	n, _ := strconv.Atoi(b.js(rows))
	if n == 0 {
		t.Fatal("no row waits")
	}
	b.js(`document.querySelector("#needs-you .row-link").focus()`)
	b.do(chromedp.KeyEvent("h"))
	b.until(toasted("1 row snoozed until "))
	b.until(fmt.Sprintf(`%s === %d`, rows, n-1))
	b.do(chromedp.KeyEvent("z"))
	b.until(fmt.Sprintf(`%s === %d`, rows, n))
	b.js(`[...document.querySelectorAll("#needs-you .row-menu form button")].find((e) => e.textContent.includes("until it changes")).click()`)
	b.until(toasted("1 row snoozed until something changes."))
	b.open(p.URL + "/needs-you?q=is:snoozed")
	b.until(rows + ` === 1`)
}
