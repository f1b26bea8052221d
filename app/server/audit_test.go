package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// diary is an audit log in memory.
type diary struct {
	mu   sync.Mutex
	list []telemetry.AuditEntry
	err  error
}

func (d *diary) AddAudit(_ context.Context, e telemetry.AuditEntry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, e)
	return d.err
}

func audited(*site) []Route {
	route := func(method, path, action string, needs telemetry.Role, params []string, h fiber.Handler) Route {
		return Route{Method: method, Path: path, Action: action, Needs: needs, Params: params, Handle: h}
	}
	return []Route{
		route("POST", "/api/views/:id", "rename", telemetry.RoleOperator, []string{"dry_run", "async"}, func(c *fiber.Ctx) error {
			telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Before: "old", After: "new"})
			return c.SendStatus(202)
		}),
		route("POST", "/actions/reply", "reply", telemetry.RoleOperator, []string{"session", "token", "message"}, func(c *fiber.Ctx) error {
			return telemetry.Errorf(telemetry.CodeConflict, "It was sent before.")
		}),
		route("POST", "/api/broken", "break", telemetry.RoleViewer, nil, func(*fiber.Ctx) error { panic("secret") }),
		route("POST", "/sign-in", "sign-in", telemetry.RoleAnyone, []string{"token"}, func(c *fiber.Ctx) error {
			if c.FormValue("token") == "" {
				return telemetry.Errorf(telemetry.CodeUnauthenticated, "There is no token.")
			}
			c.SetUserContext(telemetry.AsPerson(c.UserContext(), telemetry.Person{Key: "token:1", Name: "ci", Role: "viewer", Way: "token"}))
			return c.SendStatus(204)
		}),
		route("POST", "/actions/dismiss", "", telemetry.RoleViewer, nil, func(c *fiber.Ctx) error { return c.SendStatus(204) }),
	}
}

// TestWhatChangesSomethingIsAudited: who, from where, what, before and after, and
// what came of it; refusals of those who are known too, and no secret.
func TestWhatChangesSomethingIsAudited(t *testing.T) {
	for name, tc := range map[string]struct {
		who, path, form, json string
		want                  telemetry.AuditEntry // but for who and where
	}{
		"done": {"a-operator", "/api/views/a%2Fb?dry_run=true&async=true", "", `{"name":"new","list":["x"],"n":null}`, telemetry.AuditEntry{
			Action: "rename", Subject: "a/b", Detail: `{"dry_run":"true","id":"a/b","list":"[\"x\"]","name":"new"}`,
			Before: "old", After: "new", Result: "done", Status: 202}},
		"refused by its handler": {"a-operator", "/actions/reply", "session=s1&token=abc&message=Go+on", "", telemetry.AuditEntry{
			Action: "reply", Subject: "s1", Detail: `{"message":"Go on","session":"s1"}`, Result: "refused", Status: 409, Error: "It was sent before."}},
		"of too low a role": {"b-viewer", "/actions/reply", "session=s1", "", telemetry.AuditEntry{
			Action: "reply", Subject: "s1", Detail: `{"session":"s1"}`, Result: "refused", Status: 403,
			Error: "This needs the role operator, and b-viewer has the role viewer. Ask an admin of this dashboard. Nothing was done."}},
		"failed": {"b-viewer", "/api/broken", "", "", telemetry.AuditEntry{Action: "break", Result: "failed", Status: 500,
			Error: "Internal error. See the log. Stored data is kept."}},
		"signed in":             {"", "/sign-in", "token=tdash_x", "", telemetry.AuditEntry{Action: "sign-in", Result: "done", Status: 204}},
		"not signed in":         {"", "/sign-in", "", "", telemetry.AuditEntry{Action: "sign-in", Result: "refused", Status: 401, Error: "There is no token."}},
		"a stranger":            {"", "/actions/reply", "session=s1", "", telemetry.AuditEntry{}},
		"what changes nothing":  {"b-viewer", "/actions/dismiss", "", "", telemetry.AuditEntry{}},
		"a long text, cut":      {"a-operator", "/actions/reply", "message=" + strings.Repeat("%C3%A4", 400), "", telemetry.AuditEntry{Action: "reply", Detail: `{"message":"` + strings.Repeat("ä", 250) + `…"}`, Result: "refused", Status: 409, Error: "It was sent before."}},
		"what no handler reads": {"a-operator", "/actions/reply", "secret=x", "", telemetry.AuditEntry{Action: "reply", Result: "refused", Status: 400, Error: `Unknown parameter "secret". This address accepts session, token, message. Nothing was done.`}},
	} {
		t.Run(name, func(t *testing.T) {
			log := &diary{}
			s := serve(t, audited, withTeam, func(o *Options) { o.Audit = log })
			s.send(tc.who, tc.path, tc.form, tc.json)
			log.mu.Lock()
			defer log.mu.Unlock()
			if tc.want.Action == "" {
				if len(log.list) > 0 {
					t.Errorf("it is audited: %+v", log.list)
				}
				return
			}
			if len(log.list) != 1 {
				t.Fatalf("%d entries: %+v", len(log.list), log.list)
			}
			got := log.list[0]
			if tc.who != "" && got.Person != tc.who || tc.who == "" && got.Result == "done" && got.Name != "ci" || got.Origin != "127.0.0.1" {
				t.Errorf("by %q from %q", got.Person, got.Origin)
			}
			got.Person, got.Name, got.Role, got.Way, got.Origin = "", "", "", "", ""
			if got != tc.want {
				t.Errorf("%+v\nwant %+v", got, tc.want)
			}
		})
	}
}

// TestAnAuditThatCannotBeStored is logged with what it would have said.
func TestAnAuditThatCannotBeStored(t *testing.T) {
	s := serve(t, audited, withTeam, func(o *Options) { o.Audit = &diary{err: errors.New("disk full")} })
	if status := s.send("a-operator", "/api/views/a", "", "{}"); status != 202 {
		t.Errorf("it is answered with %d", status)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if log := s.log.String(); !strings.Contains(log, "could not write to the audit log") || !strings.Contains(log, "person=a-operator") {
		t.Errorf("the log says %q", log)
	}
}

// send posts a form or JSON and returns the status.
func (s *site) send(who, path, form, body string) int {
	s.t.Helper()
	kind := "application/x-www-form-urlencoded"
	if body != "" {
		kind = "application/json"
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.addr+path, strings.NewReader(form+body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if who != "" {
		req.Header.Set("Authorization", who)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && len(text) > 0 && !json.Valid(text) {
		s.t.Errorf("%s answers %q", path, text)
	}
	return resp.StatusCode
}
