package main

import (
	"go/ast"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/hooks"
	"telemetry-dashboard/app/mcp"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

// linkCases are the addresses that views/links makes, each by the name of what
// makes it: the method by which it is asked and the route that it leads to.
func linkCases() map[string]struct{ address, method, route string } {
	const repo, get, post = "octo/100%?#", http.MethodGet, http.MethodPost
	type link = struct{ address, method, route string }
	all := map[string]link{
		"Issue":          {links.Issue("a/%?#"), get, "/issues/:id"},
		"Session":        {links.Session("a/%?#"), get, "/sessions/:id"},
		"Campaign":       {links.Campaign(7), get, "/campaigns/:id"},
		"SendNext":       {links.SendNext(7), get, links.Send},
		"APICampaign":    {links.APICampaign(7), http.MethodPatch, "/api/campaigns/:id"},
		"Run":            {links.Run("a/%?#.json"), get, "/runs/:file"},
		"Pull":           {links.Pull(repo, 1), get, "/pulls/:owner/:name/:number"},
		"Repo":           {links.Repo(repo), get, "/repo/:owner/:name"},
		"In":             {links.In(repo, links.Issues), get, "/repo/:owner/:name/issues"},
		"Dispatch":       {links.In(repo, links.Dispatch), get, "/repo/:owner/:name/dispatch"},
		"Of":             {links.Of(links.Pulls, repo+"/1"), get, "/pulls/:owner/:name/:number"},
		"Panel":          {links.Panel("issues", "scope", repo), get, "/panels/issues"},
		"List":           {links.List("pulls"), get, "/pulls"},
		"View":           {links.View("issues", "q=is%3Aopen"), get, "/issues"},
		"Matching":       {links.Matching(links.Runs, "a/%?#"), get, "/runs"},
		"With":           {links.With(links.Changes, "repo", repo), get, "/changes"},
		"APIDispatch":    {links.APIDispatch, post, "/api/dispatch"},
		"APIBatches":     {links.APIBatches, post, "/api/batches"},
		"APIDescription": {links.APIDescription, get, "/api/openapi.yaml"},
		"GitHubWebhook":  {links.GitHubWebhook, post, links.GitHubWebhook},
		"MCP":            {links.MCP, post, links.MCP},
		"APIList":        {links.APIList("pulls"), get, "/api/prs"},
		"APIExport":      {links.APIExport("pulls", "csv"), get, "/api/prs.csv"},
		"APIIssue":       {links.APIIssue("a/%?#"), get, "/api/issues/:id"},
		"APISession":     {links.APISession("a/%?#"), get, "/api/sessions/:id"},
		"APIMessages":    {links.APIMessages("a/%?#"), post, "/api/sessions/:id/messages"},
		"APIPull":        {links.APIPull(repo, 1), get, "/api/prs/:owner/:name/:number"},
		"APIRun":         {links.APIRun("a/%?#.json"), get, "/api/runs/:file"},
		"APIRunOf":       {links.APIRunOf("a", "a/%?#.json"), get, "/api/runs/:file"},
		"APIRaw":         {links.APIRaw("a", "a/%?#.json"), get, "/api/runs/:file/raw"},
		"APIRepo":        {links.APIRepo(repo), get, "/api/repo/:owner/:name"},
		"APIJob":         {links.APIJob("a/%?#"), get, "/api/jobs/:id"},
		"APIView":        {links.APIView("a/%?#"), http.MethodPatch, "/api/views/:id"},
	}
	for name, one := range map[string]link{
		"Feed":       {links.Feed("needs-attention"), get, "/needs-you.atom"},
		"Badge":      {links.Badge(repo), get, "/badge/:owner/:name"},
		"OwnerBadge": {links.OwnerBadge("@octo/100%?#"), get, "/badge/owner/*"},
		"BadgePage":  {links.BadgePage(links.Badge(repo)), get, "/repo/:owner/:name"},
		"Sharing":    {links.Sharing(links.Badge(repo)), get, links.Share},
		"Calendar":   {links.Calendar, get, links.Calendar},
	} {
		all[name] = one
	}
	for name, page := range map[string]string{
		"Overview": links.Overview, "NeedsYou": links.NeedsYou, "Issues": links.Issues, "Changes": links.Changes,
		"Report": links.Report, "Effectiveness": links.Effectiveness, "Owners": links.Owners, "Sessions": links.Sessions, "Pulls": links.Pulls, "Runs": links.Runs, "Repos": links.Repos,
		"Campaigns": links.Campaigns, "NewCampaign": links.NewCampaign,
		"Verified": links.Verified, "Deliveries": links.Deliveries, "Audit": links.Audit,
		"Decide": links.Decide, "Decisions": links.Decisions, "Send": links.Send, "Batches": links.Batches, "Tokens": links.Tokens, "Share": links.Share, "Notifications": links.Notifications, "NotifyRule": links.NotifyRule, "APINotifyRules": links.APINotifyRules, "Icon": links.Icon,
		"SignIn": links.SignIn, "SignInGitHub": links.SignInGitHub,
		"SignInCallback": links.SignInCallback, "Activity": links.Activity, "Search": links.Search, "APIDocs": links.APIDocs, "Events": links.Events,
	} {
		all[name] = link{page, get, page}
	}
	for name, action := range map[string]string{
		"ActionRefresh": links.ActionRefresh, "ActionPoll": links.ActionPoll, "ActionPollPRs": links.ActionPollPRs,
		"ActionBackfill": links.ActionBackfill, "ActionDispatch": links.ActionDispatch, "ActionReply": links.ActionReply,
		"ActionAcceptScope": links.ActionAcceptScope, "ActionAcceptListing": links.ActionAcceptListing,
		"ActionDismiss": links.ActionDismiss, "ActionCancel": links.ActionCancel, "ActionLog": links.ActionLog,
		"ActionDecide": links.ActionDecide, "ActionDecideMany": links.ActionDecideMany, "ActionSnooze": links.ActionSnooze, "ActionSend": links.ActionSend, "ActionUndoDecision": links.ActionUndoDecision,
		"ActionSignOut": links.ActionSignOut, "ActionSignOutAll": links.ActionSignOutAll, "ActionNewToken": links.ActionNewToken, "ActionShare": links.ActionShare,
		"ActionRevokeToken": links.ActionRevokeToken, "SignInToken": links.SignInToken,
		"ActionBegin": links.ActionBegin, "ActionEditCampaign": links.ActionEditCampaign, "ActionCloseCampaign": links.ActionCloseCampaign,
		"ActionAutoSend": links.ActionAutoSend, "ActionStopSends": links.ActionStopSends, "ActionResumeSends": links.ActionResumeSends,
		"ActionSaveView": links.ActionSaveView, "ActionRetryDelivery": links.ActionRetryDelivery,
		"ActionSaveRule": links.ActionSaveRule, "ActionPreviewRule": links.ActionPreviewRule, "ActionSwitchRule": links.ActionSwitchRule,
		"ActionDeleteRule": links.ActionDeleteRule, "ActionTestRule": links.ActionTestRule, "ActionRetryNotification": links.ActionRetryNotification,
		"ActionRenameView": links.ActionRenameView, "ActionDeleteView": links.ActionDeleteView,
	} {
		all[name] = link{action, post, action}
	}
	return all
}

// TestLinksLeadToRoutes: every address that views/links makes is one that the
// program answers.
func TestLinksLeadToRoutes(t *testing.T) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	route := func(method, path string) {
		app.Add(method, path, func(c *fiber.Ctx) error { return c.SendString(c.Route().Path) })
	}
	board := dashboard.New(reading(nil))
	for _, r := range (&api.API{Dashboard: board}).Routes() {
		route(r.Method, r.Path)
	}
	for _, r := range newSite(Config{}, demonstration{}, web.Options{Assets: static.New(), Dashboard: board}).Routes() {
		route(r.Method, r.Path)
	}
	for _, r := range feedRoutes(Config{}, board) {
		route(r.Method, r.Path)
	}
	for _, r := range mcp.New(mcp.Options{}).Routes() {
		route(r.Method, r.Path)
	}
	for _, r := range hooks.Routes(hooks.Options{Secret: "x"}) {
		route(r.Method, r.Path)
	}
	for name, link := range linkCases() {
		answer, err := app.Test(httptest.NewRequestWithContext(t.Context(), link.method, link.address, nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 200)
		n, _ := answer.Body.Read(got)
		_ = answer.Body.Close()
		if string(got[:n]) != link.route {
			t.Errorf("%s: %s %s leads to %q, want %q", name, link.method, link.address, got[:n], link.route)
		}
	}
}

// TestLinksAreAllTried: linkCases has each address of the program that
// views/links can make.
func TestLinksAreAllTried(t *testing.T) {
	// Prefixes, a parameter, what leads elsewhere, and what changes an address.
	others := []string{"Actions", "API", "Time", "Unescape", "CWE", "DevinWeb", "GitHubOf", "HasPast", "Now", "AsOf", "IsFeed", "IsBadge", "IsCalendar", "Steps"}
	cases := linkCases()
	for _, s := range sources(t) {
		if s.folder != "views/links" {
			continue
		}
		for path, file := range s.files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			for _, name := range exportedValues(file) {
				if _, tried := cases[name]; !tried && !slices.Contains(others, name) {
					t.Errorf("views/links has %s, and linkCases does not try it", name)
				}
			}
		}
	}
}

