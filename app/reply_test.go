package main

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

const waitingID = "0123456789abcdef0123456789abcdef"

// waitingSite is a site with one session that waits for its user, and the
// Devin that plays it.
func waitingSite(t *testing.T) (*site, *devintest.Player) {
	t.Helper()
	player := devintest.New(devintest.Options{Key: "cog_test", OrgID: "org-test", Now: time.Now})
	now := time.Now().UTC().Truncate(time.Second)
	player.Put(devintest.Session{ID: waitingID, Status: "running", Detail: "waiting_for_user", Title: "Fix xss", CreatedAt: now.Add(-time.Hour), UpdatedAt: now,
		Messages: []telemetry.Message{{ID: "m1", From: "devin", Text: "May I change <b>the API</b>?", At: telemetry.At(now)}}})
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	records := shopRecords()
	session := records["b.json"].(map[string]any)["sessions"].([]map[string]any)[0]
	session["pr_url"] = ""
	s := startSite(t, records, func(c *Config) {
		c.DevinAPIURL, c.DevinAPIKey, c.DevinOrgID = BaseURL(server.URL), "cog_test", "org-test"
	})
	if res, body := s.do("POST", "/api/poll", ""); res.StatusCode != 200 {
		t.Fatalf("poll: %d %s", res.StatusCode, body)
	}
	return s, player
}

// said are the messages that people sent to the session.
func said(t *testing.T, p *devintest.Player) []string {
	t.Helper()
	s, ok := p.Session(waitingID)
	if !ok {
		t.Fatal("the player lost its session")
	}
	texts := []string{}
	for _, m := range s.Messages {
		if m.From == "user" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

func formToken(t *testing.T, body string) string {
	t.Helper()
	m := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("the form has no token")
	}
	return m[1]
}

func TestReplyOnce(t *testing.T) {
	s, player := waitingSite(t)
	_, body := s.get("/needs-you")
	if !strings.Contains(body, `href="/sessions/`+waitingID+`#reply-form"`) {
		t.Error("the row does not lead to the form")
	}
	_, body = s.get("/sessions/" + waitingID + "?messages=1")
	for _, text := range []string{"Fix xss", "Waiting for you", "May I change &lt;b&gt;the API&lt;/b&gt;?", "js/rule-02"} {
		if !strings.Contains(body, text) {
			t.Errorf("without JavaScript the page does not say %q", text)
		}
	}
	form := url.Values{"session": {waitingID}, "token": {formToken(t, body)}, "message": {"Yes & no"}}.Encode()
	for range 2 {
		res, _ := s.do("POST", "/actions/reply", form)
		if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/sessions/"+waitingID+"?sent=1#reply-form" {
			t.Errorf("sent: %d to %q", res.StatusCode, got)
		}
	}
	if got := said(t, player); len(got) != 1 || got[0] != "Yes & no" {
		t.Errorf("Devin got %q", got)
	}
	s.wait("/api/sessions/"+waitingID, `"state":"working"`)
	s.wait("/activity", "Reply sent")
}

// TestSentFormWithAnotherText: a form that a browser's Back brings again has
// the token that was sent. With another text it is another message.
func TestSentFormWithAnotherText(t *testing.T) {
	s, player := waitingSite(t)
	_, body := s.get("/sessions/" + waitingID)
	form := url.Values{"session": {waitingID}, "token": {formToken(t, body)}}
	for _, text := range []string{"Go on", "No, stop", "No, stop", "Go on"} {
		form.Set("message", text)
		if res, body := s.do("POST", "/actions/reply", form.Encode()); res.StatusCode != 303 {
			t.Errorf("%s: %d %s", text, res.StatusCode, body)
		}
	}
	if got := said(t, player); !slices.Equal(got, []string{"Go on", "No, stop"}) {
		t.Errorf("Devin got %q", got)
	}
}

func TestReplyFails(t *testing.T) {
	s, player := waitingSite(t)
	_, body := s.get("/sessions/" + waitingID)
	token := formToken(t, body)
	send := func(message string, headers ...string) (int, string) {
		res, body := s.do("POST", "/actions/reply", url.Values{"session": {waitingID}, "token": {token}, "message": {message}}.Encode(), headers...)
		return res.StatusCode, body
	}
	if status, body := send(" ", "HX-Request", "true"); status != 400 || !strings.Contains(body, "Not sent.") || !strings.Contains(body, "it is empty") {
		t.Errorf("an empty message: %d %s", status, body)
	}
	player.Fail(devintest.KindSend, devintest.Fault{Status: 403})
	if status, body := send("half <typed>"); status != 400 || !strings.Contains(body, "half &lt;typed&gt;</textarea>") || !strings.Contains(body, "Not sent.") || !strings.Contains(body, "ManageOrgSessions") {
		t.Errorf("without the permission: %d, what was typed or why is lost", status)
	}
	player.Fail(devintest.KindSend, devintest.Fault{})
	if status, body := send("again", "HX-Request", "true"); status != 200 || !strings.Contains(body, "data-sent") {
		t.Errorf("after a failure the token cannot be used: %d %s", status, body)
	}
	if got := said(t, player); len(got) != 1 || got[0] != "again" {
		t.Errorf("Devin got %q", got)
	}
}

