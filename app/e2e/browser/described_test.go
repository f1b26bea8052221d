package browser

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// hostileHelp is help as a stranger could write it, and what of it is shown.
const hostileHelp = "# Title\nAbout *it*. More.\n\n![p](https://evil.example/p.png) ![q](//evil.example/q.png)\n" +
	"<img src=https://evil.example/r.png onerror=alert(1)><style>*{display:none}</style><script>alert(1)</script>\n\n" +
	"|a|b|\n|:-|-:|\n|c|d|\n\n## Recommendation\nSee [here](https://owasp.org/x), [there](//evil.example/) or [this](javascript:alert(1)).\n\n" +
	"```js\n" + "const long = 'a line of code that is far too long for a phone, and for most windows as well, so that it has to wrap';\n```\n"

// putShopLog puts the log of run 2 into the scanned repository.
func putShopLog(p *program.Played) {
	issues, _ := json.Marshal([]map[string]any{{
		"id": "CQLF-R1-0002", "rule_id": "js/rule-02", "fingerprint": program.SampleFindings()[1]["fingerprint"],
		"rule_description": "Cross-site scripting <script>", "rule_help": hostileHelp,
		"message": "Depends on a [user-provided value](1).", "severity_score": 7.8, "severity_tier": "medium", "cwes": []string{"cwe-79", "cwe-116"},
		"locations": []map[string]any{{"file": "src/<b>2</b>/file.ts", "start_line": 2, "end_line": 3, "start_column": 3}},
	}})
	repo := p.GitHub.Repo("forks/shop")
	repo.PutFile("logs/run-2/issues.json", issues)
	repo.PutFile("logs/run-2/prompt_batch_1.txt", []byte("Fix 1 issue.\n\n### CQLF-R1-0002: x (js/rule-02)\n- Code context:\n```\n"+
		"      1 | if (a < b) {\n>>>    2 |   show('<img src=https://evil.example/s.png>' + "+strings.Repeat("name + ", 30)+"name)\n      3 | }\n```\n"))
}

// TestDescribedIssue: the page of an issue whose run left no log says so in a
// line; once the log is asked for by its button, the page shows in place what
// the issue is. It is accessible, runs nothing that the log holds, and asks no
// other host.
func TestDescribedIssue(t *testing.T) {
	axe := axeSource(t)
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	id, _ := p.Items("/api/issues?rule=js/rule-02")[0]["id"].(string)
	b.open(p.URL + "/issues/" + id)
	b.until(`document.querySelector(".no-log")?.textContent.includes("run 2 left none")`)
	putShopLog(p)
	b.do(chromedp.Click(`.no-log button`))
	b.until(`document.querySelector("h1").textContent.includes("Cross-site scripting <script>")`)
	for _, holds := range []string{
		`document.querySelector(".message-of").textContent === "Depends on a user-provided value."`,
		`document.querySelector(".is-marked").textContent.includes("<img src=https://evil.example/s.png>")`,
		`document.querySelectorAll(".code-line").length === 3 && document.querySelector(".is-marked").dataset.n === "2"`,
		`[...document.querySelectorAll(".label")].map((l) => l.textContent.trim()).join() === "7.8 CVSS,CWE-79,CWE-116,js/rule-02"`,
		`document.querySelectorAll(".markdown :is(img, style, script, [style], [class], [id], a:not([href^='https://owasp.org']))").length === 0`,
		`document.querySelectorAll(".markdown td").length === 2 && document.querySelectorAll(".markdown a").length === 1`,
		`!document.querySelector(".no-log")`,
	} {
		b.until(holds)
	}
	b.reduceMotion()
	b.js(`(() => { for (const d of document.querySelectorAll("details:not(.menu)")) d.open = true; })()`)
	b.inject(axe)
	b.audit("the issue", "html", 390, 1280)
	for _, width := range []int64{320, 390, 800, 1280, 1920} {
		b.size(width, 900)
		if !b.holds(`document.documentElement.scrollWidth <= innerWidth`) {
			t.Errorf("at %d px the page scrolls sideways", width)
		}
	}
}
