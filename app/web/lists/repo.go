package lists

import (
	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/parts"
)

// RepoPage is a repository's page: figures, and the list of one tab below.
func (w *Web) RepoPage(list shell.Panel, figures ...shell.Panel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		name := links.Unescape(c.Params("owner")) + "/" + links.Unescape(c.Params("name"))
		repo, err := w.Dashboard.RepoByName(c.UserContext(), name)
		if telemetry.CodeOf(err) == telemetry.CodeNotFound {
			return w.NoRepo(c, name, list.Tab, err)
		}
		if err != nil {
			return err
		}
		health, err := w.Dashboard.RepoHealth(c.UserContext(), repo.Name.Key())
		if err != nil {
			return err
		}
		v := w.Once(c.UserContext(), shell.View{Panel: list, Scope: string(repo.Name), Repo: repo, Query: shell.QueryOf(c)}, shell.TileParts()...)
		table, status, err := w.listOr(c, v)
		if err != nil {
			return err
		}
		var rows [][]templ.Component
		for _, f := range figures {
			rows = append(rows, []templ.Component{f.Within(c.UserContext(), v)})
		}
		body := pages.Body{
			Title:       string(repo.Name),
			Breadcrumbs: []parts.Link{{Text: "Repositories", URL: links.Repos}},
			Button:      dispatchButton(v.Scope),
			Periods:     v.Periods(links.In(v.Scope, list.Tab)),
			Facts: append(w.repoFacts(repo, health),
				append(v.ReportFact(),
					pages.Fact{
						Icon: "pulse",
						Link: parts.Link{Text: "Activity", URL: links.With(links.Activity, "repo", v.Scope)},
					})...),
			Notices: append(repoNotices(repo, health), w.pastNotice(v)...),
			Tabs:    w.repoTabs(v, list),
			Below:   []templ.Component{table},
			Rows:    rows,
		}
		return w.Show(c, shell.Screen{Title: string(repo.Name), Current: links.Repos, Status: status, Body: body})
	}
}

// Tabs are the lists of a repository's page.
func (w *Web) Tabs() []shell.Panel {
	return []shell.Panel{w.Issues(), w.Sessions(), w.Pulls(), w.Runs()}
}

// repoTabs keep the period that was chosen.
func (w *Web) repoTabs(v shell.View, current shell.Panel) []parts.Tab {
	repo := v.Repo
	counts := map[string]int64{"sessions": repo.SessionsCreated, "pulls": repo.PRs.Total, "runs": repo.Runs}
	if repo.Listed {
		counts["issues"] = repo.Open
	}
	var tabs []parts.Tab
	for _, s := range w.Tabs() {
		tabs = append(tabs, parts.Tab{
			Text:    s.Title,
			Count:   parts.Number(int(counts[s.Name])),
			URL:     links.With(links.In(repo.Name, s.Tab), "period", v.Get("period")),
			Current: s.Name == current.Name,
		})
	}
	return tabs
}

// dispatchButton opens the form of a run: a dialog, or its page.
func dispatchButton(repo string) templ.Component {
	return parts.DialogButton(parts.Link{Text: "Start a run", URL: links.In(repo, links.Dispatch)}, "play",
		links.Panel("dispatch", "scope", repo))
}
