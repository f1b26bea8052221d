package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// TestNeedsAreActedOn: a scan that is overdue is dispatched from its row, and a
// batch that never started is sent to Devin again, in place and once. Then the row
// is no longer to do.
func TestNeedsAreActedOn(t *testing.T) {
	b := startBrowser(t)
	records := map[string]any{}
	for i := range 4 { // weekly, until four weeks ago
		records[fmt.Sprintf("w%d.json", i)] = program.Scan(
			i+1,
			time.Now().AddDate(0, 0, 7*i-49),
			[]map[string]any{program.Finding(i+1, 1, "high", "xss", "js/rule-01", "src/a.ts", 1)},
		)
	}
	records["w3.json"].(map[string]any)["sessions"] = []map[string]any{
		{"session_id": "", "batch_id": 1, "status": "error: no credits left", "issue_ids": []string{"CQLF-R4-0001"}},
	}
	row := func(group string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("main .group-head")].find((r) => r.innerText.includes(%q))?.nextElementSibling`, group)
	}
	press := func(group, asks, says string) *program.Played {
		t.Helper()
		p := program.WithPlayers(t, records, program.Settings{"SLA_DAYS": "high=3650"}) // nothing is overdue
		p.PutWorkflow()
		b.open(p.URL + "/needs-you")
		b.until(row(group))
		b.js(row(group) + `.querySelector("a.btn").click()`)
		b.until(fmt.Sprintf(`document.querySelector("dialog[open]")?.innerText.includes(%q)`, asks))
		const send = `[...document.querySelectorAll("dialog[open] button[type=submit], dialog[open] form button:not([type])")].at(-1)`
		b.until(send + `?.form.hasAttribute("data-htmx-powered")`) // before that its press opens the page that works without scripts
		b.js(`(() => { const send = ` + send + `; send.click(); send.click(); })()`)
		b.until(fmt.Sprintf(`document.querySelector("dialog[open]")?.innerText.includes(%q) && location.pathname === "/needs-you"`, says))
		return p
	}
	p := press("Never started", "Start 1 session", "Sent to Devin")
	b.until(`!(` + row("Never started") + `)`)
	if n := p.Devin.Counts()[devintest.KindCreate]; n != 1 {
		t.Errorf("%d sessions are started, want one", n)
	}
	p = press("Scan overdue", "octo/shop", "Watch it on GitHub")
	sent := slices.DeleteFunc(p.GitHub.Requests(), func(r githubtest.Request) bool {
		return r.Method != "POST" || !strings.HasSuffix(r.Path, "/dispatches")
	})
	if len(sent) != 1 {
		t.Errorf("%d runs are dispatched, want one", len(sent))
	}
	b.until(`document.querySelector("#needs-you").innerText.includes("Nothing needs you")`)
	b.open(p.URL + "/needs-you?q=is:started")
	b.until(`[...document.querySelectorAll("#needs-you td.c-action")].filter((e) => e.innerText.startsWith("Started ")).length === 2`)
}

// TestKeysActOnNeeds: e does what the chosen row needs, r replies to Devin.
func TestKeysActOnNeeds(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	for key, group := range map[string]string{"r": "Devin waits for you", "e": "Devin waits for you"} {
		b.open(p.URL + "/needs-you")
		b.until(fmt.Sprintf(`document.querySelector("#needs-you .group-head")?.innerText.includes(%q)`, group))
		b.js(`[...document.querySelectorAll("#needs-you tr")].find((r) => r.innerText.includes("Reply")).querySelector(".row-link").focus()`)
		b.do(chromedp.KeyEvent(key))
		b.until(`document.querySelector("dialog[open] textarea")`)
	}
}

// TestNothingNeedsYou: where nothing waits, it is said how many sessions work.
func TestNothingNeedsYou(t *testing.T) {
	b := startBrowser(t)
	var sessions []map[string]any
	for n := range 4 {
		sessions = append(
			sessions,
			map[string]any{
				"session_id": fmt.Sprintf("devin-%032x", n+1),
				"batch_id":   n + 1,
				"status":     "running",
				"issue_ids":  []string{fmt.Sprintf("CQLF-R1-000%d", n+1)},
			},
		)
	}
	p := program.WithPlayers(
		t,
		map[string]any{"a.json": program.Scan(1, time.Now().Add(-time.Minute), program.SampleFindings()[:4], sessions...)},
		nil,
	)
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
