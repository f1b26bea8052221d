package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// scannedOften are 40 scans of the shop, each with a session that has a pull
// request, and 130 findings.
func scannedOften() map[string]any {
	records := map[string]any{}
	begin := time.Now().Add(-100 * time.Hour)
	for run := 1; run <= 40; run++ {
		var findings []map[string]any
		for n := run; n <= run+90; n++ {
			findings = append(
				findings,
				program.Finding(
					run,
					n,
					[]string{"critical", "high", "medium", "low"}[n%4],
					[]string{"xss", "injection"}[n%2],
					fmt.Sprintf("js/rule-%03d", n),
					fmt.Sprintf("src/%d.ts", n),
					n,
				),
			)
		}
		session := map[string]any{
			"session_id": fmt.Sprintf("devin-%032x", run+4096),
			"batch_id":   1,
			"status":     "finished",
			"issue_ids":  []string{fmt.Sprintf("CQLF-R%d-%04d", run, run+1)},
			"pr_url":     fmt.Sprintf("https://github.com/octo/shop/pull/%d", run),
		}
		records[fmt.Sprintf("m%02d.json", run)] = program.Scan(run, begin.Add(time.Duration(run)*time.Hour), findings, session)
	}
	return records
}

// withoutMemory lets a browser keep no page that was left: the way back loads
// it again, as it does after a while.
func withoutMemory() chromedp.ExecAllocatorOption {
	return chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,BackForwardCache")
}

// shownView is the address of a page and what its lists show.
const shownView = `JSON.stringify([location.pathname + location.search, document.querySelector("main input[name=q]")?.value,
	[...document.querySelectorAll("main [aria-current]")].map((e) => e.innerText?.trim()),
	[...document.querySelectorAll("main th[aria-sort]")].map((e) => e.innerText + e.ariaSort),
	[...document.querySelectorAll("main tbody tr")].map((e) => e.id)])`

// TestBackAndReload: the whole view of a list is in its address: the way back
// from elsewhere shows it again, scrolled to where it was, and so does a
// reload.
func TestBackAndReload(t *testing.T) {
	b := startBrowser(t, withoutMemory())
	s := program.WithRuns(t, scannedOften(), nil)
	b.size(1280, 600)
	for _, address := range []string{
		"/issues?q=is:open+family:xss&sort=rule&order=desc&per_page=25&page=2",
		"/sessions?q=repo:octo/shop&per_page=25&page=2",
		"/pulls?q=is:unknown&sort=title&order=desc&per_page=25&page=2",
		"/runs?q=kind:scan&sort=found&order=desc&per_page=25&page=2",
		"/repo/octo/shop/issues?q=is:fixed&per_page=25&page=2",
		"/repo/octo/shop/runs?sort=found&order=desc&per_page=25",
		"/repos?q=octo&sort=open&order=asc",
		"/activity?kind=run&page=2",
		"/search?q=rule",
		"/?period=7d",
		"/runs/m40.json?against=m02.json",
	} {
		t.Run(address, func(t *testing.T) {
			b.in(t)
			b.open(s.URL + address)
			b.js(`scrollTo(0, 180)`)
			want, at := b.js(shownView), b.js(`scrollY`)
			if at == "0" && !strings.HasPrefix(address, "/repos") { // there is one
				t.Error("there is nothing to scroll")
			}
			b.do(chromedp.Navigate(s.URL + "/activity"))
			b.back()
			b.until(
				fmt.Sprintf(
					`location.pathname + location.search === %q && document.querySelector("#live-state")?.dataset.state === "live" &&
						Math.abs(scrollY - %s) < 2`,
					address,
					at,
				),
			)
			if got := b.js(shownView); got != want {
				t.Errorf("back, it shows\n%.400s\nnot\n%.400s", got, want)
			}
			b.do(chromedp.Reload())
			b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
			if got := b.js(shownView); got != want {
				t.Errorf("reloaded, it shows\n%.400s\nnot\n%.400s", got, want)
			}
		})
	}
}

// TestBackInPlace: what a click changed in place is an entry of the history
// too: from elsewhere the way back leads to it, and from it to what was
// before.
func TestBackInPlace(t *testing.T) {
	b := startBrowser(t, withoutMemory())
	s := program.WithRuns(t, scannedOften(), nil)
	for address, press := range map[string]string{
		"/issues":                              "th a[href*='sort=rule']",
		"/issues?per_page=25":                  ".pager a[href*='?page=2']",
		"/sessions?per_page=25":                ".pager a[href*='?page=2']",
		"/pulls":                               "th a[href*='sort=']",
		"/runs":                                "th a[href*='sort=found']",
		"/repos":                               "th a[href*='sort=']",
		"/activity":                            "a[href*='kind=']",
		"/repo/octo/shop/issues":               "th a[href*='sort=rule']",
		"/repo/octo/shop/runs":                 "th a[href*='sort=found']",
		"/repo/octo/shop/sessions?per_page=25": ".pager a[href*='?page=2']",
	} {
		t.Run(address, func(t *testing.T) {
			b.in(t)
			b.open(s.URL + address)
			before := b.js(shownView)
			if !b.holds(fmt.Sprintf("document.querySelector(`main :is(%s)`)", press)) {
				t.Fatalf(
					"there is nothing to click: %s",
					b.js(`[...document.querySelectorAll("main a[hx-get]")].map((a) => a.getAttribute("href")).join("  ").slice(0, 1500)`),
				)
			}
			b.js(fmt.Sprintf("(() => { window.kept = true; document.querySelector(`main :is(%s)`).click(); })()", press))
			b.until(fmt.Sprintf(`location.pathname + location.search !== %q && !document.querySelector("main .htmx-request")`, address))
			if !b.holds(`window.kept`) {
				t.Fatal("the page was loaded anew")
			}
			after := b.js(shownView)
			if after == before {
				t.Errorf("it changed nothing: %.300s", after)
			}
			b.do(chromedp.Navigate(s.URL + "/needs-you"))
			b.back()
			b.until(`location.pathname !== "/needs-you" && document.querySelector("#live-state")?.dataset.state === "live"`)
			if got := b.js(shownView); got != after {
				t.Errorf("back, it shows\n%.400s\nnot\n%.400s", got, after)
			}
			b.back()
			b.until(fmt.Sprintf("%s === %q", shownView, before))
		})
	}
}
