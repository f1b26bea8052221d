package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// specDispatch is what the dialog of a repository's page holds.
func (w *Web) specDispatch() spec {
	return spec{
		name:  "dispatch",
		title: "Dispatch",
		page:  links.Repos,
		tab:   links.Dispatch,
		lazy:  true,
		draw: func(ctx context.Context, v view) (templ.Component, error) {
			if v.scope == "" {
				return nil, telemetry.Errorf(telemetry.CodeInvalid, "scope: name the repository, for example scope=owner/name.")
			}
			pulls := v.of(w.specPreflight())
			pulls.later = true
			list, err := w.drawPreflight(ctx, pulls)
			return panels.DispatchDialog(list, w.dispatchForm(v)), err
		},
	}
}

// specPreflight lists the open pull requests of earlier runs.
func (w *Web) specPreflight() spec {
	return spec{
		name:  "preflight",
		title: "Open pull requests of earlier runs",
		page:  links.Repos,
		tab:   links.Dispatch,
		lazy:  true,
		draw:  w.drawPreflight,
	}
}

func (w *Web) specDispatchForm() spec {
	return spec{
		name:  "dispatch-form",
		title: "Dispatch",
		page:  links.Repos,
		tab:   links.Dispatch,
		draw: func(_ context.Context, v view) (templ.Component, error) {
			return panels.Dispatch(w.dispatchForm(v)), nil
		},
	}
}

// drawPreflight asks GitHub what is open; that it cannot be asked is said in
// the panel.
func (w *Web) drawPreflight(ctx context.Context, v view) (templ.Component, error) {
	p := panels.Preflight{Frame: v.brief()}
	p.Note = "asked of GitHub"
	p.Show = links.With(p.At.Page, "preflight", "1")
	if v.later {
		return panels.PreflightList(p), nil
	}
	pulls, err := w.o.Dashboard.Preflight(ctx, v.repo.Name)
	if err != nil {
		p.Fault = sentence(err)
	}
	for _, pull := range pulls {
		repo := telemetry.RepoName(pull.Repo)
		p.Pulls = append(p.Pulls, panels.PullRow{
			Number:  pull.Number,
			Title:   pull.Title,
			Page:    w.o.Settings.GitHubWeb.Pull(repo, int64(pull.Number)),
			State:   pull.State,
			Repo:    pull.Repo,
			Waiting: pull.CreatedAt,
		})
	}
	return panels.PreflightList(p), nil
}

// dispatchPage is the form as a page of its own.
func (w *Web) dispatchPage(c *fiber.Ctx) error {
	name := links.Unescape(c.Params("owner")) + "/" + links.Unescape(c.Params("name"))
	repo, err := w.o.Dashboard.RepoByName(c.UserContext(), name)
	if telemetry.CodeOf(err) == telemetry.CodeNotFound && err != nil {
		return w.noRepo(c, name, links.Dispatch, err)
	}
	if err != nil {
		return err
	}
	return w.showDispatch(c, view{scope: string(repo.Name), repo: repo, query: queryOf(c)})
}

func (w *Web) showDispatch(c *fiber.Ctx, v view) error {
	status := fiber.StatusOK
	if v.fault != nil {
		status = faultStatus(v.fault)
	}
	pulls := v
	pulls.later = !v.query.Has("preflight")
	crumbs := []parts.Link{{Text: "Repositories", URL: links.Repos}, {Text: v.scope, URL: links.Repo(v.scope)}}
	body := pages.Body{
		Title:  "Dispatch",
		Crumbs: crumbs,
		Rows: [][]templ.Component{
			{w.panel(c.UserContext(), w.specPreflight(), pulls)},
			{w.panel(c.UserContext(), w.specDispatchForm(), v)},
		},
	}
	return w.show(c, screen{title: "Dispatch " + v.scope, current: links.Repos, status: status, body: body})
}

// faultStatus is the status of a form that is shown again: 409 where it is not
// known whether what it asks for was done, or another program does it.
func faultStatus(err error) int {
	switch telemetry.CodeOf(err) {
	case telemetry.CodeOutcomeUnknown, telemetry.CodeConflict:
		return fiber.StatusConflict
	}
	return fiber.StatusBadRequest
}

