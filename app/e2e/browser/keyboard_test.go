package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// TestKeyboardAlone comes from the overview to a filtered, exported list
// without a pointer.
func TestKeyboardAlone(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.open(p.URL + "/")
	b.do(chromedp.KeyEvent("?"))
	b.until(`document.querySelector("#keys").open`)
	b.do(chromedp.KeyEvent("\u001b"))
	b.until(`!document.querySelector("#keys").open`)
	for tries := 0; tries < 5 &&
		!b.holds(`location.pathname === "/issues"`); tries++ { // the second key has 1.5 s, which a busy machine can miss
		b.do(chromedp.KeyEvent("gi"))
	}
	b.until(`location.pathname === "/issues" && document.querySelector("#live-state")?.dataset.state === "live"`)
	tab := func(what string, how ...chromedp.KeyOption) {
		t.Helper()
		for range 60 {
			b.do(chromedp.KeyEvent("\t", how...))
			if b.js(`Boolean(document.activeElement.matches(`+"`"+what+"`"+`))`) == "true" {
				return
			}
		}
		t.Fatalf("60 tabs did not reach %s", what)
	}
	tab("#q-issues")
	b.do(chromedp.KeyEvent(" severity:critical"))
	b.until(`document.activeElement.value.endsWith("severity:critical")`)
	b.do(chromedp.KeyEvent("\u001b"), chromedp.KeyEvent("\r"))
	b.until(`location.search.includes("severity") && document.querySelector(".list-count").textContent === "15 issues"`)
	tab(".menu:has(a[href*='.csv']) > summary", chromedp.KeyModifiers(chromedp.ModifierShift))
	b.do(chromedp.KeyEvent("\r"))
	tab("a[href*='csv']")
	link := strings.TrimPrefix(b.js(`document.activeElement.href`), p.URL)
	res, body := p.Get(link)
	if rows := strings.Count(strings.TrimSpace(body), "\n"); res.StatusCode != 200 || rows != 15 {
		t.Errorf("%s answered %d with %d rows, want 15: %.200s", link, res.StatusCode, rows, body)
	}

	// j and k choose rows, Enter opens; a dialog and keys that are off.
	b.open(p.URL + "/issues")
	b.do(chromedp.KeyEvent("jjk"))
	b.until(`document.querySelector("tr.is-chosen") === document.querySelector("main .table tbody tr")`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`location.pathname.startsWith("/issues/")`)
	b.js(`localStorage.setItem("keys", "off")`)
	b.do(chromedp.KeyEvent("?"))
	if got := b.js(`document.querySelector("#keys").open`); got != "false" {
		t.Error("keys that are off act")
	}
}

// TestKeysFromFocus: j and k go on from the row that has the focus.
func TestKeysFromFocus(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues")
	b.js(`document.querySelectorAll("main .table tbody tr")[4].querySelector("a[href]").focus()`)
	for _, step := range []struct {
		key string
		row int
	}{{"j", 5}, {"j", 6}, {"k", 5}} {
		b.do(chromedp.KeyEvent(step.key))
		b.until(fmt.Sprintf(`document.querySelectorAll("main .table tbody tr")[%d].matches(".is-chosen:focus-within")`, step.row))
	}
}
