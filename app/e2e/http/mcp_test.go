package http

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// rpc sends one message to /mcp.
func (g *gated) rpc(method string, params any, headers ...string) (status int, body string) {
	g.T.Helper()
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		g.T.Fatal(err)
	}
	return g.message(string(text), headers...)
}

func (g *gated) message(text string, headers ...string) (status int, body string) {
	g.T.Helper()
	headers = append([]string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}, headers...)
	req := g.Request(http.MethodPost, links.MCP, text, headers...)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	res, err := g.Client().Do(req)
	if err != nil {
		g.T.Fatal(err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		g.T.Fatal(err)
	}
	return res.StatusCode, string(read)
}

// TestWhoMayUseMCP: the server's own checks stand before the protocol.
func TestWhoMayUseMCP(t *testing.T) {
	g := newGated(t, nil)
	viewer := g.bearer("viewer")
	for name, tc := range map[string]struct {
		headers []string
		message string // "" lists the tools
		status  int
		says    string
	}{
		"a viewer":             {headers: viewer, status: 200, says: `"search_issues"`},
		"no token":             {status: 401, says: "Authorization: Bearer TOKEN"},
		"a token that ended":   {headers: g.bearer("expired"), status: 401, says: `"unauthenticated"`},
		"a page elsewhere":     {headers: append([]string{"Origin", "https://evil.example"}, viewer...), status: 403, says: `"forbidden_origin"`},
		"another host":         {headers: append([]string{"Host", "evil.example"}, viewer...), status: 421, says: `"unknown_host"`},
		"several messages":     {headers: viewer, message: `[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]`, status: 400, says: "one JSON-RPC message"},
		"no message":           {headers: viewer, message: `{"jsonrpc"`, status: 400, says: "one JSON-RPC message"},
		"a body without bound": {headers: viewer, message: `{"a":"` + strings.Repeat("x", 100<<10) + `"}`, status: 413, says: `"too_large"`},
	} {
		t.Run(name, func(t *testing.T) {
			message := cmp.Or(tc.message, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
			status, body := g.message(message, tc.headers...)
			if status != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("%d %.300s, want %d and %s", status, body, tc.status, tc.says)
			}
		})
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if res, body := g.Do(method, links.MCP, "", viewer...); res.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(res.Header.Get("Allow"), "POST") {
			t.Errorf("%s: %d %v %s", method, res.StatusCode, res.Header, body)
		}
	}
}

// TestMCPKeepsNoStreamOpen: the one method whose answer never ends is refused.
func TestMCPKeepsNoStreamOpen(t *testing.T) {
	g := newGated(t, nil)
	const version = "2026-07-28"
	status, body := g.rpc("subscriptions/listen", map[string]any{
		"_meta": map[string]any{
			"io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": map[string]any{},
			"io.modelcontextprotocol/clientInfo": map[string]any{"name": "an agent", "version": "1"}},
		"notifications": map[string]any{"toolsListChanged": true},
	}, append([]string{"MCP-Protocol-Version", version, "Mcp-Method", "subscriptions/listen"}, g.bearer("viewer")...)...)
	if !strings.Contains(body, "nothing to subscribe to") {
		t.Errorf("%d %s", status, body)
	}
}

// TestToolsAreDescribed: each tool has what an agent needs to use it.
func TestToolsAreDescribed(t *testing.T) {
	g := newGated(t, nil)
	viewer := g.agent("viewer")
	list, err := viewer.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Tools) < 10 {
		t.Errorf("%d tools", len(list.Tools))
	}
	for _, tool := range list.Tools {
		if !strings.Contains(tool.Description, "Example: {") || tool.InputSchema == nil || tool.OutputSchema == nil || tool.Annotations == nil {
			t.Errorf("%s lacks an example, a schema or annotations", tool.Name)
		}
		writes := tool.Name == "decide" || tool.Name == "reply_to_session"
		if tool.Annotations.ReadOnlyHint == writes {
			t.Errorf("%s says that it reads only: %t", tool.Name, tool.Annotations.ReadOnlyHint)
		}
		for _, example := range strings.Split(tool.Description, "Example: ")[1:] {
			var arguments map[string]any
			if err := json.NewDecoder(strings.NewReader(example)).Decode(&arguments); err != nil {
				t.Errorf("%s: %v: %s", tool.Name, err, example)
				continue
			}
			var answer map[string]any
			if said := call(t, viewer, tool.Name, arguments, &answer); strings.Contains(said, "nvalid") || strings.Contains(said, "nknown") {
				t.Errorf("%s does not take its example %s: %s", tool.Name, example, said)
			}
		}
	}
}

