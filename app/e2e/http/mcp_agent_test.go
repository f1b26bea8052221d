package http

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// gated is a program on which people sign in, over played upstreams, with a
// token of each role.
type gated struct {
	*program.Played
	tokens map[string]string
}

// tried is the session that worked on the first issue of payments, and its
// pull request was closed without a merge.
const tried = "aaaabbbbccccddddeeeeffff00001111"

// newGated serves a shop whose payments team owns two issues that are overdue,
// one of them tried in vain, and one that is not due yet; another team owns a
// third that is overdue.
func newGated(t *testing.T, settings program.Settings) *gated {
	t.Helper()
	database := cmp.Or(settings["DATABASE_URL"], "sqlite:"+filepath.Join(t.TempDir(), "dashboard.db"))
	g := &gated{Played: program.NewPlayed(t, "cog_played", nil), tokens: tokens(t, database)}
	card := program.Finding(1, 1, "high", "injection", "js/sql-injection", "pay/card.ts", 10)
	refund := program.Finding(1, 2, "critical", "xss", "js/xss", "pay/refund.ts", 20)
	page := program.Finding(1, 3, "high", "xss", "js/xss", "web/page.ts", 30)
	young := program.Finding(2, 4, "low", "csrf", "js/csrf", "pay/form.ts", 40)
	session := map[string]any{"session_id": "devin-" + tried, "batch_id": 1, "status": "created", "issue_ids": []string{"CQLF-R1-0001"},
		"pr_url": "https://github.com/forks/shop/pull/7"}
	now := time.Now().UTC().Truncate(time.Second)
	g.Put(map[string]any{
		"a.json": program.Scan(1, now.AddDate(0, 0, -60), []map[string]any{card, refund, page}, session),
		"b.json": program.Scan(2, now.AddDate(0, 0, -1), []map[string]any{card, refund, page, young}),
	})
	g.GitHub.Repo("octo/shop").PutFile(".github/CODEOWNERS", []byte("* @octo/web\n/pay/ @octo/payments\n"))
	g.GitHub.Repo("forks/shop").PutPull(telemetry.PullRequest{Number: 7, Title: "fix(CQLF-R1-0001): bind the card", State: "closed", User: "devin",
		CreatedAt: now.AddDate(0, 0, -59), ClosedAt: now.AddDate(0, 0, -50)})
	g.Devin.Put(devintest.Session{ID: tried, Status: "exit", Title: "Fix sql-injection", Messages: []telemetry.Message{{ID: "m1", From: "devin", Text: "Done."}}})
	g.Program = program.Start(t, g.Settings(nil).With(program.Settings{
		"DATABASE_URL": database, "ACCESS_PROXY_HEADER": "X-Who", "ACCESS_PROXIES": "127.0.0.9",
	}).With(settings))
	admin := g.bearer("admin")
	g.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`, admin...)
	for _, job := range []string{"poll", "poll-prs"} {
		if res, body := g.Do(http.MethodPost, "/api/"+job, "", admin...); res.StatusCode != http.StatusOK {
			t.Fatal(job, res.StatusCode, body)
		}
	}
	return g
}

// bearer is the header of a role's token.
func (g *gated) bearer(role string) []string {
	return []string{"Authorization", "Bearer " + g.tokens[role]}
}

// carrying sends a token with each request.
type carrying struct {
	token string
	next  http.RoundTripper
}

func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+c.token)
	return c.next.RoundTrip(r)
}

// agent is a client of the SDK with a role's token.
func (g *gated) agent(role string) *sdk.ClientSession {
	g.T.Helper()
	transport := &sdk.StreamableClientTransport{Endpoint: g.URL + links.MCP,
		HTTPClient: &http.Client{Transport: carrying{g.tokens[role], http.DefaultTransport}}}
	session, err := sdk.NewClient(&sdk.Implementation{Name: "an agent", Version: "1"}, nil).Connect(g.T.Context(), transport, nil)
	if err != nil {
		g.T.Fatal(err)
	}
	g.T.Cleanup(func() { _ = session.Close() }) // nothing is left to tell it
	return session
}

// call calls a tool and reads its answer, or returns the sentence of its error.
func call(t *testing.T, agent *sdk.ClientSession, tool string, arguments map[string]any, into any) string {
	t.Helper()
	result, err := agent.CallTool(context.WithoutCancel(t.Context()), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatal(tool, err)
	}
	if result.IsError {
		return result.Content[0].(*sdk.TextContent).Text
	}
	body, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v: %s", tool, err, body)
	}
	return ""
}

// report is what the agent finds out of one issue.
type report struct {
	Rule, File string
	Owners     []string
	Tried      []string
}

// whatIsOverdue is the agent's script: it knows a team's name and the tools,
// and nothing of this dashboard.
func whatIsOverdue(t *testing.T, agent *sdk.ClientSession, team string) (found []report) {
	t.Helper()
	var words struct{ Items []struct{ Text string } }
	must := func(sentence string) {
		t.Helper()
		if sentence != "" {
			t.Fatal(sentence)
		}
	}
	must(call(t, agent, "query_words", map[string]any{"list": "issues", "qualifier": "owner"}, &words))
	var owners []string
	for _, w := range words.Items {
		if strings.HasSuffix(w.Text, "/"+team) {
			owners = append(owners, w.Text)
		}
	}
	var list struct {
		Items []struct{ ID string }
		Total int
	}
	must(call(t, agent, "search_issues", map[string]any{"q": "is:overdue owner:" + strings.Join(owners, ","), "sort": "due"}, &list))
	if list.Total != len(list.Items) {
		t.Fatalf("%d of %d issues are on the first page", len(list.Items), list.Total)
	}
	for _, i := range list.Items {
		var issue struct {
			Rule     string `json:"rule_id"`
			File     string
			Owners   []string
			Attempts []struct {
				Session string `json:"session_id"`
				Outcome string
			} `json:"attempt_list"`
		}
		must(call(t, agent, "get_issue", map[string]any{"id": i.ID}, &issue))
		r := report{Rule: issue.Rule, File: issue.File, Owners: issue.Owners}
		for _, a := range issue.Attempts {
			r.Tried = append(r.Tried, a.Session+": "+a.Outcome)
		}
		found = append(found, r)
	}
	return found
}

// TestAnAgentFindsWhatIsOverdue: from MCP alone an agent answers what is overdue
// in payments, what was tried, and who owns it.
func TestAnAgentFindsWhatIsOverdue(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			settings := program.Settings{}
			if database == "postgres" {
				settings["DATABASE_URL"] = storetest.PostgresAddress(t)
			}
			got := whatIsOverdue(t, newGated(t, settings).agent("viewer"), "payments")
			slices.SortFunc(got, func(a, b report) int { return strings.Compare(a.File, b.File) })
			if diff := gocmp.Diff([]report{
				{Rule: "js/sql-injection", File: "pay/card.ts", Owners: []string{"@octo/payments"}, Tried: []string{"devin-" + tried + ": pr_closed"}},
				{Rule: "js/xss", File: "pay/refund.ts", Owners: []string{"@octo/payments"}},
			}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
