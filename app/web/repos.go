package web

import (
	"context"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specRepos() spec {
	return spec{
		name:   "repos",
		title:  "Repositories",
		page:   "/repos",
		topics: listTopics(),
		every:  "60s",
		list:   w.o.Dashboard.Repos,
		menus:  []string{"is", "open", "age"},
		draw: list(w, listing[repoTrend, panels.RepoRow]{
			noun: "repository",
			sort: parts.Sort{Key: "repo"},
			from: w.reposOf,
			row:  w.repoRow,
			draw: panels.Repos,
		}),
	}
}

func (w *Web) specTop() spec {
	return spec{name: "top", title: "Repositories", page: "/", topics: everything(), every: "60s", draw: w.drawTop}
}

func (w *Web) drawTop(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "critical_high", Desc: true}, w.reposOf(v, query.Query{}), w.repoRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "most critical + high first", parts.Link{Text: "All repositories", URL: "/repos"}
	err = w.noRuns(ctx, &t.Empty, &t.Action)
	t.Fold = foldTop(t)
	return panels.TopRepos(t), err
}

// repoPage is a repository's page: figures, and the list of one tab below.
func (w *Web) repoPage(list spec, figures ...spec) fiber.Handler {
	return func(c *fiber.Ctx) error {
		name := unescape(c.Params("owner")) + "/" + unescape(c.Params("name"))
		repo, err := w.o.Dashboard.RepoByName(c.UserContext(), name)
		if telemetry.CodeOf(err) == telemetry.CodeNotFound {
			return w.noRepo(c, name, list.tab, err)
		}
		if err != nil {
			return err
		}
		health, err := w.o.Dashboard.RepoHealth(c.UserContext(), repo.Name.Key())
		if err != nil {
			return err
		}
		v := w.once(c.UserContext(), view{spec: list, scope: string(repo.Name), repo: repo, query: queryOf(c)}, tileParts()...)
		table, status, err := w.listOr(c, v)
		if err != nil {
			return err
		}
		var rows [][]templ.Component
		for _, f := range figures {
			rows = append(rows, []templ.Component{w.panel(c.UserContext(), f, v)})
		}
		body := pages.Body{
			Title:   string(repo.Name),
			Crumbs:  []parts.Link{{Text: "Repositories", URL: "/repos"}},
			Button:  dispatchButton(v.scope),
			Periods: v.periods(panels.RepoURL(v.scope) + list.tab),
			Facts: append(w.repoFacts(repo, health),
				append(v.reportFact(),
					pages.Fact{
						Icon: "pulse",
						Link: parts.Link{Text: "Activity", URL: parts.Address{Page: "/activity"}.Href("repo", v.scope)},
					})...),
			Notices: append(repoNotices(repo, health), v.pastNotice()...),
			Tabs:    w.repoTabs(v, list),
			Below:   []templ.Component{table},
			Rows:    rows,
		}
		return w.show(c, screen{title: string(repo.Name), current: "/repos", status: status, body: body})
	}
}

// tabSpecs are the lists of a repository's page.
func (w *Web) tabSpecs() []spec {
	return []spec{w.specIssues(), w.specSessions(), w.specPulls(), w.specRuns()}
}

// repoTabs keep the period that was chosen.
func (w *Web) repoTabs(v view, current spec) []parts.Tab {
	repo := v.repo
	counts := map[string]int64{"sessions": repo.SessionsCreated, "pulls": repo.PRs.Total, "runs": repo.Runs}
	if repo.Listed {
		counts["issues"] = repo.Open
	}
	var tabs []parts.Tab
	for _, s := range w.tabSpecs() {
		tabs = append(tabs, parts.Tab{
			Text:    s.title,
			Count:   parts.Number(int(counts[s.name])),
			URL:     parts.Address{Page: panels.RepoURL(string(repo.Name)) + s.tab}.Href("period", v.get("period")),
			Current: s.name == current.name,
		})
	}
	return tabs
}

// noRepo answers for a repository that no record names as a target: a fork
// leads to its target, any other name to those nearest to it.
func (w *Web) noRepo(c *fiber.Ctx, name, tab string, cause error) error {
	list, err := w.o.Dashboard.Repos.Rows(c.UserContext(), query.Ask{Page: query.Page{Sort: "repo", Order: "asc"}})
	if err != nil {
		return err
	}
	var names []string
	for _, r := range list.Items {
		if r.Fork != "" && r.Fork.Key() == strings.ToLower(name) {
			return c.Redirect(panels.RepoURL(string(r.Name))+tab, fiber.StatusSeeOther)
		}
		names = append(names, string(r.Name))
	}
	var near []parts.Link
	for _, n := range nearest(name, names) {
		near = append(near, parts.Link{Text: n, URL: panels.RepoURL(n)})
	}
	return render(c, fiber.StatusNotFound, pages.Problem(w.shell(c, "Not found", "/repos"), "Repository not found", sentence(cause), near))
}

// unescape decodes a part of a path; what cannot be decoded stays.
func unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return s
}

// dispatchButton opens the form of a run: a dialog, or its page.
func dispatchButton(repo string) templ.Component {
	return parts.DialogButton(parts.Link{Text: "Dispatch", URL: panels.RepoURL(repo) + "/dispatch"}, "play",
		parts.Address{Page: "/panels/dispatch"}.Href("scope", repo))
}
