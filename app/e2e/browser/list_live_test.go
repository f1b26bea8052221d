package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

func TestListLive(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	for _, path := range []string{"/repo/octo/shop", "/"} {
		b.do(chromedp.Navigate(s.URL + path))
		b.until(`document.querySelector("#live-state")?.textContent === "Updating live"`)
	}
	if got := b.js(`document.querySelector("#tiles .tile-value").textContent`); got != "59" {
		t.Errorf("open issues: %s", got)
	}
	if got := b.js(`[...document.querySelectorAll("time[data-as=ago]")].every(e => e.textContent === "just now" ||
		/ ago$/.test(e.textContent))`); got != "true" {
		t.Error("times are not relative")
	}

	// A refresh by a click: its card appears, the panels change in place, and
	// what is typed stays.
	fixed := []map[string]any{program.Finding(3, 2, "high", "xss", "js/rule-02", "src/a.ts", 2)}
	for n := 3; n <= 30; n++ {
		fixed = append(fixed, program.Finding(3, n, "medium", "xss", "js/rule-09", "src/b.ts", n))
	}
	s.Write(map[string]any{"c.json": program.Scan(3, time.Now().Add(-time.Minute), fixed)})
	b.do(chromedp.SendKeys("#search", "half a wo"))
	b.js(`(() => { document.querySelector("#search").setSelectionRange(4, 4); window.kept = document.querySelector("#tiles"); })()`)
	b.js(`document.querySelector(".top-buttons form[action='/actions/refresh'] button").click()`)
	b.until(`document.querySelector("#toasts").textContent.includes("1 new file, 0 updated")`)
	b.until(`document.querySelector("#tiles .tile-value").textContent === "29"`)
	if got := b.js(`[window.kept === document.querySelector("#tiles"), document.activeElement.id, document.activeElement.value,
		document.activeElement.selectionStart].join()`); got != "true,search,half a wo,4" {
		t.Errorf("after the change: %s", got)
	}

	// The card survives a change of page, and closes for good.
	b.do(chromedp.Navigate(s.URL + "/issues"))
	b.until(`document.querySelector(".job")?.textContent.includes("1 new file")`)
	b.js(`document.querySelector(".job .btn-quiet").click()`)
	b.until(`!document.querySelector(".job")`)

	// A change from elsewhere reaches the list, and leaves an open menu and
	// the chosen row alone.
	b.js(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }))`)
	b.js(`(() => { document.querySelector(".menus details").open = true; })()`)
	chosen := b.js(`document.querySelector("tr.is-chosen").id`)
	s.Write(map[string]any{"d.json": program.Scan(4, time.Now(), fixed[:28])})
	s.Job("refresh")
	b.until(`document.querySelector(".list-count").textContent === "28 issues"`)
	if got := b.js(`[document.querySelector(".menus details").open,
		document.querySelector("tr.is-chosen")?.id === document.activeElement.closest("tr")?.id].join()`); got != "true,true" {
		t.Errorf("an open menu and the chosen row (%s): %s", chosen, got)
	}

	// Sorting and filtering swap the list in place and are in the address.
	b.js(`[...document.querySelectorAll(".sort-link")].find(a => a.textContent.includes("Rule")).click()`)
	b.until(`location.search.includes("sort=rule") && document.querySelector("th[aria-sort]").textContent.includes("Rule")`)
	b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "is:fixed"; q.form.requestSubmit(); })()`)
	b.until(`location.search.includes("q=is%3Afixed") && document.querySelector(".list-count").textContent === "32 issues"`)
	b.back()
	b.until(`document.querySelector(".query-box")?.value === "is:open" && location.search.includes("sort=rule")`)
}
