package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// fits finds what is wrong with a list in a window: a box that scrolls
// sideways, places, severities and names of repositories that are cut, tools
// that lie over what is above.
const fits = `(() => {
  const wrong = [];
  for (const box of document.querySelectorAll(".table-wrap")) if (box.scrollWidth > box.clientWidth) wrong.push("a box scrolls: " +
	box.scrollWidth + " > " + box.clientWidth);
  for (const cell of document.querySelectorAll("td:is(.k-path, .k-repo), td:has(.pill)")) {
    if (cell.checkVisibility() && cell.scrollWidth > cell.clientWidth + 1) wrong.push("cut: " + cell.textContent.trim().slice(0, 80));
  }
  const tools = document.querySelector(".list-tools")?.getBoundingClientRect(),
	heading = document.querySelector(".heading").getBoundingClientRect();
  if (tools && tools.top < heading.top) wrong.push("its tools stand at " + tools.top + ", above the heading at " + heading.top);
  return JSON.stringify(wrong.slice(0, 4));
})()`

// TestListWidths: no list scrolls sideways, nor loses a file, a line or a
// repository, in any window.
func TestListWidths(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ListRecords(), nil)
	for _, page := range []string{"/issues?q=", "/issues?q=&columns=score,cwe", "/sessions", "/pulls", "/runs", "/repos",
		"/repo/octo/shop/issues", "/repo/octo/shop/pulls"} {
		b.do(chromedp.Navigate(s.URL + page))
		for _, width := range []int64{320, 390, 641, 768, 960, 961, 1024, 1100, 1101, 1239, 1280, 1920} {
			b.size(width, 900)
			b.problems(page, fmt.Sprint("at ", width), fits, false)
			if got := b.js(`document.documentElement.scrollWidth`); got != fmt.Sprint(width) {
				t.Errorf("%s at %d: the page is %s wide", page, width, got)
			}
			if page == "/issues?q=" &&
				b.js(
					`[...document.querySelectorAll("td.k-path")].every((e) => /ProfileImageUploadController\.java:12\d/.test(e.innerText) ||
						/a\.js:\d/.test(e.innerText))`,
				) != "true" {
				t.Errorf("at %d a place has no file or line: %s", width, b.js(`document.querySelector("td.k-path").innerText`))
			}
		}
	}
}

// TestPhoneMenus: on a phone one button says the view and its count, another
// the order; both lead where tabs and headers do, and work without JavaScript.
func TestPhoneMenus(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ListRecords(), nil)
	b.size(390, 844)
	b.open(s.URL + "/issues")
	if got := b.js(`[...document.querySelectorAll(".views, .t-issues thead, .list-tools > details > summary")].map((e) =>
		e.checkVisibility() ? e.innerText.replace(/\s+/g,
		" ").trim() : "-").join("|")`); got != "-|All open 9|Sorted by Severity|-|Save view|Export|-" {
		t.Errorf("the tools are %q", got)
	}
	var tabs, menu []string
	for of, into := range map[string]*[]string{".views a": &tabs, ".views-menu a": &menu} {
		links := b.js(`JSON.stringify([...document.querySelectorAll("` + of + `")].map((e) => e.href + " " + e.textContent.trim()))`)
		if err := json.Unmarshal([]byte(links), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(tabs) < 8 || !slices.Equal(tabs, menu) {
		t.Errorf("tabs %q, the menu %q", tabs, menu)
	}
	b.do(chromedp.Click("#views-issues summary"), chromedp.Click(`#views-issues a[href*="severity"]`))
	b.until(
		`location.search.includes("severity") && document.querySelector("#views-issues summary").innerText.replace(/\s+/g,
			" ").trim() === "Critical and high 3"`,
	)
	b.do(chromedp.Click("#sort-issues summary"), chromedp.Click(`#sort-issues a[href*="sort=rule"]`))
	b.until(`location.search.includes("sort=rule") && document.querySelector("#sort-issues summary").innerText.includes("Rule")`)
	if got := b.js(`[...document.querySelectorAll(".t-issues .row-link")].map((e) => e.textContent.at(-1)).join("")`); got != "123" {
		t.Errorf("by rule: %s", got)
	}
	b.checkConsole()
}
