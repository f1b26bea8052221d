package browser

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// criticalScan is a scan of the sample's critical issues alone, those of the
// rules that keep holds for.
func criticalScan(run int, keep func(n int) bool) map[string]any {
	var findings []map[string]any
	for n := 4; n <= 80; n += 4 {
		if keep(n) {
			findings = append(findings,
				program.Finding(1, n, "critical", "xss", fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/<b>%d</b>/file.ts", n), n))
		}
	}
	return program.Scan(run, time.Now(), findings)
}

// TestListHoldsStill: while the focus or the pointer is inside a list, an
// update neither removes nor moves a row. What goes is greyed, what comes is
// offered, and all is shown when it is asked for or the list is left.
func TestListHoldsStill(t *testing.T) {
	b := startBrowser(t)
	const ids = `[...document.querySelectorAll("main .table tbody tr")].map((r) => r.id).join()`
	const gone = `document.querySelectorAll("main .table tr.is-gone").length`
	for _, how := range []string{"focus", "pointer", "show"} {
		s := program.WithRuns(t, program.Sample(), nil)
		t.Run(how, func(t *testing.T) {
			b.in(t)
			b.open(s.URL + "/issues?q=is:open+severity:critical")
			b.do(chromedp.MouseEvent(chromedp.MouseMoved, 5, 5))
			if how == "pointer" {
				b.js(`window.scrollTo(0, 0)`)
				at := b.js(`document.querySelector("tbody tr td.k-path").getBoundingClientRect().top + 9`)
				y, err := strconv.ParseFloat(at, 64)
				if err != nil {
					t.Fatal(err)
				}
				b.do(chromedp.MouseEvent(chromedp.MouseMoved, 600, y))
				b.until(`document.querySelector(".table-wrap").matches(":hover")`)
			} else {
				b.do(chromedp.KeyEvent("jj"))
				b.until(`document.activeElement.closest("tr")`)
			}
			before := b.js(ids)
			// Two leave and more come: the rules up to 60 were there.
			s.Write(map[string]any{"c.json": criticalScan(3, func(n int) bool { return n != 4 && n != 8 })})
			s.Job("refresh")
			b.until(gone + ` === 2 && document.querySelector(".offer")?.textContent === "5 new, 2 gone · show"`)
			if got := b.js(ids); got != before {
				t.Errorf("the rows are %s, want %s", got, before)
			}
			// A further update with the list still in hands moves nothing either.
			s.Write(map[string]any{"d.json": criticalScan(4, func(n int) bool { return n != 4 && n != 8 && n != 12 })})
			s.Job("refresh")
			b.until(gone + ` === 3`)
			if got := b.js(ids); got != before {
				t.Errorf("the rows are then %s, want %s", got, before)
			}
			switch how {
			case "focus":
				b.js(`document.activeElement.blur()`)
			case "pointer":
				b.do(chromedp.MouseEvent(chromedp.MouseMoved, 5, 5))
			case "show":
				b.js(`document.querySelector(".offer").click()`)
			}
			b.until(gone + ` === 0 && !document.querySelector(".offer") && document.querySelectorAll("main .table tbody tr").length === 17`)
			if how == "show" {
				b.until(`document.activeElement.closest("tr")`)
			}
		})
	}
}

// TestRowOpens: a click anywhere on a row opens it, one that ends a selection
// of text does not, and one on another link follows that.
func TestRowOpens(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues")
	b.js(`getSelection().selectAllChildren(document.querySelector("tbody tr .k-age"))`)
	b.js(`document.querySelector("tbody tr .k-age").click()`)
	if got := b.js(`location.pathname`); got != "/issues" {
		t.Errorf("a selection of text opened %s", got)
	}
	b.js(`getSelection().removeAllRanges()`)
	b.js(`document.querySelector("tbody tr .k-repo a").click()`)
	b.until(`location.pathname === "/repo/octo/shop"`)
	b.open(s.URL + "/runs")
	b.do(chromedp.Click("tbody tr:nth-child(1) .k-age"))
	b.until(`location.pathname.startsWith("/runs/")`)
	b.open(s.URL + "/issues") // an issue opens beside its list
	b.do(chromedp.Click("tbody tr:nth-child(3) .k-age"))
	b.until(`location.pathname === "/issues" && document.querySelector(".peek h2")`)
}