// TestToolsRefuseInWords: what a tool cannot do it says in a sentence, and a
// viewer can change nothing.
func TestToolsRefuseInWords(t *testing.T) {
	g := newGated(t, nil)
	viewer, operator := g.agent("viewer"), g.agent("operator")
	for _, tc := range []struct {
		tool      string
		arguments map[string]any
		says      string
	}{
		{"decide", map[string]any{"action": "comment", "comment": "x", "q": "is:open", "expect": 4}, "needs the role operator, and viewer has the role viewer"},
		{"reply_to_session", map[string]any{"id": tried, "message": "x", "confirm": true}, "needs the role operator"},
		{"search_issues", map[string]any{"q": 5}, "Invalid arguments: q"},
		{"search_issues", map[string]any{"query": "x"}, `Invalid arguments: unexpected additional properties ["query"]`},
		{"search_issues", map[string]any{"q": "severity:dreadful"}, "Invalid severity"},
		{"search_issues", map[string]any{"sort": "beauty"}, "want one of age"},
		{"search_issues", map[string]any{"as_of": "yesterday"}, "Invalid as_of"},
		{"get_issue", map[string]any{"id": "none"}, "not found"},
		{"get_session", map[string]any{"id": "none"}, "not found"},
		{"effectiveness", map[string]any{"period": "soon"}, "7d, 30d, 90d"},
		{"explain_figure", map[string]any{"answer": "stats", "figure": "beauty"}, "It has: accepted, "},
		{"explain_figure", map[string]any{"answer": "beauty", "figure": "open"}, `Invalid arguments: answer`},
		{"decide", map[string]any{"action": "beauty", "expect": 1}, `Invalid arguments: action`},
		{"query_words", map[string]any{"list": "beauty"}, "want one of"},
		{"query_words", map[string]any{"list": "issues", "qualifier": "beauty"}, "Unknown qualifier"},
	} {
		if said := call(t, viewer, tc.tool, tc.arguments, nil); !strings.Contains(said, tc.says) {
			t.Errorf("%s %v: %q, want %q", tc.tool, tc.arguments, said, tc.says)
		}
	}
	for _, arguments := range []map[string]any{
		{"action": "comment", "comment": "x", "q": "is:open", "expect": 3},
		{"action": "comment", "comment": "x", "issues": []string{"a", "b"}, "expect": 1},
	} {
		if said := call(t, operator, "decide", arguments, nil); !strings.Contains(said, "Nothing was decided.") {
			t.Errorf("%v: %q", arguments, said)
		}
	}
	if _, body := g.rpc("tools/call", map[string]any{"name": "beauty", "arguments": map[string]any{}}, g.bearer("viewer")...); !strings.Contains(body, `unknown tool`) {
		t.Error(body)
	}
}

// TestToolsThatChangeAreAudited: what a tool changes is done once, as who called
// it, and noted; what a tool reads is not.
func TestToolsThatChangeAreAudited(t *testing.T) {
	g := newGated(t, nil)
	operator := g.agent("operator")
	g.Devin.Put(devintest.Session{ID: tried, Status: "running", Detail: "waiting_for_user",
		Messages: []telemetry.Message{{ID: "m2", From: "devin", Text: "Which branch?"}}})
	if res, body := g.Do(http.MethodPost, "/api/poll", "", g.bearer("operator")...); res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, body)
	}
	var made struct {
		ID, Issues int64
		By         string
	}
	decide := map[string]any{"action": "dismiss", "reason": "used_in_tests", "comment": "It is a fixture.", "q": "path:web/", "expect": 1, "idempotency_key": "k"}
	for range 2 {
		if said := call(t, operator, "decide", decide, &made); said != "" || made.Issues != 1 || made.By != "operator" {
			t.Fatal(said, made)
		}
	}
	var issues struct{ Total int }
	if said := call(t, operator, "search_issues", map[string]any{"q": "is:dismissed reason:used_in_tests"}, &issues); said != "" || issues.Total != 1 {
		t.Error(said, issues)
	}
	var replied struct {
		Sent     bool
		Messages []struct{ Message string }
	}
	reply := map[string]any{"id": "devin-" + tried, "message": "main"}
	if said := call(t, operator, "reply_to_session", reply, &replied); said != "" || replied.Sent || replied.Messages[0].Message != "Which branch?" {
		t.Error(said, replied)
	}
	reply["confirm"] = true
	if said := call(t, operator, "reply_to_session", reply, &replied); said != "" || !replied.Sent {
		t.Error(said, replied)
	}
	if s, _ := g.Devin.Session(tried); s.Messages[len(s.Messages)-1].Text != "main" || len(s.Messages) != 2 {
		t.Errorf("Devin has %v", s.Messages)
	}
	_, body := g.Get("/api/audit?q=by:operator", g.bearer("admin")...)
	var audit struct{ Items []telemetry.AuditEntry }
	if err := json.Unmarshal([]byte(body), &audit); err != nil {
		t.Fatal(err, body)
	}
	var noted []string
	for _, e := range audit.Items {
		noted = append(noted, e.Action+" "+string(e.Way))
	}
	if got := strings.Join(noted, ", "); got != "reply token, decide token, decide token, poll token" {
		t.Errorf("the audit log has %s", got)
	}
}

// TestExplainedFiguresHaveTheirRows: a figure that a tool explains is the one of
// the API, with its rule in words and as many rows as it counts; links are
// those that people use.
func TestExplainedFiguresHaveTheirRows(t *testing.T) {
	g := newGated(t, program.Settings{"PUBLIC_URL": "https://dash.example/board"})
	viewer := g.agent("viewer")
	for _, tc := range []struct {
		answer, figure string
		value, total   float64
		rule, page     string
	}{
		{"stats", "overdue", 3, 3, "due date has passed", "https://dash.example/board/issues?q=is%3Aoverdue"},
		{"stats", "open", 4, 4, "without the dismissed", "https://dash.example/board/issues?q=is%3Aopen"},
		{"stats", "total_issues", 7, 2, "Sum over runs", "https://dash.example/board/runs"},
		{"effectiveness", "issues", 1, 1, "What Devin said", "https://dash.example/board/issues?"},
		{"owners", "items/0/overdue", 2, 2, "due date has passed", "https://dash.example/board/issues?"},
	} {
		var got struct {
			Value, Total float64
			Rule         string
			Rows         []map[string]any
			PageURL      string `json:"page_url"`
		}
		said := call(t, viewer, "explain_figure", map[string]any{"answer": tc.answer, "figure": tc.figure, "period": "90d"}, &got)
		if said != "" || got.Value != tc.value || got.Total != tc.total || len(got.Rows) != int(tc.total) ||
			!strings.Contains(got.Rule, tc.rule) || !strings.HasPrefix(got.PageURL, tc.page) {
			t.Errorf("%s %s: %s %+v", tc.answer, tc.figure, said, got)
		}
	}
}
