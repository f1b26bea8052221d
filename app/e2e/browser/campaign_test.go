package browser

import (
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestACampaignIsBegunFromAFilteredList, its page shows how far it has come, and
// changes by itself when somebody decides about one of its issues.
func TestACampaignIsBegunFromAFilteredList(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), nil)
	b.open(p.URL + "/issues?q=is:open+severity:high")
	n := b.js(`document.querySelector(".list-count").textContent.split(" ")[0]`)
	b.js(`[...document.querySelectorAll(".list-tools a")].find((a) => a.textContent.includes("New campaign")).click()`)
	b.until(`location.pathname === "/campaigns/new" && document.readyState === "complete"`)
	b.js(`document.querySelector("#campaign-name").value = "High to <zero>"`)
	b.js(`document.querySelector("#campaign-form form").requestSubmit()`)
	b.until(`location.pathname === "/campaigns/1" && document.readyState === "complete"`)
	b.until(`document.querySelector("h1").textContent.trim() === "High to <zero>"`)
	b.until(`document.querySelector(".campaign-head .campaign-number").textContent === "0"`)
	if left := b.js(`document.querySelector(".campaign-head .row-muted").textContent`); left != n+" left" {
		t.Errorf("%s issues were listed, and the page says %q", n, left)
	}
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	issue := p.Items("/api/issues?q=campaign:1")[0]["id"].(string)
	if status, body := p.PostJSON("/api/decisions", `{"issues":["`+issue+`"],"action":"dismiss","reason":"wont_fix"}`); status != 201 {
		t.Fatal(status, body)
	}
	b.until(`document.querySelector(".campaign-head .campaign-number").textContent === "1"`)
	b.js(`document.querySelector(".campaign-head .campaign-number").click()`)
	b.until(`location.pathname === "/issues" && document.querySelector(".list-count")?.textContent === "1 issue"`)
}
