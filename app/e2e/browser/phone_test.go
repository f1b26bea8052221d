package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestCollapsedStaysClosed: on a phone a panel that a person collapsed stays collapsed
// when a change from elsewhere comes in, and the next time.
func TestCollapsedStaysClosed(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ManyRecords(), nil)
	b.size(390, 900)
	b.open(s.URL + "/")
	const shown = `document.querySelector("#open-collapse .bars").checkVisibility({ contentVisibilityAuto: true })`
	b.js(`document.querySelector("#open-collapse > summary").click()`)
	b.until(shown)
	b.js(`document.querySelector("#open-collapse > summary").click()`)
	b.until("!" + shown)

	before := b.js(`document.querySelector("#outcomes .counter").textContent`)
	s.Write(
		map[string]any{
			"d.json": program.Scan(
				3,
				time.Now(),
				nil,
				map[string]any{"session_id": "devin-" + strings.Repeat("ab", 16), "batch_id": 1, "status": "working", "issue_ids": []string{}},
			),
		},
	)
	s.Job("refresh")
	b.until(`document.querySelector("#outcomes .counter").textContent !== "` + before + `"`)
	if got := b.js(shown); got != "false" {
		t.Error("the change opened what was collapsed")
	}
	b.do(chromedp.Reload())
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	if got := b.js(shown); got != "false" {
		t.Error("what was collapsed is open the next time")
	}
}

// TestPhoneReaches: what a wide window has in its bars a phone reaches, too: the
// saved views in its menu of pages, and on the search page the box.
func TestPhoneReaches(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ListRecords(), nil)
	if res, _ := s.Do("POST", "/actions/views", program.Form("name", "The worst", "list", "issues", "query",
		"q=is%3Aopen+severity%3Acritical")); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("save a view: %d", res.StatusCode)
	}
	b.size(320, 640)
	b.open(s.URL + "/runs")
	b.js(`document.querySelector("summary[aria-label=Pages]").click()`)
	b.do(chromedp.Click(`nav[aria-label="Pages"] .menu-note ~ a`))
	b.until(`location.pathname === "/issues" && new URLSearchParams(location.search).get("q") === "is:open severity:critical"`)

	b.open(s.URL + "/search?q=shop")
	if got := b.js(`document.querySelector(".search-page input").value`); got != "shop" {
		t.Errorf("the search page's box has %q", got)
	}
	b.do(chromedp.SendKeys(".search-page input", "zzz"), chromedp.Click(".search-page button"))
	b.until(`location.search.includes("zzz") && document.querySelector(".empty-title")?.textContent === "Nothing matches"`)
}

// TestPhoneCards: a card says nothing of what is not known, and its two ends
// never lie on each other, however long a name is.
func TestPhoneCards(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ManyRecords(), nil)
	for _, width := range []int64{320, 390} {
		b.size(width, 800)
		for _, page := range []string{"/issues?q=", "/sessions", "/runs", "/pulls", "/needs-you"} {
			b.open(s.URL + page)
			if got := b.js(`[...document.querySelectorAll("tbody td")].filter((td) => td.checkVisibility() &&
				/^(found )?[–\s]+$/.test(td.innerText)).map((td) => td.className).join("|")`); got != "" {
				t.Errorf("%s at %d: a card shows nothing in %s", page, width, got)
			}
			if got := b.js(`[...document.querySelectorAll("tbody tr")].flatMap((tr) => {
				const boxes = [...tr.cells].filter((td) => td.checkVisibility()).map((td) => { const range = document.createRange();
					const menu = td.querySelector("details:not([open]) > summary"); // what it holds is not shown
					if (menu) return [td.className, menu.getBoundingClientRect()];
					range.selectNodeContents(td); return [td.className, range.getBoundingClientRect()]; });
				return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([, y]) => x.width && y.width &&
					Math.min(x.right, y.right) - Math.max(x.left, y.left) > 1 &&
					Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 4).map(([z]) => tr.id + ": " + a + " on " + z));
			}).slice(0, 3).join("; ")`); got != "" {
				t.Errorf("%s at %d: %s", page, width, got)
			}
		}
	}
}

// TestCollapsedStays: on a phone a panel stays open or closed as it was, whatever
// comes to it.
func TestCollapsedStays(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.size(390, 900)
	b.open(p.URL + "/")
	const states = `[...document.querySelectorAll("details.collapse")].map((d) => d.id + d.open).join()`
	b.js(`(() => { for (const d of document.querySelectorAll("details.collapse")) d.querySelector("summary").click(); })()`)
	want := b.js(states)
	if !strings.Contains(want, "true") || !strings.Contains(want, "false") {
		t.Fatalf("the panels are %s", want)
	}
	rescan(p, 11, 5)
	b.until(`document.querySelector("#tiles .tile-value").textContent === "56"`)
	if got := b.js(states); got != want {
		t.Errorf("after an update they are %s, before %s", got, want)
	}
	b.open(p.URL + "/")
	if got := b.js(states); got != want {
		t.Errorf("opened anew they are %s, before %s", got, want)
	}
}
