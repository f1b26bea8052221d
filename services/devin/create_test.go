package devin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// fixes is a session to start.
func fixes(tag string) telemetry.NewSession {
	return telemetry.NewSession{Prompt: "Fix 2 issues. " + tag, Title: "CodeQL Fix", Tags: []string{"codeql-fix", tag}, MaxACUs: 5,
		Schema: []byte(`{"type":"object"}`)}
}

// TestCreatedSessions: what is started has its tags, is found by the one that is
// its own, and another is not.
func TestCreatedSessions(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		made, err := c.Create(t.Context(), fixes("batch-a"))
		if err != nil || made.ID == "" || !strings.HasSuffix(made.URL, made.ID) {
			t.Fatalf("made %+v, %v", made, err)
		}
		if _, err := c.Create(t.Context(), fixes("batch-b")); err != nil {
			t.Fatal(err)
		}
		s, ok := p.Session(made.ID)
		if !ok || s.Title != "CodeQL Fix" || strings.Join(s.Tags, " ") != "codeql-fix batch-a" || s.Messages[0].Text != "Fix 2 issues. batch-a" {
			t.Errorf("Devin has %+v", s)
		}
		for tag, n := range map[string]int{"batch-a": 1, "codeql-fix": 2, "batch": 0} {
			if found, err := c.Tagged(t.Context(), tag, monday().Add(-time.Hour)); err != nil || len(found) != n || n == 1 && found[0].ID != made.ID {
				t.Errorf("%s: %+v, %v", tag, found, err)
			}
		}
		if found, err := c.Tagged(t.Context(), "batch-a", monday().Add(time.Second)); err != nil || len(found) != 0 {
			t.Errorf("later ones: %+v, %v", found, err)
		}
	})
}

// TestALostAnswerToANewSession: the session is there, it is not started again,
// and its tag finds it.
func TestALostAnswerToANewSession(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		p.Fail(devintest.KindCreate, devintest.Fault{Cut: true})
		_, err := c.Create(t.Context(), fixes("batch-a"))
		if telemetry.CodeOf(err) != telemetry.CodeOutcomeUnknown || !strings.Contains(err.Error(), "looked up by its tag") {
			t.Errorf("it says %v", err)
		}
		if n := p.Counts()[devintest.KindCreate]; n != 1 {
			t.Errorf("it was sent %d times", n)
		}
		if found, err := c.Tagged(t.Context(), "batch-a", time.Time{}); err != nil || len(found) != 1 {
			t.Errorf("found %+v, %v", found, err)
		}
	})
}

// TestAnswersToANewSession: what counts as started, and what leaves it open.
func TestAnswersToANewSession(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   telemetry.Code
	}{
		{200, `{"session_id":"devin-` + hex(0) + `","url":"https://app.devin.ai/sessions/1","status":"new"}`, fine},
		{200, `{"session_id":"devin-` + hex(0) + `","url":"javascript:alert(1)","is_new_session":true}`, fine},
		{200, `{"session_id":"devin-` + hex(0) + `","is_new_session":false}`, unknown},
		{200, `{"session_id":"devin-` + hex(0) + `","org_id":"org-other"}`, unknown},
		{200, `{"session_id":"../x"}`, unknown},
		{200, `{"url":"https://app.devin.ai/"}`, unknown},
		{200, `{"session_id":"devin-`, unknown},
		{201, `{"session_id":"devin-` + hex(0) + `"}`, unknown},
		{303, ``, unknown}, {408, `{}`, unknown}, {500, `{}`, unknown}, {504, `{}`, unknown},
		{401, `{}`, telemetry.CodeUpstreamToken}, {403, `{}`, telemetry.CodeUpstreamDenied}, {422, `{"detail":"no"}`, telemetry.CodeUpstreamRejected},
		{429, `{}`, telemetry.CodeRateLimited},
	} {
		for _, key := range []string{keyV1, keyV3} {
			s := &scripted{answer: func(*http.Request) (int, string) { return tc.status, tc.body }}
			c := connect(t, s, devin.Options{Key: key, OrgID: org})
			made, err := c.Create(t.Context(), fixes("batch-a"))
			if (err == nil) != (tc.want == fine) || err != nil && telemetry.CodeOf(err) != tc.want || err == nil && made.ID != hex(0) {
				t.Errorf("%s, %d %.60s: %+v, %v, want code %q", key, tc.status, tc.body, made, err, tc.want)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%s, %d %.40s: sent %d times", key, tc.status, tc.body, n)
			}
		}
	}
}

// TestTaggedAmongOthers: a server that does not know the parameter gives all its
// sessions; each row is checked, and a list that was not read whole says so.
func TestTaggedAmongOthers(t *testing.T) {
	row := func(id, tag string) string {
		return `{"session_id":"` + id + `","status":"running","created_at":"2026-05-11T09:00:00Z","updated_at":"2026-05-11T09:00:00Z","tags":["` + tag + `"]}`
	}
	for name, tc := range map[string]struct {
		rows  string
		found int
		fails bool
	}{
		"others":     {row(hex(1), "batch-b") + "," + row(hex(2), "batch-a") + "," + row(hex(3), "batch-ab"), 1, false},
		"none":       {"", 0, false},
		"unreadable": {row(hex(2), "batch-a") + `,{"status":"running"}`, 1, true},
	} {
		for key, list := range map[string]string{keyV1: `{"sessions":[`, keyV3: `{"has_next_page":false,"items":[`} {
			s := &scripted{answer: func(*http.Request) (int, string) { return 200, list + tc.rows + "]}" }}
			c := connect(t, s, devin.Options{Key: key, OrgID: org, Now: monday})
			found, err := c.Tagged(t.Context(), "batch-a", monday().Add(-time.Hour))
			if len(found) != tc.found || (err != nil) != tc.fails {
				t.Errorf("%s, %s: %+v, %v", name, key, found, err)
			}
		}
	}
}
