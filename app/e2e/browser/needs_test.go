package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// TestDispatchFromNeeds: what never started, and a scan that is overdue, is
// dispatched from its row, in place and once.
func TestDispatchFromNeeds(t *testing.T) {
	b := startBrowser(t)
	records := map[string]any{}
	for i := range 4 { // weekly, until four weeks ago
		records[fmt.Sprintf("w%d.json", i)] = program.Scan(i+1, time.Now().AddDate(0, 0, 7*i-49), []map[string]any{program.Finding(i+1, 1, "high", "xss", "js/rule-01", "src/a.ts", 1)})
	}
	records["w3.json"].(map[string]any)["sessions"] = []map[string]any{{"session_id": "", "batch_id": 1, "status": "error: no credits left", "issue_ids": []string{"CQLF-R4-0001"}}}
	p := program.WithPlayers(t, records, nil)
	p.PutWorkflow()
	dispatched := func() int {
		return len(slices.DeleteFunc(p.GitHub.Requests(), func(r githubtest.Request) bool {
			return r.Method != "POST" || !strings.HasSuffix(r.Path, "/dispatches")
		}))
	}
	for i, word := range []string{"Never started", "Scan overdue"} {
		b.open(p.URL + "/needs-you")
		row := fmt.Sprintf(`[...document.querySelectorAll("main tbody tr")].find((r) => r.innerText.includes(%q))`, word)
		b.until(row)
		b.js(`[...` + row + `.querySelectorAll("a, button")].find((e) => e.innerText.trim() === "Dispatch").click()`)
		b.until(`document.querySelector("dialog[open]")?.innerText.includes("octo/shop")`)
		const send = `[...document.querySelectorAll("dialog[open] button[type=submit], dialog[open] form button:not([type])")].at(-1)`
		b.until(send)
		b.js(`(() => { const send = ` + send + `; send.click(); send.click(); })()`)
		b.until(`document.querySelector("dialog[open]")?.innerText.includes("Watch it on GitHub") && location.pathname === "/needs-you"`)
		if n := dispatched(); n != i+1 {
			t.Errorf("%s: %d runs are dispatched, want %d", word, n, i+1)
		}
	}
}

// TestNothingNeeds: where nothing waits, it is said how many sessions work.
func TestNothingNeeds(t *testing.T) {
	b := startBrowser(t)
	var sessions []map[string]any
	for n := range 4 {
		sessions = append(sessions, map[string]any{"session_id": fmt.Sprintf("devin-%032x", n+1), "batch_id": n + 1, "status": "running", "issue_ids": []string{fmt.Sprintf("CQLF-R1-000%d", n+1)}})
	}
	p := program.WithPlayers(t, map[string]any{"a.json": program.Scan(1, time.Now().Add(-time.Minute), program.SampleFindings(), sessions...)}, nil)
	for n := range 4 {
		p.Devin.Put(devintest.Session{ID: fmt.Sprintf("%032x", n+1), Status: "running", Detail: "working"})
	}
	p.Job("poll")
	for _, page := range []string{"/needs-you", "/"} {
		b.open(p.URL + page)
		b.until(`/Nothing needs you\.\s+4 sessions working\./.test(document.querySelector("main").innerText)`)
	}
	p.Devin.Update(fmt.Sprintf("%032x", 1), func(s *devintest.Session) { s.Detail = "waiting_for_user" })
	p.Job("poll")
	b.until(`!document.querySelector("main").innerText.includes("Nothing needs you")`)
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

// TestTwoJobsAtOnce: two buttons that are pressed within one round trip keep
// both of their cards, after a reload too.
func TestTwoJobsAtOnce(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	b.open(p.URL + "/runs")
	b.js(`(() => { for (const job of ["refresh", "poll"]) document.querySelector(".top-buttons > form[action='/actions/" + job + "'] button").click(); })()`)
	const both = `document.querySelectorAll(".job").length === 2 && /Refresh: done/.test(document.querySelector("#jobs").innerText) && /Poll sessions: done/.test(document.querySelector("#jobs").innerText)`
	b.until(both)
	b.do(chromedp.Reload())
	b.until(both)
}

// TestNothingDead: without JavaScript nothing is shown that would need it.
func TestNothingDead(t *testing.T) {
	b := startBrowser(t)
	b.provokes("Failed to load resource")
	p := startWithOverlays(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	const dead = `JSON.stringify([...document.querySelectorAll("button, [data-pause], [data-theme-toggle], [data-copy], [data-keys-toggle], [data-retry]")].filter((e) =>
		e.checkVisibility({ checkVisibilityCSS: true }) && !e.matches("a[href], [popovertarget]") && !(e.form && e.type === "submit")).map((e) => "it does nothing: " + e.outerHTML.slice(0, 140)))`
	for _, page := range everyPage(p.Program) {
		b.do(chromedp.Navigate(p.URL + page))
		b.until(`document.querySelector("h1")`)
		for _, width := range []int64{390, 1280} {
			b.size(width, 900)
			b.problems(page, fmt.Sprint("without JavaScript at ", width), dead, false)
		}
	}
}

// TestComposing: a word that is still being composed is neither completed nor
// run by Enter, which takes the word.
func TestComposing(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/issues?q=")
	b.do(chromedp.Focus("#q-issues"))
	if _, err := chromedp.Call(b.ctx, input.ImeSetComposition, input.ImeSetCompositionParams{Text: "sev", SelectionStart: 3, SelectionEnd: 3}); err != nil {
		t.Fatal(err)
	}
	const offered = `document.querySelector("#q-issues").value === "sev" && document.querySelector("#complete-issues li")?.textContent.startsWith("severity:")`
	b.until(offered)
	b.js(`(() => { window.kept = true; const q = document.querySelector("#q-issues"); for (const key of ["ArrowDown", "Enter", "Tab"]) q.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, isComposing: true })); })()`)
	if got := b.js(`[document.querySelector("#q-issues").value, location.search, document.activeElement.id, window.kept]`); got != "sev,?q=,q-issues,true" {
		t.Errorf("composing, the keys did %s", got)
	}
	b.until(offered)
}

// TestFoldStays: on a phone a panel stays open or closed as it was, whatever
// comes to it.
func TestFoldStays(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.size(390, 900)
	b.open(p.URL + "/")
	const folds = `[...document.querySelectorAll("details.fold")].map((d) => d.id + d.open).join()`
	b.js(`(() => { for (const d of document.querySelectorAll("details.fold")) d.querySelector("summary").click(); })()`)
	want := b.js(folds)
	if !strings.Contains(want, "true") || !strings.Contains(want, "false") {
		t.Fatalf("the panels are %s", want)
	}
	rescan(p, 11, 5)
	b.until(`document.querySelector("#tiles .tile-value").textContent === "56"`)
	if got := b.js(folds); got != want {
		t.Errorf("after an update they are %s, before %s", got, want)
	}
	b.open(p.URL + "/")
	if got := b.js(folds); got != want {
		t.Errorf("opened anew they are %s, before %s", got, want)
	}
}
