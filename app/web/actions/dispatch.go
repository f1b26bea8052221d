package actions

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// DispatchDialog is what the dialog of a repository's page holds.
func (w *Web) DispatchDialog() shell.Panel {
	return shell.Panel{
		Name:  "dispatch",
		Title: "Start a run",
		Page:  links.Repos,
		Tab:   links.Dispatch,
		Lazy:  true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			if v.Scope == "" {
				return nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid scope: want a repository, for example scope=owner/name.")
			}
			pulls := v.Of(w.Preflight())
			pulls.Later = true
			list, err := w.drawPreflight(ctx, pulls)
			return panels.DispatchDialog(list, w.dispatchForm(ctx, v)), err
		},
	}
}

// Preflight lists the open pull requests of earlier runs.
func (w *Web) Preflight() shell.Panel {
	return shell.Panel{
		Name:  "preflight",
		Title: "Open pull requests of earlier runs",
		Page:  links.Repos,
		Tab:   links.Dispatch,
		Lazy:  true,
		Draw:  w.drawPreflight,
	}
}

func (w *Web) DispatchForm() shell.Panel {
	return shell.Panel{
		Name:  "dispatch-form",
		Title: "Start a run",
		Page:  links.Repos,
		Tab:   links.Dispatch,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			return panels.Dispatch(w.dispatchForm(ctx, v)), nil
		},
	}
}

func (w *Web) drawPreflight(ctx context.Context, v shell.View) (templ.Component, error) {
	p := panels.Preflight{Frame: v.Brief()}
	p.Note = "from GitHub"
	p.Show = links.With(p.At.Page, "preflight", "1")
	odds, err := w.Dashboard.Odds(ctx, v.Repo.Name)
	if err != nil {
		return nil, err
	}
	p.Odds, p.Faint = oddsText(odds, v.Repo.Name), odds.Issues < telemetry.OddsLeast
	if v.Later {
		return panels.PreflightList(p), nil
	}
	pulls, err := w.Dashboard.Preflight(ctx, v.Repo.Name)
	if err != nil {
		p.Fault = telemetry.Sentence(err)
	}
	for _, pull := range pulls {
		repo := telemetry.RepoName(pull.Repo)
		p.Pulls = append(p.Pulls, panels.PullRow{
			PullRow: telemetry.PullRow{Number: int64(pull.Number), Title: pull.Title, Repo: repo},
			Page:    w.Settings.GitHubWeb.Pull(repo, int64(pull.Number)),
			Waiting: pull.CreatedAt,
		})
	}
	return panels.PreflightList(p), nil
}

// oddsText says what came of earlier attempts in a repository.
func oddsText(o telemetry.Odds, repo telemetry.RepoName) []panels.Phrase {
	if o.Issues == 0 {
		return nil
	}
	list := func(page, query string) string { return links.Matching(links.In(repo, page), query) }
	rate := shell.PercentText(telemetry.PullCounts{Total: o.Issues, Merged: o.Gone}.FixRate())
	return []panels.Phrase{
		{Text: parts.Plural(o.Sessions, "earlier session", ""), URL: list(links.Sessions, "has:attempt")}, {Text: " took "},
		{Text: parts.Plural(o.Issues, "issue", ""), URL: list(links.Issues, "has:session "+dashboard.UndecidedTerm)},
		{Text: " of this repository; "},
		{Text: parts.Number(o.Gone), URL: list(links.Issues, "found:gone")}, {Text: " of them" + shell.Are(o.Gone) + "gone ("},
		{Text: rate, URL: list(links.Issues, "found:gone")}, {Text: ")."},
	}
}

// DispatchPage is the form as a page of its own.
func (w *Web) DispatchPage(c *fiber.Ctx) error {
	name := links.Unescape(c.Params("owner")) + "/" + links.Unescape(c.Params("name"))
	repo, err := w.Dashboard.RepoByName(c.UserContext(), name, time.Time{})
	if telemetry.CodeOf(err) == telemetry.CodeNotFound {
		return w.NoRepo(c, name, links.Dispatch, err)
	}
	if err != nil {
		return err
	}
	if shell.IsFormer(c, name, repo.Name) {
		return shell.Moved(c, links.In(repo.Name, links.Dispatch))
	}
	return w.showDispatch(c, fiber.StatusOK, shell.View{Scope: string(repo.Name), Repo: repo, Query: shell.QueryOf(c)})
}

func (w *Web) showDispatch(c *fiber.Ctx, status int, v shell.View) error {
	pulls := v
	pulls.Later = !v.Query.Has("preflight")
	breadcrumbs := []parts.Link{{Text: "Repositories", URL: links.Repos}, {Text: v.Scope, URL: links.Repo(v.Scope)}}
	body := pages.Body{
		Title:       "Start a run",
		Breadcrumbs: breadcrumbs,
		Rows: [][]templ.Component{
			{w.Preflight().Within(c.UserContext(), pulls)},
			{w.DispatchForm().Within(c.UserContext(), v)},
		},
	}
	return w.Show(c, shell.Screen{Title: "Start a run on " + v.Scope, Current: links.Repos, Status: status, Body: body})
}

