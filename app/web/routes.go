package web

import (
	"cmp"
	"slices"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web/notifications"
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Routes is the whole surface of the pages.
func (w *Web) Routes() []server.Route {
	events := server.Route{Method: fiber.MethodGet, Path: links.Events, Needs: telemetry.RoleViewer, Stream: w.Events}
	return slices.Concat(w.pageRoutes(), w.signInRoutes(), w.actionRoutes(), w.notifyRoutes(), w.panelRoutes(), []server.Route{events})
}

// pageRoutes are the pages. A page has no ETag: it also shows how fresh its
// data is, and the jobs of the browser that asks.
func (w *Web) pageRoutes() []server.Route {
	page := func(path string, h fiber.Handler) server.Route {
		if !shell.HasPast(path) {
			h = w.OnlyNow(h)
		}
		return server.Route{Method: fiber.MethodGet, Path: path, Needs: telemetry.RoleViewer, Handle: h}
	}
	// If one of them is opened with that panel expanded, an upstream is asked.
	expanded := func(path, panel string, h fiber.Handler) server.Route {
		r := page(path, h)
		r.UpstreamIn = []string{panel}
		return r
	}
	admins := func(r server.Route) server.Route {
		r.Needs = telemetry.RoleAdmin
		return r
	}
	operators := func(r server.Route) server.Route {
		r.Needs = telemetry.RoleOperator
		return r
	}
	o, l, d, a := w.overview, w.lists, w.details, w.actions
	routes := []server.Route{
		page("/", o.Page),
		page("/needs-you", l.NeedsPage),
		page("/issues", l.ListPage(l.Issues())),
		page("/issues/:id", d.DetailPage(d.Issue(), d.LoadIssue, []string{"id"}, d.DecisionForm())),
		operators(page(links.Decide, l.DecidePage)),
		page("/changes", l.ChangesPage),
		page("/campaigns", d.CampaignsPage),
		operators(page(links.NewCampaign, d.NewCampaignPage)),
		page("/campaigns/:id", d.DetailPage(d.Campaign(), d.LoadCampaign, []string{"id"}, d.CampaignNeeds(), d.CampaignForm())),
		page("/report", o.ReportPage),
		page("/effectiveness", o.EffectivenessPage),
		page("/owners", o.OwnersPage),
		page("/sessions", l.ListPage(l.Sessions())),
		expanded("/sessions/:id", d.Messages().Name,
			d.DetailPage(d.Session(), d.LoadSession, []string{"id"}, d.Messages(), d.ReplyForm())),
		page("/pulls", l.ListPage(l.Pulls())),
		expanded("/pulls/:owner/:name/:number", d.Checks().Name,
			d.DetailPage(d.Pull(), d.LoadPull, []string{"owner", "name", "number"}, d.Checks())),
		page("/verifications", l.ListPage(l.Verifications())),
		page("/runs", l.ListPage(l.Runs(), l.Files())),
		page("/runs/:file", d.DetailPage(d.Run(), d.LoadRun, []string{"file"})),
		page("/repos", l.ListPage(l.Repos())),
		page("/repo/:owner/:name", l.RepoPage(l.Issues(), o.Tiles(), o.Trend(), o.DueDates())),
		expanded("/repo/:owner/:name/dispatch", a.Preflight().Name, a.DispatchPage),
		page("/activity", l.ListPage(l.Activity())),
		page("/deliveries", l.ListPage(l.Deliveries())),
		page(links.Notifications, l.ListPage(l.Notifications(), w.notify.Rules())),
		admins(page(links.NotifyRule, w.notify.RulePage)),
		page(links.Share, w.people.SharePage),
		admins(page(links.Tokens, w.people.TokensPage)),
		admins(page(links.Audit, l.ListPage(l.Audit()))),
		page(links.Decisions, l.ListPage(l.Decisions())),
		operators(page(links.Send, l.SendPage)),
		page(links.Batches, l.BatchesPage),
		page("/search", l.SearchPage),
		page("/docs/api", w.docs.Page),
	}
	for _, tab := range l.Tabs() {
		routes = append(routes, page("/repo/:owner/:name"+tab.Tab, l.RepoPage(tab, o.Tiles(), o.Trend())))
	}
	return routes
}

// signInRoutes are open to strangers. Each may cost an upstream or be a guess:
// how often one address may ask them is bounded.
func (w *Web) signInRoutes() []server.Route {
	open := func(method, path, action string, h fiber.Handler, params ...string) server.Route {
		return server.Route{Method: method, Path: path, Needs: telemetry.RoleAnyone, Action: action, Handle: h, Upstream: true, Params: params}
	}
	p := w.people
	return []server.Route{
		{Method: fiber.MethodGet, Path: links.SignIn, Needs: telemetry.RoleAnyone, Handle: p.Page},
		{Method: fiber.MethodGet, Path: links.Icon, Needs: telemetry.RoleAnyone, Handle: w.Icon, Params: []string{"n"}},
		open(fiber.MethodPost, links.SignInToken, "sign-in", p.WithToken, "token", "redirect"),
		open(fiber.MethodGet, links.SignInGitHub, "", p.Begin),
		open(fiber.MethodGet, links.SignInCallback, "sign-in", p.End),
	}
}

func (w *Web) actionRoutes() []server.Route {
	const viewer, operator, admin = telemetry.RoleViewer, telemetry.RoleOperator, telemetry.RoleAdmin
	action := func(path string, needs telemetry.Role, does string, h fiber.Handler, params ...string) server.Route {
		return server.Route{Method: fiber.MethodPost, Path: path, Needs: needs, Action: does, Handle: h, Params: params}
	}
	upstream := func(path string, needs telemetry.Role, does string, h fiber.Handler, params ...string) server.Route { // asks GitHub or Devin
		r := action(path, needs, does, h, params...)
		r.Upstream = true
		return r
	}
	l, d, a, p := w.lists, w.details, w.actions, w.people
	return []server.Route{
		action(links.ActionSignOut, viewer, "sign-out", p.SignOut(false)),
		action(links.ActionSignOutAll, viewer, "sign-out-everywhere", p.SignOut(true)),
		action(links.ActionShare, viewer, "share", p.Share, "address", "days"),
		action(links.ActionNewToken, admin, "create-token", p.Create, "name", "role", "days"),
		action(links.ActionRevokeToken, admin, "revoke-token", p.Revoke, "id"),
		upstream(links.ActionRefresh, operator, ingest.JobRefresh, a.Action(ingest.JobRefresh), "replaces"),
		upstream(links.ActionPoll, operator, ingest.JobPoll, a.Action(ingest.JobPoll), "replaces"),
		upstream(links.ActionPollPRs, operator, ingest.JobPollPRs, a.Action(ingest.JobPollPRs), "replaces"),
		upstream(links.ActionBackfill, admin, ingest.JobBackfill, a.Action(ingest.JobBackfill), "replaces", "dry_run", "undo"),
		upstream(links.ActionDispatch, operator, "dispatch", a.Dispatch, append(telemetry.DispatchInputs(), "repo", "token", "force")...),
		upstream(links.ActionLog, operator, "fetch-log", a.AskLog, "issue"),
		upstream(links.ActionReply, operator, "reply", d.Reply, "session", "token", "message"),
		action(links.ActionDecide, operator, "decide", d.Decide, "issue", "action", "reason", "comment", "until", "assignee", "token"),
		{Method: fiber.MethodPost, Path: links.ActionDecideMany, Needs: operator, Action: "decide", Handle: l.DecideMany,
			Body: telemetry.DecisionBodyMost, Params: []string{"issue", "issues", "all", "q", "expect", "action", "reason", "comment",
				"until", "assignee", "token"}},
		{Method: fiber.MethodPost, Path: links.ActionSend, Needs: operator, Action: "send", Handle: l.Send, Waits: true,
			Body: telemetry.DecisionBodyMost,
			Params: []string{"issues", "retry", "not_started", "anyway", "known", "size", "max_acus", "sessions", "note", "playbook_id", "dry_run",
				"campaign", "token"}},
		action(links.ActionSnooze, operator, "snooze", l.Snooze, "row", "for"),
		action(links.ActionUndoDecision, operator, "undo-decision", d.UndoDecision, "id", "issue"),
		action(links.ActionAcceptScope, admin, "accept-scope", d.AcceptScope, "source", "file", "undo"),
		action(links.ActionAcceptListing, admin, "accept-listing", a.AcceptListing, "source", "kept"),
		action(links.ActionRetryDelivery, operator, "retry-delivery", l.RetryDelivery, "id"),
		action(links.ActionDismiss, viewer, "", a.Dismiss, "id"),
		action(links.ActionBegin, operator, "begin-campaign", d.BeginCampaign, "q", "expect", "name", "owner", "due", "max_sessions", "max_acus"),
		action(links.ActionEditCampaign, operator, "edit-campaign", d.EditCampaign,
			"id", "version", "name", "owner", "due", "was", "max_sessions", "max_acus"),
		action(links.ActionCloseCampaign, operator, "close-campaign", d.CloseCampaign, "id", "version", "was"),
		action(links.ActionAutoSend, operator, "edit-campaign", d.AutoSend, "id", "version", "was", "per_day", "floor"),
		action(links.ActionStopSends, operator, "stop-auto-send", d.StopSends(true)),
		action(links.ActionResumeSends, operator, "resume-auto-send", d.StopSends(false)),
		action(links.ActionSaveView, operator, "save-view", l.SaveView, "name", "list", "query", "replace"),
		action(links.ActionRenameView, operator, "rename-view", l.RenameView, "id", "name"),
		action(links.ActionDeleteView, operator, "delete-view", l.DeleteView, "id"),
		{Method: fiber.MethodPost, Path: links.ActionCancel, Needs: operator, Action: "cancel-job",
			Handle: a.Cancel, Waits: true, Params: []string{"id"}},
	}
}

// notifyRoutes are the actions on rules of notifications, and on messages.
func (w *Web) notifyRoutes() []server.Route {
	n := w.notify
	action := func(path string, needs telemetry.Role, does string, h fiber.Handler, params ...string) server.Route {
		return server.Route{Method: fiber.MethodPost, Path: path, Needs: needs, Action: does, Handle: h, Params: params}
	}
	fields := notifications.FormFields()
	return []server.Route{
		action(links.ActionSaveRule, telemetry.RoleAdmin, "save-rule", n.Save, fields...),
		action(links.ActionPreviewRule, telemetry.RoleAdmin, "preview-rule", n.Preview, fields...),
		action(links.ActionSwitchRule, telemetry.RoleAdmin, "switch-rule", n.Switch, "id", "on"),
		action(links.ActionDeleteRule, telemetry.RoleAdmin, "delete-rule", n.Delete, "id"),
		action(links.ActionTestRule, telemetry.RoleAdmin, "test-rule", n.Test, "id"),
		action(links.ActionRetryNotification, telemetry.RoleOperator, "retry-notification", n.Retry, "id"),
	}
}

func (w *Web) panelRoutes() []server.Route {
	first := w.overview.First()
	routes := []server.Route{{Method: fiber.MethodGet, Path: "/panels/" + first.Name, Needs: telemetry.RoleViewer,
		Handle: w.overview.FirstPanel, Topics: first.Topics}}
	for _, p := range w.panels() {
		r := server.Route{
			Method:  fiber.MethodGet,
			Path:    "/panels/" + p.Name,
			Needs:   cmp.Or(p.Needs, telemetry.RoleViewer),
			Handle:  w.Fragment(p),
			Topics:  p.Topics,
			Clock:   p.Clock || p.List != nil,
			ClockIn: []string{"q"},
		}
		if p.Lazy {
			r.Topics, r.Upstream = nil, true
		}
		routes = append(routes, r)
	}
	return routes
}

func (w *Web) panels() []shell.Panel {
	o, l, d, a := w.overview, w.lists, w.details, w.actions
	return []shell.Panel{
		w.Freshness(), w.JobCards(), w.Saved(),
		o.Needs(), o.Tiles(), o.Trend(), o.Rates(), o.Spans(), o.Outcomes(), o.Verdicts(), o.Worst(), o.Effectiveness(), o.DueDates(), o.Owners(),
		o.Campaigns(),
		o.DevinNow(), o.OpenNow(), o.Queue(), o.TopRepos(), o.RecentRuns(),
		l.Issues(), l.Sessions(), l.Pulls(), l.Runs(), l.Files(), l.Repos(), l.Changes(), l.Activity(), l.Needs(), l.Verifications(),
		l.Deliveries(), l.Audit(), l.Decide(), l.Decisions(), l.SendDialog(), l.Batches(),
		d.Issue(), d.Session(), d.Messages(), d.ReplyDialog(), d.Pull(), d.Checks(), d.Run(), d.Campaigns(), d.Campaign(), d.CampaignNeeds(),
		a.DispatchDialog(), a.Preflight(), w.people.Tokens(), l.Notifications(), w.notify.Rules(),
	}
}
