package server

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// asking are routes, and one that asks the route that its parameters name.
func asking(s *site) []Route {
	says := func(c *fiber.Ctx) error {
		return c.SendString(telemetry.NameOf(c.UserContext()) + " " + c.Get("X-More") + requestID(c) + " " + string(c.Body()))
	}
	return []Route{
		{Method: "GET", Path: "/api/said", Topics: []string{"records"}, Handle: says},
		{Method: "POST", Path: "/api/said", Needs: telemetry.RoleOperator, Action: "say", Waits: true, Handle: says},
		{Method: "GET", Path: "/api/moved", Handle: func(c *fiber.Ctx) error { return c.Redirect("/api/said", http.StatusMovedPermanently) }},
		{Method: "POST", Path: "/api/waits", Needs: telemetry.RoleOperator, Action: "wait", Waits: true, Handle: func(c *fiber.Ctx) error {
			<-c.UserContext().Done()
			return c.UserContext().Err()
		}},
		{Method: "POST", Path: "/mcp", Waits: true, Params: []string{"method", "path", "late"}, Handle: s.askInside},
	}
}

func (s *site) askInside(c *fiber.Ctx) error {
	ctx, cancel := context.WithCancel(c.UserContext())
	if c.Query("late") != "" {
		ctx, cancel = context.WithDeadline(ctx, time.Now().Add(time.Millisecond))
	}
	defer cancel()
	body := io.Reader(http.NoBody)
	if c.Query("method") != http.MethodGet {
		body = strings.NewReader(`{"a":1}`)
	}
	req, err := http.NewRequestWithContext(ctx, c.Query("method"), "http://any"+c.Query("path"), body)
	if err != nil {
		return err
	}
	req.Header.Set("X-More", "more")
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{Transport: s.server.Inside(c)}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return c.Status(res.StatusCode).Send(answer)
}

// TestInsideAsksAsTheCaller: what a handler asks of another route it asks with
// the caller's credentials, id and address, so that roles and the audit log are
// those of the caller. A route that waits ends with who asks.
func TestInsideAsksAsTheCaller(t *testing.T) {
	log := &diary{}
	s := serve(t, asking, withTeam, func(o *Options) { o.Audit, o.PublicURL = log, "http://dash.example/board" })
	for _, tc := range []struct {
		who, query string
		status     int
		says       string
	}{
		{"a-viewer", "method=GET&path=/api/said", 200, "a-viewer more-1 "},
		{"a-viewer", "method=GET&path=/api/moved", 200, "a-viewer more-1 "},
		{"a-viewer", "method=POST&path=/api/said", 403, "role operator"},
		{"b-operator", "method=POST&path=/api/said", 200, `b-operator more-1 {"a":1}`},
		{"b-operator", "method=POST&path=/api/waits&late=1", 503, "took longer"},
		{"a-viewer", "method=GET&path=/api/none", 404, "Not found"},
	} {
		if r, body := s.do("POST", "/mcp?"+tc.query, "Authorization: "+tc.who, RequestIDHeader+": -1"); r.StatusCode != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s %s: %d %s, want %d %s", tc.who, tc.query, r.StatusCode, body, tc.status, tc.says)
		}
	}
	var noted []string
	for _, e := range log.list {
		noted = append(noted, e.Name+" "+e.Action+" "+e.Origin+" "+e.Detail)
	}
	want := `a-viewer say 127.0.0.1 {"a":"1"}, b-operator say 127.0.0.1 {"a":"1"}, b-operator wait 127.0.0.1 {"a":"1"}`
	if got := strings.Join(noted, ", "); got != want {
		t.Errorf("noted is %s, want %s", got, want)
	}
}
