package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specRepos() spec {
	return spec{name: "repos", title: "Repositories", page: "/repos", topics: listTopics(), every: "60s", list: telemetry.ListRepos, menus: []string{"is", "open", "age"},
		draw: list(w, listing[telemetry.RepoRow, panels.RepoRow]{noun: "repository", sort: parts.Sort{Key: "repo"}, from: w.reposOf, row: w.repoRow, draw: panels.Repos})}
}

func (w *Web) specTop() spec {
	return spec{name: "top", title: "Repositories", page: "/", topics: everything(), every: "60s", draw: w.drawTop}
}

func (w *Web) reposOf(_ view, q telemetry.Query) ask[telemetry.RepoRow] {
	return func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.RepoRow], error) {
		return w.o.Dashboard.Repos(ctx, telemetry.RepoFilter{Query: q}, p)
	}
}

func (w *Web) drawTop(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "critical_high", Desc: true}, w.reposOf(v, telemetry.Query{}), w.repoRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "most critical + high first", parts.Link{Text: "All repositories", URL: "/repos"}
	err = w.noRuns(ctx, &t.Empty, &t.Action)
	return panels.TopRepos(t), err
}

// repoPage is a repository's page with the list of one tab.
func (w *Web) repoPage(list spec) fiber.Handler {
	return func(c *fiber.Ctx) error {
		name := unescape(c.Params("owner")) + "/" + unescape(c.Params("name"))
		repo, err := w.o.Dashboard.RepoByName(c.UserContext(), name)
		if telemetry.CodeOf(err) == telemetry.CodeNotFound {
			return w.noRepo(c, name, list.tab, err)
		}
		if err != nil {
			return err
		}
		v := view{spec: list, scope: string(repo.Name), repo: repo, query: queryOf(c)}
		table, status, err := w.listOr(c, v)
		if err != nil {
			return err
		}
		one := func(s spec) templ.Component { return w.panel(c.UserContext(), s, v) }
		body := pages.Body{
			Title: string(repo.Name), Crumbs: []parts.Link{{Text: "Repositories", URL: "/repos"}}, Periods: v.periods(panels.RepoURL(v.scope) + list.tab),
			Facts: w.repoFacts(repo), Notices: append(w.repoNotices(repo), v.pastNotice()...), Tabs: w.repoTabs(repo, list), Below: []templ.Component{table},
			Rows: [][]templ.Component{{one(w.specTiles())}, {one(w.specNow())}, {one(w.specOpen()), one(w.specRecent())}},
		}
		return w.show(c, screen{title: string(repo.Name), current: "/repos", status: status, body: body})
	}
}

// tabSpecs are the lists of a repository's page.
func (w *Web) tabSpecs() []spec {
	return []spec{w.specIssues(), w.specSessions(), w.specPulls(), w.specRuns()}
}

func (w *Web) repoTabs(repo telemetry.RepoRow, current spec) []parts.Tab {
	counts := map[string]int64{"sessions": repo.SessionsCreated, "pulls": repo.PRs.Total, "runs": repo.Runs}
	if repo.Listed {
		counts["issues"] = repo.Open
	}
	var tabs []parts.Tab
	for _, s := range w.tabSpecs() {
		tabs = append(tabs, parts.Tab{Text: s.title, Count: parts.Number(int(counts[s.name])), URL: panels.RepoURL(string(repo.Name)) + s.tab, Current: s.name == current.name})
	}
	return tabs
}

func (w *Web) repoFacts(repo telemetry.RepoRow) []pages.Fact {
	facts := []pages.Fact{{Icon: "mark-github", Link: parts.Link{Text: "GitHub", URL: w.repoURL(repo.Name)}}}
	if repo.Fork != "" && repo.Fork.Key() != repo.Name.Key() {
		facts = append(facts, pages.Fact{Icon: "repo-forked", Link: parts.Link{Text: "Fixes go to " + string(repo.Fork), URL: w.repoURL(repo.Fork)}})
	}
	if repo.LatestRun != nil {
		facts = append(facts, pages.Fact{Icon: "clock", Text: "Last scan", Time: pages.Moment{At: repo.LatestScanAt, As: "ago", After: fmt.Sprintf("run %d", *repo.LatestRun)}})
	}
	return facts
}

// repoNotices says where a repository's figures are not what one expects.
func (w *Web) repoNotices(repo telemetry.RepoRow) []parts.Notice {
	switch {
	case !repo.Listed && repo.LatestRun != nil:
		return []parts.Notice{{Icon: "info", Strong: "Not listed.", Text: "This record names no findings: the figures are the latest scan’s counts, and there is no list behind them."}}
	case repo.LatestReduced && repo.ReferenceRun != nil:
		return []parts.Notice{{Tone: parts.Attention, Icon: "alert", Strong: "Scope reduced.",
			Text: fmt.Sprintf("The latest scan looked at less than run %d before it. It closed nothing; what it did not look at is shown as not scanned.", *repo.ReferenceRun)}}
	case repo.Unnamed && repo.ReferenceRun != nil:
		return []parts.Notice{{Icon: "info", Strong: "A newer scan names no findings.", Text: fmt.Sprintf("What is open is as of run %d.", *repo.ReferenceRun)}}
	}
	return nil
}

// noRepo answers for a repository that no record names as a target: a fork
// leads to its target, any other name to those nearest to it.
func (w *Web) noRepo(c *fiber.Ctx, name, tab string, cause error) error {
	list, err := w.o.Dashboard.Repos(c.UserContext(), telemetry.RepoFilter{}, telemetry.Page{Number: 1, Size: 1 << 20, Sort: "repo", Order: "asc"})
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
