package details_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// shopLog is the log of a run of the shop: it describes finding 2.
func shopLog(run int, change func(finding map[string]any)) []byte {
	finding := map[string]any{
		"id": fmt.Sprintf("CQLF-R%d-0002", run), "fingerprint": webtest.Finding(run, 2)["fingerprint"], "rule_id": "js/rule-02",
		"rule_name": "js/rule-02", "rule_description": "Unsafe <b>output</b>",
		"rule_help": "# Unsafe output\nText of users is *shown* as it is. More follows.\n\n\n## Recommendation\nEscape `it`, see " +
			"[here](https://owasp.org/x) and [there](/actions/poll) ![p](https://evil.example/p.png).\n",
		"message":        "Depends on a [user-provided value](1).\nDepends on a [user-provided value](2).",
		"severity_score": 7.8, "severity_tier": "medium", "cwes": []string{"cwe-079", "none"}, "cwe_family": "xss",
		"locations": []map[string]any{{"file": "src/<b>2</b>/page.ts", "start_line": 20, "end_line": 21, "start_column": 3}},
	}
	if change != nil {
		change(finding)
	}
	body, _ := json.Marshal([]any{finding})
	return body
}

const shopPrompt = "Fix 1 issue.\n\n### CQLF-R3-0002: Unsafe output (js/rule-02)\n- Code context:\n```\n" +
	"     19 | if (a < b) {\n>>>   20 |   show(\"<i>\" + name)\n     21 |     .then(end)\n```\n<script>alert(1)</script>\n"

// TestAnIssueThatALogDescribes: its page begins with the title of its rule, its
// score and CWE ids, its message, the code at the scan, the rule's help and
// what Devin was asked, all of them as text.
func TestAnIssueThatALogDescribes(t *testing.T) {
	s := webtest.Shop(t)
	shop := s.GitHub.Repo("forks/shop")
	shop.PutFile("logs/run-3/issues.json", shopLog(3, nil))
	shop.PutFile("logs/run-3/prompt_batch_1.txt", []byte(shopPrompt))
	id := issueID(t, s, "js/rule-02")
	h := s.Jobs.OfferLog(telemetry.LogRef{Repo: "octo/shop", Label: "run-3"})
	if h == nil {
		t.Fatal("the log is not asked for")
	}
	if _, err := h.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Get("/issues/"+id).Check(t, webtest.Want{Status: 200,
		Text: []string{
			"Unsafe <b>output</b> in src/<b>2</b>/page.ts · Telemetry Dashboard", "Unsafe <b>output</b> in src/<b>2</b>/page.ts:20",
			"7.8 CVSS CWE-79 none js/rule-02", "What it is Depends on a user-provided value.", "as scanned in run 3, 5 Mar 2026",
			"Today’s file", "if (a < b) {", `show("<i>" + name)`, ".then(end)", "Help Text of users is shown as it is.",
			"Recommendation Escape it, see here and there", "Attempts 1", "named by record",
			"What Devin was asked run 3 · batch 1 · session bbbbbbbb", "<script>alert(1)</script>",
		},
		HTML: []string{
			`href="https://cwe.mitre.org/data/definitions/79.html"`, `href="https://owasp.org/x" rel="nofollow noreferrer"`,
			`data-n="19">if (a &lt; b) {</span>`, `is-marked" data-n="20"><mark>  <u>show(`, `is-more" data-n="21">    .then(end)</span>`,
			`href="https://github.com/octo/shop/blob/HEAD/src/%3Cb%3E2%3C/b%3E/page.ts#L20"`,
		},
		Lacks: []string{"evil.example", "<script>alert", "](1)", "No run log"},
	})
	s.Get("/issues?columns=cwe,score,x&q=is:any").Check(t, webtest.Want{Status: 400})
	list := s.Get("/issues?columns=cwe,score,x&q=cwe:79+score:%3E=7.8")
	list.Check(t, webtest.Want{Status: 200, Text: []string{"Score", "CWE", "Medium", "7.8", "js/rule-02", "CWE-79", "+1"},
		HTML: []string{`columns=score`}})
	s.Get("/issues?q=cwe:79").Check(t, webtest.Want{Status: 200, Lacks: []string{`class="c-cwe"`}})
	s.Get("/search?q=user-provided").Check(t, webtest.Want{Status: 200, Text: []string{"js/rule-02"}})
}

