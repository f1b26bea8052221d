package http

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

func TestDispatchForm(t *testing.T) {
	p := program.WithPlayers(t, program.Sample(), nil)
	p.PutWorkflow()
	p.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{
		Number: 7, Title: "fix(CQLF-R1-0002): <b>xss</b>", State: "open", CreatedAt: time.Now().Add(-time.Hour),
	})
	started := make(chan map[string]string, 9)
	p.GitHub.OnDispatch(func(inputs map[string]string) { started <- inputs })
	_, body := p.Get("/repo/octo/shop/dispatch?preflight=1")
	for _, text := range []string{"Fixes go to forks/shop", "fix(CQLF-R1-0002): &lt;b&gt;xss&lt;/b&gt;", "Maximum sessions"} {
		if !strings.Contains(body, text) {
			t.Errorf("the form does not say %q", text)
		}
	}
	form := url.Values{"repo": {"octo/shop"}, "token": {program.FormToken(t, body)}, "batch_size": {"many"}, "max_sessions": {"3"}}
	for _, headers := range [][]string{nil, {"HX-Request", "true"}} {
		res, body := p.Do("POST", "/actions/dispatch", form.Encode(), headers...)
		if res.StatusCode != 400 || !strings.Contains(body, "Invalid batch_size: want a whole number from 1 to 100.") ||
			!strings.Contains(body, `aria-invalid="true"`) ||
			!strings.Contains(body, `value="many"`) {
			t.Errorf("a wrong number: %d", res.StatusCode)
		}
	}
	form.Set("batch_size", "5")
	if res, body := p.Do("POST", "/actions/dispatch", form.Encode()); res.StatusCode != 409 || !strings.Contains(body, "Start anyway") ||
		!strings.Contains(body, `name="force" value="true"`) || len(started) > 0 {
		t.Errorf("with an open pull request: %d %s", res.StatusCode, body)
	}
	form.Set("force", "true")
	if res, body := p.Do("POST", "/actions/dispatch", form.Encode(), "HX-Request", "true"); res.StatusCode != 202 ||
		!strings.Contains(body, "Started.") ||
		!strings.Contains(body, "https://github.com/octo/action/actions/workflows/codeql-fixer.yml") {
		t.Errorf("started: %d %s", res.StatusCode, body)
	}
	if res, _ := p.Do("POST", "/actions/dispatch", form.Encode()); res.StatusCode != 303 ||
		res.Header.Get("Location") != "/repo/octo/shop/dispatch?started=1" {
		t.Errorf("without JavaScript: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	if got := <-started; got["target_repo"] != "https://github.com/octo/shop" || got["batch_size"] != "5" || got["max_sessions"] != "3" {
		t.Errorf("the workflow got %v", got)
	}
	if len(started) > 0 {
		t.Error("the second click started another run")
	}
	form.Set("batch_size", "6") // the form is brought again by Back, and changed
	if res, _ := p.Do("POST", "/actions/dispatch", form.Encode()); res.StatusCode != 303 || len(started) != 1 {
		t.Errorf("with other inputs: %d, %d runs started", res.StatusCode, len(started))
	}
	if res, _ := p.Get("/repo/octo/none/dispatch"); res.StatusCode != 404 {
		t.Errorf("an unknown repository: %d", res.StatusCode)
	}
}