// dispatchField is how an input of the workflow is asked for.
func dispatchField(name string) panels.Field {
	f := panels.Field{Name: name}
	switch name {
	case "languages":
		f.Label, f.Hint = "Languages", "javascript, python; empty: found by CodeQL"
	case "queries":
		f.Label, f.Hint = "Query suite", "security-extended"
	case "include_paths":
		f.Label, f.Hint = "Only these paths", "src/, lib/"
	case "exclude_paths":
		f.Label, f.Hint = "Not these paths", "test/, vendor/"
	case "batch_size":
		f.Label, f.Kind = "Issues a batch", "number"
	case "max_sessions":
		f.Label, f.Kind = "Sessions at most", "number"
	case "severity_threshold":
		f.Label, f.Options = "From severity", append([]string{""}, telemetry.Severities()...)
	case "persist_logs":
		f.Label, f.Options = "Keep logs", []string{"", "true", "false"}
	case "dry_run":
		f.Label, f.Options = "Dry run", []string{"", "true", "false"}
	case "default_branch":
		f.Label, f.Hint = "Default branch", "main"
	}
	return f
}

func (w *Web) dispatchForm(v view) panels.DispatchForm {
	f := panels.DispatchForm{Repo: v.scope, Token: w.o.NewID(), Started: v.query.Get("started") == "1", Watch: w.workflowURL()}
	if v.repo.Fork != "" && v.repo.Fork.Key() != v.repo.Name.Key() {
		f.Note = "Fixes go to " + string(v.repo.Fork) + ". "
	}
	f.Note += "What is left empty takes the workflow’s own default."
	wrong, fault := "", ""
	if v.fault != nil {
		fault = sentence(v.fault)
		f.Token = tokenAfter(v, f.Token)
		f.Unknown = telemetry.CodeOf(v.fault) == telemetry.CodeOutcomeUnknown
		if name, rest, found := strings.Cut(fault, ": "); found && slices.Contains(telemetry.DispatchInputs(), name) {
			wrong, fault = name, strings.ToUpper(rest[:1])+rest[1:]
		}
	}
	for _, name := range telemetry.DispatchInputs() {
		field := dispatchField(name)
		field.Value = v.form.Get(name)
		if name == wrong {
			field.Fault = fault
		}
		f.Fields = append(f.Fields, field)
	}
	if wrong == "" {
		f.Fault = fault
	}
	for _, m := range w.o.Settings.Missing {
		if m.Variable == "GITHUB_TOKEN" || m.Variable == "ACTION_REPO" {
			f.Off = "Starting a run needs GITHUB_TOKEN and ACTION_REPO. Set both and restart."
		}
	}
	return f
}

// workflowURL is where the runs of the workflow are looked at.
func (w *Web) workflowURL() string {
	if w.o.Settings.ActionRepo == "" {
		return ""
	}
	return w.o.Settings.GitHubWeb.Workflow(telemetry.RepoName(w.o.Settings.ActionRepo), ingest.Workflow)
}

// dispatch starts a run of the action, once a token. What is wrong is said
// at its field.
func (w *Web) dispatch(c *fiber.Ctx) error {
	repo, err := w.o.Dashboard.RepoByName(c.UserContext(), c.FormValue("repo"))
	if err != nil {
		return err
	}
	v := view{scope: string(repo.Name), repo: repo, query: url.Values{}, form: url.Values{"token": {c.FormValue("token")}}}
	for _, name := range telemetry.DispatchInputs() {
		v.form.Set(name, c.FormValue(name))
	}
	v.fault = w.startRun(c, v)
	inPlace := c.Get("HX-Request") != ""
	switch {
	case v.fault != nil && inPlace:
		return render(c, faultStatus(v.fault), panels.Dispatch(w.dispatchForm(v)))
	case v.fault != nil:
		return w.showDispatch(c, v)
	case !inPlace:
		return c.Redirect(links.With(links.In(v.scope, links.Dispatch), "started", "1"), fiber.StatusSeeOther)
	}
	v.query.Set("started", "1")
	return render(c, fiber.StatusAccepted, panels.Dispatch(w.dispatchForm(v)))
}

func (w *Web) startRun(c *fiber.Ctx, v view) error {
	token := c.FormValue("token")
	if !jobID(token) {
		return telemetry.Errorf(telemetry.CodeInvalid, "The form is too old to be sent. Load the page again.")
	}
	inputs := map[string]string{}
	for name := range v.form {
		inputs[name] = v.form.Get(name)
	}
	d, err := telemetry.NewDispatch(string(w.o.Settings.GitHubWeb), cmp.Or(v.repo.TargetRepo, v.scope), inputs)
	if err != nil {
		return err
	}
	_, err = w.o.Outward.DispatchOnce(c.UserContext(), token, d)
	return err
}
