package http

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

func TestReplyOnce(t *testing.T) {
	p := program.WithWaitingSession(t, "May I change <b>the API</b>?")
	_, body := p.Get("/needs-you")
	if !strings.Contains(body, `href="/sessions/`+program.SampleSession+`#reply-form"`) {
		t.Error("the row does not lead to the form")
	}
	_, body = p.Get("/sessions/" + program.SampleSession + "?messages=1")
	for _, text := range []string{"Fix xss", "Waiting for you", "May I change &lt;b&gt;the API&lt;/b&gt;?", "js/rule-02"} {
		if !strings.Contains(body, text) {
			t.Errorf("without JavaScript the page does not say %q", text)
		}
	}
	form := url.Values{"session": {program.SampleSession}, "token": {program.FormToken(t, body)}, "message": {"Yes & no"}}.Encode()
	for range 2 {
		res, _ := p.Do("POST", "/actions/reply", form)
		if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/sessions/"+program.SampleSession+"?sent=1#reply-form" {
			t.Errorf("sent: %d to %q", res.StatusCode, got)
		}
	}
	if got := p.Replies(); len(got) != 1 || got[0] != "Yes & no" {
		t.Errorf("Devin got %q", got)
	}
	p.UntilSays("/api/sessions/"+program.SampleSession, `"state":"working"`)
	p.UntilSays("/activity", "Reply sent")
}

// TestSentFormWithAnotherText: a form that a browser's Back brings again has
// the token that was sent. With another text it is another message.
func TestSentFormWithAnotherText(t *testing.T) {
	p := program.WithWaitingSession(t, "May I change <b>the API</b>?")
	_, body := p.Get("/sessions/" + program.SampleSession)
	form := url.Values{"session": {program.SampleSession}, "token": {program.FormToken(t, body)}}
	for _, text := range []string{"Go on", "No, stop", "No, stop", "Go on"} {
		form.Set("message", text)
		if res, body := p.Do("POST", "/actions/reply", form.Encode()); res.StatusCode != 303 {
			t.Errorf("%s: %d %s", text, res.StatusCode, body)
		}
	}
	if got := p.Replies(); !slices.Equal(got, []string{"Go on", "No, stop"}) {
		t.Errorf("Devin got %q", got)
	}
}

func TestReplyFails(t *testing.T) {
	p := program.WithWaitingSession(t, "May I change <b>the API</b>?")
	_, body := p.Get("/sessions/" + program.SampleSession)
	token := program.FormToken(t, body)
	send := func(message string, headers ...string) (int, string) {
		res, body := p.Do(
			"POST",
			"/actions/reply",
			url.Values{"session": {program.SampleSession}, "token": {token}, "message": {message}}.Encode(),
			headers...)
		return res.StatusCode, body
	}
	if status, body := send(" ", "HX-Request", "true"); status != 400 || !strings.Contains(body, "Not sent.") ||
		!strings.Contains(body, "Message is empty") {
		t.Errorf("an empty message: %d %s", status, body)
	}
	p.Devin.Fail(devintest.KindSend, devintest.Fault{Status: 403})
	if status, body := send("half <typed>"); status != 400 || !strings.Contains(body, "half &lt;typed&gt;</textarea>") ||
		!strings.Contains(body, "Not sent.") ||
		!strings.Contains(body, "ManageOrgSessions") {
		t.Errorf("without the permission: %d, what was typed or why is lost", status)
	}
	p.Devin.Fail(devintest.KindSend, devintest.Fault{})
	if status, body := send("again", "HX-Request", "true"); status != 200 || !strings.Contains(body, "data-sent") {
		t.Errorf("after a failure the token cannot be used: %d %s", status, body)
	}
	if got := p.Replies(); len(got) != 1 || got[0] != "again" {
		t.Errorf("Devin got %q", got)
	}
}