func dispatchFields() map[string]panels.Field {
	yesNo := []string{"", "true", "false"}
	return map[string]panels.Field{
		"languages":          {Label: "Languages", Hint: "javascript, python; empty: detected by CodeQL"},
		"queries":            {Label: "Query suite", Hint: "security-extended"},
		"include_paths":      {Label: "Include paths", Hint: "src/, lib/"},
		"exclude_paths":      {Label: "Exclude paths", Hint: "test/, vendor/"},
		"batch_size":         {Label: "Issues per batch", Kind: "number"},
		"max_sessions":       {Label: "Maximum sessions", Kind: "number"},
		"severity_threshold": {Label: "Minimum severity", Options: append([]string{""}, telemetry.Severities()...)},
		"persist_logs":       {Label: "Keep logs", Options: yesNo},
		"dry_run":            {Label: "Dry run", Options: yesNo},
		"default_branch":     {Label: "Default branch", Hint: "main"},
	}
}

func (w *Web) dispatchForm(ctx context.Context, v shell.View) panels.DispatchForm {
	f := panels.DispatchForm{Repo: v.Scope, Token: w.newID(), Started: v.Query.Get("started") == "1"}
	action, page, err := w.dispatcher.ActionFor(ctx, telemetry.RepoName(v.Scope))
	f.Watch = page
	if err != nil {
		f.Off = telemetry.Sentence(err)
	} else {
		f.Note, f.Off = "The workflow of "+action+" runs. ", shell.Refusal(ctx, links.ActionDispatch)
	}
	if v.Repo.Fork != "" && v.Repo.Fork.Key() != v.Repo.Name.Key() {
		f.Note += "Fixes go to " + string(v.Repo.Fork) + ". "
	}
	f.Note += "Empty fields use the workflow’s defaults."
	wrong, fault := "", ""
	if v.Fault != nil {
		fault = telemetry.Sentence(v.Fault)
		f.Token = shell.TokenAfter(v, f.Token)
		f.Unknown = telemetry.CodeOf(v.Fault) == telemetry.CodeOutcomeUnknown
		if e, ok := errors.AsType[*telemetry.Error](v.Fault); ok {
			wrong = e.Field
		}
	}
	fields := dispatchFields()
	for _, name := range telemetry.DispatchInputs() {
		field := fields[name]
		field.Name, field.Value = name, v.Form.Get(name)
		if name == wrong {
			field.Fault = fault
		}
		f.Fields = append(f.Fields, field)
	}
	if wrong == "" {
		f.Fault = fault
	}
	if f.Reasons = v.Form["reason"]; len(f.Reasons) > 0 {
		f.Token = v.Form.Get("token") // nothing was sent with it
	}
	return f
}

// Dispatch starts a run of the action, once per token. An error is shown at
// its field. Where something speaks against the run, the form asks again with
// the reasons; what was typed stays, and force starts it.
func (w *Web) Dispatch(c *fiber.Ctx) error {
	repo, err := w.Dashboard.RepoByName(c.UserContext(), c.FormValue("repo"), time.Time{})
	if err != nil {
		return err
	}
	force, err := shell.Flag(c, "force")
	if err != nil {
		return err
	}
	v := shell.View{Scope: string(repo.Name), Repo: repo, Query: url.Values{}, Form: url.Values{"token": {c.FormValue("token")}}}
	for _, name := range telemetry.DispatchInputs() {
		v.Form.Set(name, c.FormValue(name))
	}
	var d telemetry.Dispatch
	if d, v.Fault = w.orderedRun(v); v.Fault == nil && !force {
		if v.Form["reason"], err = w.Dashboard.DispatchDoubts(c.UserContext(), repo.Name, w.Now()); err != nil {
			return err
		}
	}
	if v.Fault == nil && len(v.Form["reason"]) == 0 {
		_, v.Fault = w.dispatcher.Dispatch(c.UserContext(), v.Form.Get("token"), d)
	}
	return w.answerDispatch(c, v)
}

// answerDispatch shows the form again, or that the run was started.
func (w *Web) answerDispatch(c *fiber.Ctx, v shell.View) error {
	inPlace := c.Get("HX-Request") != ""
	status := fiber.StatusConflict // something speaks against the run
	if v.Fault != nil {
		status = shell.FaultStatus(v.Fault)
	}
	switch again := v.Fault != nil || len(v.Form["reason"]) > 0; {
	case again && inPlace:
		return shell.Render(c, status, panels.Dispatch(w.dispatchForm(c.UserContext(), v)))
	case again:
		return w.showDispatch(c, status, v)
	case !inPlace:
		return c.Redirect(links.With(links.In(v.Scope, links.Dispatch), "started", "1"), fiber.StatusSeeOther)
	}
	v.Query.Set("started", "1")
	return shell.Render(c, fiber.StatusAccepted, panels.Dispatch(w.dispatchForm(c.UserContext(), v)))
}

// orderedRun is the run that a form orders.
func (w *Web) orderedRun(v shell.View) (telemetry.Dispatch, error) {
	if !shell.IsID(v.Form.Get("token")) {
		return telemetry.Dispatch{}, telemetry.Errorf(telemetry.CodeInvalid, "This form has expired. Reload the page.")
	}
	inputs := map[string]string{}
	for name := range v.Form {
		inputs[name] = v.Form.Get(name)
	}
	return telemetry.NewDispatch(string(w.Settings.GitHubWeb), cmp.Or(v.Repo.TargetRepo, v.Scope), inputs)
}
