package mcp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/views/links"
)

// api answers what tools ask.
type api func(r *http.Request) (status int, body string)

func (a api) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := a(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// call is the message that calls a tool without arguments.
func call(tool string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{}}}`
}

// called is the answer of a tool that has no arguments.
func called(t *testing.T, o Options, answers api, tool string) string {
	t.Helper()
	o.Inside = func(*fiber.Ctx) http.RoundTripper { return answers }
	app := fiber.New()
	app.Post(links.MCP, New(o).Routes()[0].Handle)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, links.MCP, strings.NewReader(call(tool)))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	res, err := app.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestToolsFailInWords: what a tool cannot answer is an error of the tool that an
// agent can read. What is nobody's business is in the log.
func TestToolsFailInWords(t *testing.T) {
	for name, tc := range map[string]struct {
		timeout time.Duration
		answers api
		says    string
		logged  string
	}{
		"refused": {answers: func(*http.Request) (int, string) { return 403, `{"error":"Ask an admin.","code":"forbidden"}` }, says: `"Ask an admin."`},
		"late": {timeout: time.Millisecond, answers: func(r *http.Request) (int, string) { <-r.Context().Done(); return 200, `{}` },
			says: "search_issues took longer than 1ms. Ask for less at a time"},
		"not JSON": {answers: func(*http.Request) (int, string) { return 200, `secret` }, says: "search_issues failed. The log", logged: "invalid character"},
		"no reason": {answers: func(*http.Request) (int, string) { return 502, `secret` }, says: "search_issues failed. The log",
			logged: "without a reason"},
		"a panic": {answers: func(*http.Request) (int, string) { panic("secret") }, says: "search_issues failed. The log", logged: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			body := called(t, Options{Timeout: tc.timeout, Log: slog.New(slog.NewTextHandler(&log, nil))}, tc.answers, "search_issues")
			if !strings.Contains(body, tc.says) || !strings.Contains(body, `"isError":true`) || strings.Contains(body, "secret") {
				t.Errorf("%s, want %s", body, tc.says)
			}
			if !strings.Contains(log.String(), tc.logged) || tc.logged == "" && log.Len() > 0 {
				t.Errorf("the log has %s, want %s", &log, tc.logged)
			}
		})
	}
}

// TestAnswersAreBounded: however long the API's answer is, a page has at most 50
// rows, and texts and lists are cut.
func TestAnswersAreBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	many := `"` + strings.Repeat(`o","`, 1000) + `o"`
	asked := ""
	answers := api(func(r *http.Request) (int, string) {
		asked = r.URL.Query().Get("per_page")
		return 200, `{"session_id":"a","title":"` + long + `","issue_ids":[` + many + `],"states":[],"issues":[],"prs":[]}`
	})
	if body := called(t, Options{}, answers, "search_issues"); asked != "20" {
		t.Errorf("%s rows are asked for: %s", asked, body)
	}
	if got := (paged{Page: -1, PerPage: 1000}).pairs(); got[1] != "1" || got[3] != "50" {
		t.Error(got)
	}
	s := New(Options{Origin: "https://dash.example"})
	ctx := context.WithValue(t.Context(), clientKey{}, &http.Client{Transport: answers})
	got, err := s.getSession(ctx, sessionIn{ID: "a"})
	if err != nil || len(got.Title) > textMost+3 || len(got.IssueIDs) != listMost || got.PageURL != "https://dash.example/sessions/a" {
		t.Error(err, len(got.Title), len(got.IssueIDs), got.PageURL)
	}
	row := bounded(map[string]any{"text": long, "list": make([]any, 1000)}).(map[string]any)
	if len(row["text"].(string)) > textMost || len(row["list"].([]any)) != listMost {
		t.Error(row)
	}
}

// TestRequestsLeaveNothingBehind: no session and no goroutine outlives the answer,
// whether it came in time or not: the bubble of the test would wait for them.
func TestRequestsLeaveNothingBehind(t *testing.T) {
	for tool, says := range map[string]string{"search_issues": `"total":0`, "effectiveness": "effectiveness took longer than 30s"} {
		synctest.Test(t, func(t *testing.T) {
			answers := api(func(r *http.Request) (int, string) {
				if strings.Contains(r.URL.Path, "effectiveness") {
					<-r.Context().Done()
				}
				return 200, `{"items":[],"total":0}`
			})
			ctx := context.WithValue(t.Context(), clientKey{}, &http.Client{Transport: answers})
			req := httptest.NewRequestWithContext(ctx, http.MethodPost, links.MCP, strings.NewReader(call(tool)))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			answer := httptest.NewRecorder()
			New(Options{}).handler.ServeHTTP(whole{answer}, req)
			if body := answer.Body.String(); !strings.Contains(body, says) {
				t.Errorf("%s, want %s", body, says)
			}
		})
	}
}