func TestReplyInPlace(t *testing.T) {
	b := startBrowser(t)
	s, player := waitingSite(t)
	b.do(chromedp.Navigate(s.url + "/needs-you"))
	b.until(`document.querySelector("#live-state")?.textContent === "Updating live"`)
	b.js(`document.querySelector(".t-needs a[data-dialog]").click()`)
	b.until(`document.querySelector("#dialog[open] .message-text")?.textContent === "May I change <b>the API</b>?"`)
	b.do(chromedp.SendKeys("#reply-text", "Go on"))
	b.js(`(() => { const go = document.querySelector("#dialog button[type=submit]"); go.click(); go.click(); })()`)
	b.until(`!document.querySelector("#dialog").open && document.querySelector(".toast-text")?.textContent.startsWith("Sent.")`)
	b.until(`!document.querySelector(".t-needs a[data-dialog]")`)
	if got := said(t, player); len(got) != 1 || got[0] != "Go on" {
		t.Errorf("Devin got %q", got)
	}
	if got := b.js(`location.pathname`); got != "/needs-you" {
		t.Errorf("the page is %s", got)
	}
}

func TestDispatchForm(t *testing.T) {
	player := githubtest.New(githubtest.Options{Token: "ghp_test", Now: time.Now})
	player.Repo("octo/action").PutWorkflow("codeql-fixer.yml", append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
	player.Repo("octo/shop").PutPull(telemetry.PullRequest{Number: 7, Title: "fix(CQLF-R1-0002): <b>xss</b>", State: "open", CreatedAt: time.Now().Add(-time.Hour)})
	player.Repo("forks/shop")
	started := make(chan map[string]string, 9)
	player.OnDispatch(func(inputs map[string]string) { started <- inputs })
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	s := startSite(t, shopRecords(), func(c *Config) {
		c.GitHubAPIURL, c.GitHubToken, c.ActionRepo = BaseURL(server.URL), "ghp_test", "octo/action"
	})
	_, body := s.get("/repo/octo/shop/dispatch?preflight=1")
	for _, text := range []string{"Fixes go to forks/shop", "fix(CQLF-R1-0002): &lt;b&gt;xss&lt;/b&gt;", "Sessions at most"} {
		if !strings.Contains(body, text) {
			t.Errorf("the form does not say %q", text)
		}
	}
	form := url.Values{"repo": {"octo/shop"}, "token": {formToken(t, body)}, "batch_size": {"many"}, "max_sessions": {"3"}}
	for _, headers := range [][]string{nil, {"HX-Request", "true"}} {
		res, body := s.do("POST", "/actions/dispatch", form.Encode(), headers...)
		if res.StatusCode != 400 || !strings.Contains(body, "Write a whole number from 1 to 100.") || !strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, `value="many"`) {
			t.Errorf("a wrong number: %d", res.StatusCode)
		}
	}
	form.Set("batch_size", "5")
	if res, body := s.do("POST", "/actions/dispatch", form.Encode(), "HX-Request", "true"); res.StatusCode != 202 || !strings.Contains(body, "Started.") || !strings.Contains(body, "https://github.com/octo/action/actions/workflows/codeql-fixer.yml") {
		t.Errorf("started: %d %s", res.StatusCode, body)
	}
	if res, _ := s.do("POST", "/actions/dispatch", form.Encode()); res.StatusCode != 303 || res.Header.Get("Location") != "/repo/octo/shop/dispatch?started=1" {
		t.Errorf("without JavaScript: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if got := <-started; got["target_repo"] != "https://github.com/octo/shop" || got["batch_size"] != "5" || got["max_sessions"] != "3" {
		t.Errorf("the workflow got %v", got)
	}
	if len(started) > 0 {
		t.Error("the second click started another run")
	}
	form.Set("batch_size", "6") // the form is brought again by Back, and changed
	if res, _ := s.do("POST", "/actions/dispatch", form.Encode()); res.StatusCode != 303 || len(started) != 1 {
		t.Errorf("with other inputs: %d, %d runs started", res.StatusCode, len(started))
	}
	if res, _ := s.get("/repo/octo/none/dispatch"); res.StatusCode != 404 {
		t.Errorf("an unknown repository: %d", res.StatusCode)
	}
}
