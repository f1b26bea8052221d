package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// TestSignedOutByAProxy: what a proxy answers in place of the program replaces
// nothing. The page keeps what it shows and says that its user was signed out,
// or, where the proxy says that the program is away, that the connection is
// lost; it recovers automatically.
func TestSignedOutByAProxy(t *testing.T) {
	const signedOut = `!document.querySelector("#signed-out").hidden &&
		document.querySelector("#signed-out").innerText.includes("You were signed out. Reload")`
	for name, c := range map[string]struct {
		answer string // of nginx, once the session has expired
		says   string
	}{
		"200 with a sign-in page":       {`return 200 "<!DOCTYPE html><h1>Sign in to the portal</h1>";`, signedOut},
		"302 to another origin":         {`return 302 http://localhost:9/login;`, signedOut},
		"302 to a sign-in page here":    {`return 302 /oauth2/start;`, signedOut},
		"401 with a page":               {`return 401 "<h1>Sign in to the portal</h1>";`, signedOut},
		"403 with a page":               {`return 403 "<h1>Sign in to the portal</h1>";`, signedOut},
		"502, the program is not there": {`return 502 "<h1>Bad Gateway of the portal</h1>";`, `document.querySelector("#signed-out").hidden`},
	} {
		t.Run(name, func(t *testing.T) {
			b := startBrowser(t)
			b.provokes("net::ERR_", "Failed to fetch", "status of 40", "status of 502", "EventSource", "MIME type", "CORS", "localhost")
			p := program.WithPlayers(t, program.Sample(), nil)
			p.Working()
			p.Job("poll")
			expired := filepath.Join(t.TempDir(), "expired")
			front := program.Nginx(t, fmt.Sprintf(`default_type text/html;
				location /static/ { proxy_pass %[1]s; }
				location / { if (-f %[2]s) { %[3]s } proxy_pass %[1]s; proxy_buffering off; proxy_read_timeout 2s; }
				location /events { if (-f %[2]s) { %[3]s } proxy_pass %[1]s; proxy_read_timeout 2s; }`, p.URL, expired, c.answer))
			b.fastClocks()
			b.open(front + "/sessions")
			b.until(rowSays("Working"))
			b.js(`(() => { window.kept = true; })()`)
			if err := os.WriteFile(expired, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			b.until(`document.querySelector("#live-state").dataset.state === "lost" && ` + c.says)
			b.click("Refresh")
			b.until(`document.querySelector("#toasts").innerText.trim() !== ""`)
			if b.holds(`document.body.innerText.includes("portal")`) || !b.holds(rowSays("Working")) {
				t.Errorf("it shows %s", b.js(`document.querySelector("main").innerText.slice(0, 400)`))
			}
			p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Status, s.Detail = "error", "" })
			p.Job("poll")
			if err := os.Remove(expired); err != nil {
				t.Fatal(err)
			}
			b.until(rowSays("Failed") + ` && document.querySelector("#signed-out").hidden &&
				document.querySelector("#live-state").dataset.state === "live"`)
			if !b.holds(`window.kept`) {
				t.Error("the page was loaded anew")
			}
		})
	}
}

// TestReplySurvivesAProxy: a reply that a sign-in page answered is still in its box.
func TestReplySurvivesAProxy(t *testing.T) {
	b := startBrowser(t)
	b.provokes("EventSource", "MIME type", "net::ERR_")
	p := program.WithWaitingSession(t, "May I change the API?")
	expired := filepath.Join(t.TempDir(), "expired")
	front := program.Nginx(t, fmt.Sprintf(`default_type text/html;
		location / { if (-f %[2]s) { return 200 "<h1>Sign in to the portal</h1>"; } proxy_pass %[1]s; }`, p.URL, expired))
	b.open(front + "/sessions/" + program.SampleSession)
	b.until(`document.querySelector("textarea")`)
	b.do(chromedp.SendKeys("textarea", "Yes, please"))
	if err := os.WriteFile(expired, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.click("Send")
	b.until(`document.querySelector("#toasts").innerText.includes("Nothing was done: you were signed out") &&
		document.querySelector("textarea").value === "Yes, please"`)
	if err := os.Remove(expired); err != nil {
		t.Fatal(err)
	}
	b.click("Send")
	b.until(`!document.querySelector("textarea")?.value`)
	if got := p.Replies(); len(got) != 1 || got[0] != "Yes, please" {
		t.Errorf("Devin got %q", got)
	}
}
