package devin_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// TestReceipts: what counts as sent, on either API.
func TestReceipts(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		v1, v3 telemetry.Code
	}{
		{200, `null`, fine, fine},
		{200, ` null `, fine, fine},
		{200, `{"detail":"The session resumes."}`, fine, fine},
		{200, `{"session_id":"devin-` + hex(0) + `","status":"running"}`, unknown, fine},
		{200, `{"session_id":"` + hex(1) + `","status":"running"}`, unknown, unknown},
		{200, `{"detail":7}`, unknown, fine},
		{200, `{"detail":"cut`, unknown, unknown},
		{200, `null null`, unknown, unknown},
		{200, strings.Repeat(" ", 5<<20) + "null", unknown, unknown},
		{201, `null`, unknown, unknown},
		{202, `{"detail":"queued"}`, unknown, unknown},
		{303, ``, unknown, unknown},
		{408, `{}`, unknown, unknown},
		{422, `{}`, telemetry.CodeUpstreamRejected, telemetry.CodeUpstreamRejected},
		{504, `{}`, unknown, unknown},
	} {
		for key, want := range map[string]telemetry.Code{keyV1: tc.v1, keyV3: tc.v3} {
			s := &scripted{answer: func(*http.Request) (int, string) { return tc.status, tc.body }}
			c := connect(t, s, devin.Options{Key: key, OrgID: org})
			err := c.Send(t.Context(), hex(0), "go on")
			if (err == nil) != (want == fine) || err != nil && telemetry.CodeOf(err) != want {
				t.Errorf("%s, %d %.40s: %v, want code %q", key, tc.status, tc.body, err, want)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%s, %d %.40s: sent %d times", key, tc.status, tc.body, n)
			}
		}
	}
}

// TestAnUnknownOutcomeCanBeLookedUp: the message arrived and its receipt did
// not, and what is kept does not hide that.
func TestAnUnknownOutcomeCanBeLookedUp(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, time.Hour)
		all := talk(p, hex(0), 2)
		same(t, "before", all, messages(t, c))
		p.Fail(devintest.KindSend, devintest.Fault{Cut: true})
		if err := c.Send(t.Context(), hex(0), "go on"); telemetry.CodeOf(err) != unknown {
			t.Error(err)
		}
		for name, ask := range map[string]func(context.Context, string) ([]telemetry.Message, error){
			"FreshMessages": c.FreshMessages, "Messages": c.Messages} {
			got, err := ask(t.Context(), hex(0))
			if err != nil || len(got) != 3 || got[2].Text != "go on" || got[2].From != "user" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// TestSendCancelled: before it was sent nothing happened, after that it is not known.
func TestSendCancelled(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		arrived, release := make(chan struct{}, 1), make(chan struct{})
		defer close(release)
		c := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			arrived <- struct{}{}
			<-release
		}), devin.Options{Key: key, OrgID: org})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if err := c.Send(ctx, hex(0), "go on"); telemetry.CodeOf(err) != unknown || !errors.Is(err, context.Canceled) {
			t.Errorf("while it was sent: %v", err)
		}
		if err := c.Send(ctx, hex(0), "go on"); telemetry.CodeOf(err) == unknown || !errors.Is(err, context.Canceled) {
			t.Errorf("before it was sent: %v", err)
		}
	})
}
