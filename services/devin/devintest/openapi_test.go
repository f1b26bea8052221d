package devintest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// description loads one of the published descriptions, without its server, so
// that the requests' own addresses match.
func description(t *testing.T, name string) routers.Router {
	t.Helper()
	dir := os.Getenv("SHARED_UPSTREAMS")
	if dir == "" {
		t.Skip("SKIPPED: upstream descriptions: SHARED_UPSTREAMS is not set")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// TestPlayerSatisfiesTheDescriptions holds requests and answers against Devin's descriptions.
func TestPlayerSatisfiesTheDescriptions(t *testing.T) {
	const v3 = "/v3/organizations/org-1/sessions"
	for _, tc := range []struct {
		file, key string
		requests  []string // method path status [body]
	}{
		{"devin-v1.openapi.yaml", "apk_1", []string{
			"GET /v1/sessions 200", "GET /v1/sessions?limit=2&offset=1 200", "GET /v1/sessions?limit=x 422", "GET /v1/sessions?offset=99 200",
			"GET /v1/sessions/devin-b1 200", "GET /v1/sessions/devin-a1 200", "GET /v1/sessions/none 404",
			`POST /v1/sessions 200 {"prompt":"Fix it.","title":"Fix","tags":["batch-1"],"idempotent":true,"max_acu_limit":5}`, `POST /v1/sessions 422 {}`,
			`POST /v1/sessions/devin-a1/message 200 {"message":"go on"}`, `POST /v1/sessions/devin-b1/message 200 {"message":"wake up"}`,
		}},
		{"devin-v3.openapi.yaml", "cog_1", []string{
			"GET /v3/self 200", "GET " + v3 + " 200", "GET " + v3 + "?first=1 200", "GET " + v3 + "?first=0 422", "GET " + v3 + "?after=zzz 422",
			"GET " + v3 + "?session_ids=devin-a1&session_ids=b1&updated_after=5&tags=codeql&is_archived=false 200",
			"GET " + v3 + "/devin-a1 200", "GET " + v3 + "/devin-none 404", "GET /v3/organizations/org-2/sessions 403",
			"GET " + v3 + "/devin-a1/messages 200", "GET " + v3 + "/devin-a1/messages?first=1 200", "GET " + v3 + "/devin-e1/messages 200",
			`POST ` + v3 + ` 200 {"prompt":"Fix it.","title":"Fix","tags":["batch-1"],"structured_output_schema":{"type":"object"}}`,
			`POST ` + v3 + `/devin-b1/messages 200 {"message":"wake up"}`,
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			router := description(t, tc.file)
			p := populated(tc.key)
			for _, line := range tc.requests {
				check(t, router, p, tc.key, line)
			}
			p.Fail(devintest.KindAny, devintest.Fault{Status: 429, RetryAfter: "2"})
			check(t, router, p, tc.key, strings.Replace(tc.requests[1], " 200", " 429", 1))
			p.Fail(devintest.KindAny, devintest.Fault{})
			check(t, router, p, "cog_other", strings.Replace(tc.requests[1], " 200", " 401", 1))
		})
	}
}

// populated returns a player with sessions of every shape.
func populated(key string) *devintest.Player {
	at := time.Date(2026, 5, 14, 14, 32, 7, 0, time.UTC)
	p := devintest.New(devintest.Options{Key: key, OrgID: "org-1", Now: func() time.Time { return at }})
	p.Put(devintest.Session{ID: "devin-a1", Status: "running", Detail: "waiting_for_user", Title: "Fix", Tags: []string{"codeql"},
		PRs:              []telemetry.UpstreamPR{{URL: "https://github.com/o/r/pull/1", State: "open"}, {URL: "https://github.com/o/r/pull/2"}},
		StructuredOutput: map[string]any{"pull_request_url": "https://github.com/o/r/pull/1"},
		Messages:         []telemetry.Message{{From: "user", Text: "Fix it"}, {From: "devin", Text: "Which?"}}})
	p.Put(devintest.Session{ID: "b1", Status: "suspended", Detail: "inactivity", Tags: []string{"codeql"}})
	for id, status := range map[string]string{"c1": "new", "c2": "claimed", "d1": "exit", "e1": "error", "f1": "resuming"} {
		p.Put(devintest.Session{ID: id, Status: status})
	}
	return p
}

// check sends one request and holds both sides against the description.
func check(t *testing.T, router routers.Router, p http.Handler, key, line string) {
	t.Helper()
	fields := strings.SplitN(line, " ", 4)
	var body io.Reader
	if len(fields) == 4 {
		body = strings.NewReader(fields[3])
	}
	r := httptest.NewRequestWithContext(t.Context(), fields[0], fields[1], body)
	r.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w := validated(t, router, p, r)
	if got := w.Result().Status; !strings.HasPrefix(got, fields[2]) {
		t.Errorf("%s: answered %s: %s", line, got, w.Body)
	}
}

// validated lets p answer r, and holds both against the description. A request
// that p refuses may break it.
func validated(t *testing.T, router routers.Router, p http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
		return w
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	asked := openapi3filter.ValidateRequest(r.Context(), in)
	p.ServeHTTP(w, r)
	if asked != nil && w.Code < 400 {
		t.Errorf("%s %s: the request: %v", r.Method, r.URL, asked)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes()))}
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		t.Errorf("%s %s: the answer: %v", r.Method, r.URL, err)
	}
	return w
}

// TestClientSatisfiesTheDescriptions holds what the client asks against them.
func TestClientSatisfiesTheDescriptions(t *testing.T) {
	for file, key := range map[string]string{"devin-v1.openapi.yaml": "apk_1", "devin-v3.openapi.yaml": "cog_1"} {
		t.Run(file, func(t *testing.T) {
			router, p := description(t, file), populated(key)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := validated(t, router, p, r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
			}))
			t.Cleanup(server.Close)
			c, err := devin.New(devin.Options{BaseURL: server.URL, Key: key})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := c.Sessions(t.Context(), []string{"a1", "b1", "none"})
			if err != nil || len(answer.Sessions) != 2 || len(answer.Unknown) != 1 {
				t.Errorf("%+v, %v", answer, err)
			}
			if err := c.Send(t.Context(), "b1", "wake up"); err != nil {
				t.Error(err)
			}
			order := telemetry.NewSession{Prompt: "Fix it.", Title: "Fix", Tags: []string{"batch-x"}, MaxACUs: 7, Playbook: "playbook-1", Schema: []byte(`{"type":"object"}`)}
			if made, err := c.Create(t.Context(), order); err != nil || made.ID == "" {
				t.Errorf("%+v, %v", made, err)
			}
			if found, err := c.Tagged(t.Context(), "batch-x", time.Time{}); err != nil || len(found) != 1 || found[0].Title != "Fix" || found[0].Playbook != "playbook-1" {
				t.Errorf("%+v, %v", found, err)
			}
			if got, err := c.Messages(t.Context(), "b1"); err != nil || len(got) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}
