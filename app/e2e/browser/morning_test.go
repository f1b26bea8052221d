package browser

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// signIn follows the sign-in at GitHub, which agrees at once, to the page that was asked for.
func (b *browser) signIn(at string) {
	b.t.Helper()
	b.do(chromedp.Navigate(at))
	b.until(`location.pathname === "/sign-in"`)
	b.js(`[...document.querySelectorAll("a, button")].find((e) => e.textContent.includes("GitHub")).click()`)
	b.until(`location.pathname !== "/sign-in" && document.querySelector("#live-state")?.dataset.state === "live"`)
}

// signedIn starts a program of which people sign in at GitHub, with a session that waits.
func signedIn(t *testing.T, people *githubtest.OAuth) (*program.Program, *devintest.Player) {
	t.Helper()
	github := httptest.NewServer(people)
	t.Cleanup(github.Close)
	devin := devintest.New(devintest.Options{Key: "cog_played", OrgID: "org-played"})
	now := time.Now().UTC().Truncate(time.Second)
	devin.Put(devintest.Session{
		ID: program.SampleSession, Status: "running", Detail: "waiting_for_user", Title: "Fix xss", CreatedAt: now.Add(-time.Hour), UpdatedAt: now,
		Messages: []telemetry.Message{{ID: "m1", From: "devin", Text: "May I change the API?", At: telemetry.At(now)}},
	})
	server := httptest.NewServer(devin)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	runs := t.TempDir()
	program.WriteRuns(t, runs, program.SampleWith(map[string]any{"pr_url": ""}))
	return program.Start(t, program.Settings{
		"RUNS_DIR": runs, "GITHUB_API_URL": github.URL + "/api/v3", "GITHUB_OAUTH_CLIENT_ID": "client",
		"GITHUB_OAUTH_CLIENT_SECRET": "secret", "ACCESS_OPERATORS": "acme/*", "DEVIN_API_URL": server.URL, "DEVIN_API_KEY": "cog_played", "DEVIN_ORG_ID": "org-played",
	}), devin
}

// TestAMorning: mona signs in, dismisses thirty issues by keys and takes the last
// decision back, answers Devin, and sends five issues to it, whose session appears.
// Meanwhile what noor decides arrives, and moves neither the focus nor the selection.
func TestAMorning(t *testing.T) {
	b := startBrowser(t)
	people := githubtest.NewOAuth("client", "secret")
	people.Member("acme", "mona", "active")
	people.Member("acme", "noor", "active")
	p, devin := signedIn(t, people)
	people.Is("mona")
	b.signIn(p.URL + "/issues")
	b.until(`document.querySelectorAll("[data-pick]").length > 40`) // the records are read
	people.Is("noor")
	noor := b.tab(t)
	noor.signIn(p.URL + "/issues")

	for range 30 {
		b.do(chromedp.KeyEvent("jx"))
	}
	b.until(selected + ` === "30 selected"`)
	b.do(chromedp.KeyEvent("d"))
	b.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Dismiss 30 issues" && document.activeElement.matches("select")`)
	b.js(`document.activeElement.value = "used_in_tests"`)
	b.do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until(toasted("30 issues dismissed"))
	b.do(chromedp.KeyEvent("j"))
	b.do(chromedp.KeyEvent("d"))
	b.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Dismiss 1 issue" && document.activeElement.matches("select")`)
	b.js(`document.activeElement.value = "used_in_tests"`)
	b.do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.until(toasted("1 issue dismissed"))
	b.do(chromedp.KeyEvent("z"))
	b.until(toasted("Undone."))

	b.open(p.URL + "/needs-you")
	b.click("Poll sessions")
	b.until(`Boolean(document.querySelector(".t-needs a[data-dialog]"))`)
	b.js(`document.querySelector(".t-needs a[data-dialog]").click()`)
	b.until(`document.querySelector("#dialog[open] .message-text")?.textContent === "May I change the API?"`)
	b.do(chromedp.SendKeys("#reply-text", "Go on"))
	b.js(`document.querySelector("#dialog button[type=submit]").click()`)
	b.until(toasted("Sent."))
	if s, _ := devin.Session(program.SampleSession); len(s.Messages) != 2 || s.Messages[1].Text != "Go on" {
		t.Errorf("Devin got %+v", s.Messages)
	}

	b.open(p.URL + "/issues?q=is:open+attempts:0")
	for range 5 {
		b.do(chromedp.KeyEvent("jx"))
	}
	b.until(selected + ` === "5 selected"`)
	at := b.js(`document.activeElement.closest("tr").id`)
	noor.open(p.URL + "/issues?q=is:open+attempts:0")
	noor.do(chromedp.KeyEvent("jjjjjjjj"))
	gone := noor.js(`document.activeElement.closest("tr").id`)
	if strings.Contains(b.js(`[...document.querySelectorAll("tr.is-picked")].map((r) => r.id).join(" ")`), gone) {
		t.Fatalf("noor would dismiss %s, which mona has chosen", gone)
	}
	noor.do(chromedp.KeyEvent("d"))
	noor.until(`document.querySelector("dialog[open] #dialog-title")?.textContent === "Dismiss 1 issue" && document.activeElement.matches("select")`)
	noor.js(`document.activeElement.value = "used_in_tests"`)
	noor.do(chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	noor.until(toasted("1 issue dismissed"))
	b.until(`!document.querySelector("#` + gone + `:not(.is-gone)")`) // it arrives
	b.until(selected + ` === "5 selected"`)
	if now := b.js(`document.activeElement.closest("tr").id`); now != at {
		t.Errorf("the focus moved from %s to %s", at, now)
	}

	b.js(`document.querySelector(".desk [value=send]").click()`)
	b.until(`/^Start \d+ sessions?$/.test(document.querySelector("#dialog[open] .send-foot[data-htmx-powered] .btn")?.textContent.trim())`)
	b.js(`document.querySelector("#dialog .send-foot .btn").click()`)
	b.until(`Boolean(document.querySelector("#dialog .t-batches tbody a[href^='/sessions/']"))`)
	to := b.js(`document.querySelector("#dialog .t-batches tbody a[href^='/sessions/']").getAttribute("href")`)
	b.open(p.URL + "/sessions")
	b.until(`Boolean(document.querySelector("a[href='` + to + `']"))`)
}