// exportedValues are the exported functions and constants of a file.
func exportedValues(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range v.Names {
						if name.IsExported() {
							names = append(names, name.Name)
						}
					}
				}
			}
		}
	}
	return names
}

// TestAddressesStandOnce: no address of the program is written out outside of
// views/links, the tables of routes, the guard before the router, and tests.
func TestAddressesStandOnce(t *testing.T) {
	written := regexp.MustCompile("[\"`]/(needs-you|issues|changes|report|sessions|pulls|runs|repos?|activity|search|docs|events|actions|panels|api)" +
		"[/?#\"`]")
	for _, top := range []string{"app/api", "app/web", "services/dashboard", "views"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(name string, e os.DirEntry, err error) error {
			ours := filepath.Ext(name) == ".templ" || filepath.Ext(name) == ".go"
			if err != nil || e.IsDir() || !ours || generated(name) || strings.HasSuffix(name, "_test.go") ||
				strings.HasSuffix(name, "routes.go") || strings.Contains(filepath.ToSlash(name), "views/links/") ||
				strings.Contains(name, "apitest") {
				return err
			}
			text, err := os.ReadFile(name)
			for n, line := range strings.Split(string(text), "\n") {
				code, _, _ := strings.Cut(line, "// ")
				if found := written.FindString(code); found != "" {
					t.Errorf("%s:%d writes an address out, %s; use views/links", name, n+1, found)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