// TestAnIssueThatNoLogDescribes: the page says why in a line, asks for the log
// in the background once where nobody did, and lets a person ask again.
func TestAnIssueThatNoLogDescribes(t *testing.T) {
	const waiting = "The log of run 8, which may say what this issue is,"
	for name, c := range map[string]struct {
		prepare func(s *webtest.Site)
		opened  string // what the first look says
		then    string // and what is said when the log was asked for
		button  bool
	}{
		"its run left a log": {func(s *webtest.Site) {
			s.GitHub.Repo("forks/shop").PutFile("logs/run-8/issues.json", shopLog(8, nil))
		}, waiting + " is being asked for.", "What it is Depends on a user-provided value.", false},
		"its run left none": {func(*webtest.Site) {}, waiting + " is being asked for.", "No run log describes this issue: run 8 left none.", true},
		"the log has others": {func(s *webtest.Site) {
			s.GitHub.Repo("forks/shop").PutFile("logs/run-8/issues.json", []byte("[]"))
		}, waiting + " is being asked for.", "The log of run 8 does not describe this issue.", false},
		"GitHub refuses": {func(s *webtest.Site) {
			s.GitHub.Fail(githubtest.Fault{Path: "forks/shop/git/trees", Status: http.StatusForbidden, Message: "Resource not accessible by personal access token"})
		}, waiting + " is being asked for.", "The log of run 8 could not be read. The token in", true},
		"loops wait for the limit, and a person opened the page": {func(s *webtest.Site) {
			s.GitHub.SetRate(5000, 40, time.Now().Add(time.Hour), http.StatusForbidden)
			s.Run(ingest.JobPollPRs, ingest.Order{By: telemetry.ByAPI}) // hears of it
		}, waiting + " is being asked for.", "No run log describes this issue: run 8 left none.", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := webtest.Shop(t)
			id := issueID(t, s, "js/rule-02")
			c.prepare(s)
			later := webtest.Scan("octo/shop", 8, webtest.Day(9).Add(time.Hour), []map[string]any{webtest.Finding(8, 2)})
			later["fork_url"] = "https://github.com/forks/shop"
			s.PutUnasked("shop-8.json", later)
			page := s.Get("/issues/" + id)
			page.Check(t, webtest.Want{Status: 200, Text: []string{c.opened}})
			s.ReadLogs()
			page = s.Get("/issues/" + id)
			page.Check(t, webtest.Want{Status: 200, Text: []string{c.then}})
			if got := strings.Contains(page.HTML, `action="/actions/log"`); got != c.button {
				t.Errorf("a button to ask for the log: %v, want %v", got, c.button)
			}
		})
	}
}

// TestAskingForALog: the button asks for the log of the last run that named the
// issue, whatever GitHub's limit leaves to the background.
func TestAskingForALog(t *testing.T) {
	s := webtest.Shop(t)
	id := issueID(t, s, "js/rule-02")
	shop := s.GitHub.Repo("forks/shop")
	shop.PutFile("logs/run-3/issues.json", shopLog(3, nil))
	answer := s.Post("/actions/log", url.Values{"issue": {id}})
	if answer.Status != http.StatusSeeOther {
		t.Errorf("status %d: %.300s", answer.Status, answer.Text())
	}
	s.ReadLogs()
	s.Get("/issues/"+id).Check(t, webtest.Want{Status: 200, Text: []string{"Depends on a user-provided value."}})
	if answer := s.Post("/actions/log", url.Values{"issue": {"nobody"}}); answer.Status != http.StatusNotFound {
		t.Errorf("an unknown issue: status %d", answer.Status)
	}
}
