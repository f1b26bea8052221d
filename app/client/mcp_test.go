package client

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// passed is what "app mcp" answers to lines.
func passed(t *testing.T, p *played, lines string) (out, told string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if err := MCP(t.Context(), Env{URL: p.url, Token: "tdash_x", In: strings.NewReader(lines), Out: &stdout, Err: &stderr}, nil); err != nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String()
}

// TestMCPPassesMessages: a message becomes a request and its answer a line; a
// notification has none. The version that the first answer names goes with the
// later ones.
func TestMCPPassesMessages(t *testing.T) {
	var versions, bodies []string
	p := play(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, string(body))
		versions = append(versions, r.Header.Get("Mcp-Protocol-Version")+r.Header.Get("Mcp-Method"))
		switch {
		case strings.Contains(string(body), "notifications/"):
			w.WriteHeader(http.StatusAccepted)
		case strings.Contains(string(body), "_meta"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n\n") // the client may be gone
		default:
			_, _ = io.WriteString(w, "{\"jsonrpc\":\"2.0\",\n\"id\":1,\"result\":{\"protocolVersion\":\"2025-06-18\"}}") // the client may be gone
		}
	})
	out, told := passed(t, p, `{"jsonrpc":"2.0","id":1,"method":"initialize"}
{"jsonrpc":"2.0","method":"notifications/initialized"}

{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}
`)
	want := `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}` + "\n" + `{"jsonrpc":"2.0","id":3,"result":{}}` + "\n"
	if out != want || told != "" {
		t.Errorf("%q %q, want %q", out, told, want)
	}
	if got := strings.Join(versions, " "); got != " 2025-06-18 2026-07-28tools/list" {
		t.Errorf("versions %q", got)
	}
	if len(p.asked) != 3 || p.asked[0] != "POST /mcp Bearer tdash_x" || !strings.HasPrefix(bodies[0], `{"jsonrpc"`) {
		t.Error(p.asked, bodies)
	}
}

// TestMCPFailsInWords: what cannot be passed on is an error of the protocol for
// the agent, and a sentence on stderr.
func TestMCPFailsInWords(t *testing.T) {
	ask := `{"jsonrpc":"2.0","id":"a","method":"tools/list"}` + "\n"
	for name, tc := range map[string]struct {
		status      int
		body, lines string
		out, told   string
	}{
		"refused":        {401, `{"error":"Sign in first."}`, ask, `"id":"a"`, "Sign in first. Make a token"},
		"no dashboard":   {404, `nothing`, ask, `"code":-32000`, "not as a dashboard does"},
		"no message":     {200, ``, "hello\n", `"code":-32700`, "not one JSON-RPC message"},
		"a notification": {500, `{"error":"Broken."}`, `{"jsonrpc":"2.0","method":"notifications/x"}`, "", "Broken."},
		"its own error":  {400, `{"jsonrpc":"2.0","id":"a","error":{"code":-32602,"message":"no"}}`, ask, `"code":-32602`, ""},
	} {
		p := play(t, says(tc.status, tc.body))
		out, told := passed(t, p, tc.lines)
		if !strings.Contains(out, tc.out) || tc.out == "" && out != "" || !strings.Contains(told, tc.told) || tc.told == "" && told != "" {
			t.Errorf("%s: %q %q", name, out, told)
		}
	}
	p := &played{url: "http://127.0.0.1:1"}
	if out, told := passed(t, p, ask); !strings.Contains(out, "cannot reach the dashboard") || !strings.Contains(told, "DASHBOARD_URL") {
		t.Error(out, told)
	}
	var none bytes.Buffer
	err := MCP(t.Context(), Env{URL: "http://127.0.0.1:1", In: strings.NewReader(strings.Repeat("x", messageMost+1)), Out: &none, Err: &none}, nil)
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
}
