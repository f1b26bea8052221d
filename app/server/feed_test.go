package server

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// oneFeed is an access in which a read token opens /feed?q=a, and nothing else.
type oneFeed struct{ team }

func (t *oneFeed) Identify(ctx context.Context, c access.Credentials) (telemetry.Person, error) {
	switch {
	case c.ReadToken == "":
		return t.team.Identify(ctx, c)
	case c.ReadToken == access.ReadPrefix+"a" && c.Address == "/feed?q=a":
		return telemetry.Person{Key: "token:1", Name: "feed", Role: telemetry.RoleViewer}, nil
	}
	return telemetry.Person{}, telemetry.Errorf(telemetry.CodeUnauthenticated, "Another address.")
}

func feeds(*site) []Route {
	say := func(c *fiber.Ctx) error { return c.SendString("for " + telemetry.PersonOf(c.UserContext()).Key) }
	return append(guarded(nil),
		Route{Method: "GET", Path: "/feed", Needs: telemetry.RoleViewer, Feed: true, Cache: "max-age=60", Topics: []string{"records"}, Handle: say})
}

// TestAReadTokenIsBelievedAtFeedsAlone: it opens its address, is refused at all
// others in words that programs read, and leads nobody to the sign-in.
func TestAReadTokenIsBelievedAtFeedsAlone(t *testing.T) {
	var logged lockedBuffer
	s := serve(t, feeds, withTeam, func(o *Options) {
		o.Access, o.Log = &oneFeed{}, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	token := access.ReadPrefix + "a"
	for _, tc := range []struct {
		path   string
		status int
		says   string
	}{
		{"/feed?q=a&token=" + token, 200, "for token:1"},
		{"/feed?token=" + token + "&q=%61", 200, "for token:1"},
		{"/feed?q=b&token=" + token, 401, `"unauthenticated"`},
		{"/feed?q=a&token=" + token + "&token=" + token, 400, "several read tokens"},
		{"/feed?q=a&token=", 400, "several read tokens, or an empty one"},
		{"/feed?q=" + token + "&token=x", 401, "does not open this address"},
		{"/feed?q=a", 401, `"unauthenticated"`},
		{"/feed?q=a&token=tdash_full", 400, "Revoke this one"},
		{"/api/read?q=a&token=" + token, 401, "does not open this address"},
		{"/page?token=" + token, 401, "does not open this address"},
		{"/none?token=" + token, 401, "does not open this address"},
	} {
		r, body := s.do("GET", tc.path)
		if r.StatusCode != tc.status || !strings.Contains(body, tc.says) || strings.Contains(r.Header.Get("Location"), token) {
			t.Errorf("%s: %s %s, want %d %s", tc.path, r.Status, body, tc.status, tc.says)
		}
	}
	first, _ := s.do("GET", "/feed?q=a&token="+token)
	tag := first.Header.Get("ETag")
	again, _ := s.do("GET", "/feed?q=a&token="+token, "If-None-Match: "+tag)
	for _, r := range []struct{ cache, from, refers string }{
		{first.Header.Get("Cache-Control"), first.Header.Get("Cross-Origin-Resource-Policy"), first.Header.Get("Referrer-Policy")},
		{again.Header.Get("Cache-Control"), again.Header.Get("Cross-Origin-Resource-Policy"), again.Header.Get("Referrer-Policy")},
	} {
		if r.cache != "max-age=60" || r.from != "cross-origin" || r.refers != "same-origin" {
			t.Errorf("headers %+v", r)
		}
	}
	if again.StatusCode != 304 {
		t.Errorf("unchanged: %s", again.Status)
	}
	if r, _ := s.do("GET", "/feed?q=a", "Authorization: a-viewer"); r.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Error("without a read token pages elsewhere may show it")
	}
	if text := logged.String(); strings.Contains(text, access.ReadPrefix) || !strings.Contains(text, "path=/feed") {
		t.Errorf("the log has the token, or nothing: %s", text)
	}
}

// lockedBuffer is a log that many requests write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
