package http

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"telemetry-dashboard/app/e2e/program"
)

// command is the built program's command line against g, with a role's token.
func (g *gated) command(role string, args ...string) *exec.Cmd {
	g.T.Helper()
	c := program.Command(g.T, program.Settings{"DASHBOARD_URL": g.URL, "DASHBOARD_TOKEN": g.tokens[role]})
	c.Args = append(c.Args, args...)
	return c
}

// run returns what a command wrote and its exit status.
func (g *gated) run(c *exec.Cmd) (out, told string, exit int) {
	g.T.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil && c.ProcessState == nil {
		g.T.Fatal(err)
	}
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}

// TestCommandLine: app get shows what the API answers to the person whose token
// it has, and what went wrong in a sentence.
func TestCommandLine(t *testing.T) {
	g := newGated(t, nil)
	viewer := g.bearer("viewer")
	overdue := []string{"get", "issues", "-q", "is:overdue owner:@payments"}
	out, told, exit := g.run(g.command("viewer", overdue...))
	if exit != 0 || told != "" || strings.Count(out, "\n") != 3 || !strings.Contains(out, "pay/card.ts") || !strings.Contains(out, "@octo/payments") {
		t.Errorf("%d %q\n%s", exit, told, out)
	}
	for form, address := range map[string]string{"json": "/api/issues.json", "csv": "/api/issues.csv"} {
		out, _, exit := g.run(g.command("viewer", append(overdue, "-o", form)...))
		if _, want := g.Get(address+"?q=is:overdue+owner:@payments", viewer...); exit != 0 || out != want {
			t.Errorf("%s: %d %s, want %s", form, exit, out, want)
		}
	}
	out, _, _ = g.run(g.command("viewer", append(overdue, "-o", "csv")...))
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 3 {
		t.Error(err, rows)
	}
	inFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(inFile, []byte(g.tokens["viewer"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	of := program.Command(t, program.Settings{"DASHBOARD_URL": g.URL, "DASHBOARD_TOKEN_FILE": inFile})
	of.Args = append(of.Args, overdue...)
	if out, told, exit := g.run(of); exit != 0 || !strings.Contains(out, "pay/card.ts") {
		t.Errorf("with the token in a file: %d %q\n%s", exit, told, out)
	}
	id := g.firstID()
	if out, _, exit = g.run(g.command("viewer", "get", "issues", id, "-o", "json")); exit != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, id) {
		t.Error(exit, out)
	}
	for _, tc := range []struct {
		role string
		args []string
		exit int
		told string
	}{
		{"viewer", []string{"get", "audit"}, 1, "needs the role admin"},
		{"viewer", []string{"get", "issues", "-q", "severity:dreadful"}, 1, "Invalid severity"},
		{"viewer", []string{"get", "issues", "none"}, 1, "not found"},
		{"expired", []string{"get", "issues"}, 1, "app token create --role viewer NAME"},
		{"", []string{"get", "issues"}, 1, "Sign in first."},
		{"viewer", []string{"get", "beauty"}, 2, "Unknown list"},
		{"viewer", []string{"get", "issues", "--token", "x"}, 2, "usage: app"},
		{"viewer", []string{"get", "issues", "--url", "http://127.0.0.1:1"}, 1, "cannot reach the dashboard at http://127.0.0.1:1"},
		{"viewer", []string{"mcp", "x"}, 2, "mcp takes none"},
		{"viewer", []string{"completion", "x"}, 2, "want bash, zsh or fish"},
	} {
		out, told, exit := g.run(g.command(tc.role, tc.args...))
		if exit != tc.exit || !strings.Contains(told, tc.told) || out != "" || strings.Contains(told, g.tokens["viewer"]) {
			t.Errorf("%s %q: %d %q %q, want %d %s", tc.role, tc.args, exit, out, told, tc.exit, tc.told)
		}
	}
	if out, _, _ := g.run(g.command("viewer", "completion", "words", "zsh", "app get issues -q owner:@octo/p")); out != "owner:@octo/payments\n" {
		t.Error(out)
	}
}

// firstID is the id of an issue.
func (g *gated) firstID() string {
	g.T.Helper()
	_, body := g.Get("/api/issues?per_page=1", g.bearer("viewer")...)
	var list struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Items) == 0 {
		g.T.Fatal(err, body)
	}
	return list.Items[0].ID
}

// TestEveryListOfTheCommandLine: each list has the columns that its table names,
// where it has rows.
func TestEveryListOfTheCommandLine(t *testing.T) {
	g := newGated(t, nil)
	if res, body := g.Do(http.MethodPost, "/api/decisions", `{"action":"comment","comment":"x","issues":["`+g.firstID()+`"]}`,
		append(g.bearer("operator"), "Content-Type", "application/json")...); res.StatusCode != http.StatusCreated {
		t.Fatal(body)
	}
	for list, row := range map[string]string{
		"issues": "js/xss", "sessions": "devin-" + tried, "prs": "forks/shop", "runs": "a.json", "repos": "octo/shop", "changes": "opened",
		"needs": "octo/shop", "decisions": "comment", "files": "b.json", "jobs": "refresh", "audit": "operator", "owners": "@octo/web",
		"sources": "runs", "verifications": "OUTCOME", "deliveries": "EVENT", "campaigns": "PERCENT_DONE", "batches": "SESSION_ID", "views": "QUERY",
	} {
		out, told, exit := g.run(g.command("admin", "get", list))
		if exit != 0 || !strings.Contains(out, row) {
			t.Errorf("%s: %d %s %s", list, exit, told, out)
		}
	}
}

// TestMCPOverStdio: app mcp gives an agent the tools of the dashboard, with the
// rights of its token.
func TestMCPOverStdio(t *testing.T) {
	g := newGated(t, nil)
	agent, err := sdk.NewClient(&sdk.Implementation{Name: "an agent", Version: "1"}, nil).
		Connect(t.Context(), &sdk.CommandTransport{Command: g.command("viewer", "mcp")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	if got := whatIsOverdue(t, agent, "payments"); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	decide := map[string]any{"action": "comment", "comment": "x", "q": "is:open", "expect": 4}
	if said := call(t, agent, "decide", decide, nil); !strings.Contains(said, "needs the role operator") {
		t.Error(said)
	}
}
