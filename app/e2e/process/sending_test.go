package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// silent is an upstream that takes what is sent to it, or loses it, and never
// answers, as long as it is silent.
type silent struct {
	player  http.Handler
	method  string // of what it does not answer
	mu      sync.Mutex
	silent  bool
	loses   bool
	arrived chan bool
}

func (s *silent) set(silent, loses bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent, s.loses = silent, loses
}

func (s *silent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	silent, loses := s.silent, s.loses
	s.mu.Unlock()
	if !silent || r.Method != s.method {
		s.player.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if !loses {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		s.player.ServeHTTP(httptest.NewRecorder(), again)
	}
	s.arrived <- true
	<-r.Context().Done()
}

// submit posts a form as a page without JavaScript does, or in place.
func (p process) submit(address string, form url.Values, headers ...string) (status int, location, body string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req) // no redirect is followed
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(text)
}

// killedWhileSending: after kill -9 in the middle of a reply the same form
// says "sent" only where the message has arrived; else it is offered again
// with its text, and sent when the person decides so.
func (p process) killedWhileSending() {
	for name, loses := range map[string]bool{"it arrived": false, "it was lost": true} {
		p.t.Run(name, func(t *testing.T) { process{t, p.path}.killedWhileReplying(loses) })
	}
}

func (p process) killedWhileReplying(loses bool) {
	player := devintest.New(devintest.Options{Key: "apk_test"})
	player.Put(devintest.Session{ID: waitingID, Status: "blocked"})
	up := &silent{player: player, method: http.MethodPost, arrived: make(chan bool, 10)}
	server := httptest.NewServer(up)
	p.t.Cleanup(server.Close)
	runs := p.t.TempDir()
	session := map[string]any{"session_id": waitingID, "session_url": "", "batch_id": 1, "status": "created", "issue_ids": []any{}, "pr_url": ""}
	if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", map[string]any{"sessions": []any{session}}), 0o600); err != nil {
		p.t.Fatal(err)
	}
	settings := []string{"RUNS_DIR=" + runs, "DATABASE_URL=sqlite:" + filepath.Join(p.t.TempDir(), "d.db"), "DEVIN_API_KEY=apk_test", "DEVIN_API_URL=" + server.URL, "REFRESH_INTERVAL=0", "POLL_INTERVAL=0"}
	c, base := p.running(settings...)
	p.object("POST", base+"/api/refresh")
	_, page := p.ask("GET", base+"/sessions/"+waitingID)
	form := url.Values{"session": {waitingID}, "token": {formToken(p.t, page)}, "message": {"Go <on>"}}
	up.set(true, loses)
	cut := make(chan bool)
	go func() {
		defer close(cut)
		res, err := http.PostForm(base+"/actions/reply", form) //nolint:noctx // it ends with the process
		if err == nil {
			res.Body.Close()
		}
	}()
	<-up.arrived
	_ = c.Process.Kill()
	_ = c.Wait()
	<-cut
	up.set(false, false)
	c, base = p.running(settings...)
	defer p.terminate(c)
	if _, page := p.ask("GET", base+"/activity"); !strings.Contains(page, "it is not known whether it arrived") {
		p.t.Error("the activity says that it was sent")
	}
	status, location, body := p.submit(base+"/actions/reply", form)
	if !loses {
		if status != http.StatusSeeOther || !strings.Contains(location, "sent=1") || len(said(p.t, player)) != 1 {
			p.t.Errorf("a reply that had arrived: %d %q, Devin got %q", status, location, said(p.t, player))
		}
		return
	}
	if status != http.StatusConflict || !strings.Contains(body, "not known whether the message was sent") || !strings.Contains(body, "Go &lt;on&gt;</textarea>") || len(said(p.t, player)) != 0 {
		p.t.Fatalf("a reply that was lost: %d %q, Devin got %q", status, location, said(p.t, player))
	}
	status, _, body = p.submit(base+"/actions/reply", form, "HX-Request", "true")
	if status != http.StatusConflict || !strings.Contains(body, "Send again") || !strings.Contains(body, `id="reply-form"`) {
		p.t.Errorf("in place: %d %s", status, body)
	}
	form.Set("token", formToken(p.t, body))
	if status, location, _ := p.submit(base+"/actions/reply", form); status != http.StatusSeeOther || len(said(p.t, player)) != 1 {
		p.t.Errorf("sent again: %d %q, Devin got %q", status, location, said(p.t, player))
	}
}

// killedWhileDispatching: after kill -9 in the middle of a dispatch the same
// form does not say "started", and starts no second run by itself.
func (p process) killedWhileDispatching() {
	player := githubtest.New(githubtest.Options{Token: "ghp_test", Now: time.Now})
	player.Repo("octo/action").PutWorkflow("codeql-fixer.yml", append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
	player.Repo("octo/action").PutFile("telemetry/runs/a.json", oddScan(1, "2026-02-02T10:00:00Z", nil))
	started := make(chan map[string]string, 9)
	player.OnDispatch(func(inputs map[string]string) { started <- inputs })
	up := &silent{player: player, method: http.MethodPost, arrived: make(chan bool, 10)}
	server := httptest.NewServer(up)
	p.t.Cleanup(server.Close)
	settings := []string{"GITHUB_TOKEN=ghp_test", "ACTION_REPO=octo/action", "GITHUB_API_URL=" + server.URL, "DATABASE_URL=sqlite:" + filepath.Join(p.t.TempDir(), "d.db"), "REFRESH_INTERVAL=0"}
	c, base := p.running(settings...)
	p.object("POST", base+"/api/refresh")
	_, page := p.ask("GET", base+"/repo/octo/shop/dispatch")
	form := url.Values{"repo": {"octo/shop"}, "token": {formToken(p.t, page)}, "batch_size": {"7"}}
	up.set(true, false)
	cut := make(chan bool)
	go func() {
		defer close(cut)
		res, err := http.PostForm(base+"/actions/dispatch", form) //nolint:noctx // it ends with the process
		if err == nil {
			res.Body.Close()
		}
	}()
	<-up.arrived
	_ = c.Process.Kill()
	_ = c.Wait()
	<-cut
	up.set(false, false)
	<-started
	c, base = p.running(settings...)
	defer p.terminate(c)
	for _, headers := range [][]string{nil, {"HX-Request", "true"}} {
		status, _, body := p.submit(base+"/actions/dispatch", form, headers...)
		for _, words := range []string{"may not have started.", "not known whether the run was started", "/octo/action/actions/workflows/codeql-fixer.yml", `value="7"`} {
			if status != http.StatusConflict || !strings.Contains(body, words) {
				p.t.Errorf("after the kill (%v): %d, it does not say %q", headers, status, words)
			}
		}
		if len(started) != 0 {
			p.t.Fatal("a second run was started")
		}
		if headers != nil {
			form.Set("token", formToken(p.t, body))
		}
	}
	if status, _, _ := p.submit(base+"/actions/dispatch", form); status != http.StatusSeeOther || len(started) != 1 {
		p.t.Errorf("started again: %d, %d runs", status, len(started))
	}
}
