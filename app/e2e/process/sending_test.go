package process

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// silent is a proxy of an upstream. While it is silent it passes on what is
// posted, or drops it, and never answers.
type silent struct {
	player  http.Handler
	mu      sync.Mutex
	silent  bool
	drops   bool
	arrived chan bool
}

func newSilent() *silent { return &silent{arrived: make(chan bool, 10)} }

// front puts s before a player.
func (s *silent) front(player http.Handler) http.Handler {
	s.player = player
	return s
}

func (s *silent) set(silent, drops bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent, s.drops = silent, drops
}

func (s *silent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	silent, drops := s.silent, s.drops
	s.mu.Unlock()
	if !silent || r.Method != http.MethodPost {
		s.player.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if !drops {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		s.player.ServeHTTP(httptest.NewRecorder(), again)
	}
	s.arrived <- true
	<-r.Context().Done()
}

// killDuring kills the program after a form was posted and s has what was
// sent, and starts it again with an upstream that answers.
func (s *silent) killDuring(p *program.Program, action string, form url.Values, drops bool) {
	p.T.Helper()
	s.set(true, drops)
	request := p.Request(http.MethodPost, action, form.Encode())
	cut := make(chan bool)
	go func() {
		defer close(cut)
		if res, err := p.Client().Do(request); err == nil {
			res.Body.Close()
		}
	}()
	<-s.arrived
	p.Kill()
	<-cut
	s.set(false, false)
	p.Restart()
}

// TestKilledWhileReplying: after kill -9 in the middle of a reply the same
// form says "sent" only where the message has arrived; else it is offered
// again with its text, and sent when the person decides so.
func TestKilledWhileReplying(t *testing.T) {
	for name, drops := range map[string]bool{"it arrived": false, "it was lost": true} {
		t.Run(name, func(t *testing.T) { killWhileReplying(t, drops) })
	}
}

func killWhileReplying(t *testing.T, drops bool) {
	p := program.NewPlayed(t, "apk_test", withSession())
	p.Devin.Put(devintest.Session{ID: program.SampleSession, Status: "blocked"})
	upstream := newSilent()
	p.Start(p.Settings(program.Fronts{"DEVIN_API_URL": upstream.front}))
	page := p.Page("/sessions/" + program.SampleSession)
	form := url.Values{"session": {program.SampleSession}, "token": {program.FormToken(t, page)}, "message": {"Go <on>"}}
	upstream.killDuring(p.Program, "/actions/reply", form, drops)
	if !strings.Contains(p.Page("/activity"), "delivery unknown") {
		t.Error("the activity says that it was sent")
	}
	res, body := p.Do(http.MethodPost, "/actions/reply", form.Encode())
	if !drops {
		location := res.Header.Get("Location")
		if res.StatusCode != http.StatusSeeOther || !strings.Contains(location, "sent=1") || len(p.Replies()) != 1 {
			t.Errorf("a reply that had arrived: %d %q, Devin got %q", res.StatusCode, location, p.Replies())
		}
		return
	}
	if res.StatusCode != http.StatusConflict || !strings.Contains(body, "not known whether the message was sent") ||
		!strings.Contains(body, "Go &lt;on&gt;</textarea>") || len(p.Replies()) != 0 {
		t.Fatalf("a reply that was lost: %d %q, Devin got %q", res.StatusCode, body, p.Replies())
	}
	res, body = p.Do(http.MethodPost, "/actions/reply", form.Encode(), "HX-Request", "true")
	if res.StatusCode != http.StatusConflict || !strings.Contains(body, "Send again") || !strings.Contains(body, `id="reply-form"`) {
		t.Errorf("in place: %d %s", res.StatusCode, body)
	}
	form.Set("token", program.FormToken(t, body))
	if res, _ := p.Do(http.MethodPost, "/actions/reply", form.Encode()); res.StatusCode != http.StatusSeeOther || len(p.Replies()) != 1 {
		t.Errorf("sent again: %d, Devin got %q", res.StatusCode, p.Replies())
	}
}

// TestKilledWhileDispatching: after kill -9 in the middle of a dispatch the
// same form does not say "started", and starts no second run by itself.
func TestKilledWhileDispatching(t *testing.T) {
	p := program.NewPlayed(t, "apk_test", withSession())
	p.PutWorkflow()
	started := make(chan map[string]string, 9)
	p.GitHub.OnDispatch(func(inputs map[string]string) { started <- inputs })
	upstream := newSilent()
	p.Start(p.Settings(program.Fronts{"GITHUB_API_URL": upstream.front}))
	page := p.Page("/repo/octo/shop/dispatch")
	form := url.Values{"repo": {"octo/shop"}, "token": {program.FormToken(t, page)}, "batch_size": {"7"}, "force": {"true"}}
	upstream.killDuring(p.Program, "/actions/dispatch", form, false)
	<-started
	for _, headers := range [][]string{nil, {"HX-Request", "true"}} {
		res, body := p.Do(http.MethodPost, "/actions/dispatch", form.Encode(), headers...)
		for _, words := range []string{
			"may not have started.", "not known whether the run was started", "/octo/action/actions/workflows/codeql-fixer.yml", `value="7"`,
		} {
			if res.StatusCode != http.StatusConflict || !strings.Contains(body, words) {
				t.Errorf("after the kill (%v): %d, it does not say %q", headers, res.StatusCode, words)
			}
		}
		if len(started) != 0 {
			t.Fatal("a second run was started")
		}
		if headers != nil {
			form.Set("token", program.FormToken(t, body))
		}
	}
	if res, _ := p.Do(http.MethodPost, "/actions/dispatch", form.Encode()); res.StatusCode != http.StatusSeeOther || len(started) != 1 {
		t.Errorf("started again: %d, %d runs", res.StatusCode, len(started))
	}
}
