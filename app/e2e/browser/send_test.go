package browser

import (
	"strconv"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// TestFiveIssuesAreSentToDevin: they are selected in their list and sent from the
// dialog; what becomes of each batch is shown there in place, and the session is in
// the list of sessions of a page that was open before.
func TestFiveIssuesAreSentToDevin(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	sessions := b.tab(t)
	sessions.open(p.URL + "/sessions")
	sessions.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	before := sessions.js(`document.querySelectorAll("[id^=sessions-]").length`)

	b.open(p.URL + "/issues?q=is:open+attempts:0")
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	for range 5 {
		b.js(`document.querySelector("[data-pick]:not(:checked)").click()`)
	}
	b.until(selected + ` === "5 selected"`)
	b.js(`document.querySelector(".desk [value=send]").click()`)
	b.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Send 5 issues to Devin"`)
	b.js(`document.querySelector("#send-size").value = 20`)
	b.js(`document.querySelector(".send-change").requestSubmit()`)
	b.until(`document.querySelector("#dialog #send-size")?.getAttribute("value") === "20" && /^Start \d+ sessions?$/.test(document.querySelector("#dialog .send-foot .btn").textContent.trim())`)
	n := b.js(`document.querySelectorAll("#dialog .t-send tbody tr").length`)
	b.js(`document.querySelector("#send-note").value = "Keep it small."`)
	b.js(`document.querySelector("#dialog [name=dry_run]").click()`)
	b.until(`document.querySelector("#dialog .send-prompts pre")?.textContent.trim().endsWith("Keep it small.")`)
	if got := p.Devin.Counts()[devintest.KindCreate]; got != 0 {
		t.Errorf("%d sessions were started by the preview", got)
	}
	b.until(`document.querySelectorAll("#dialog .t-send tbody tr").length === ` + n)
	b.js(`(() => { const go = document.querySelector("#dialog .send-foot .btn"); go.click(); go.click(); })()`)
	b.until(`document.querySelectorAll("#dialog .t-batches tbody a[href^='/sessions/']").length === ` + n)
	if got := p.Devin.Counts()[devintest.KindCreate]; strconv.Itoa(got) != n || got == 0 {
		t.Errorf("%d sessions for %s batches", got, n)
	}
	sessions.until(`document.querySelectorAll("[id^=sessions-]").length > ` + before + ` || document.querySelector("[data-new]")`)
	if fault := b.js(`document.querySelector("#dialog .failure")?.textContent ?? ""`); fault != "" {
		t.Error(fault)
	}
}
