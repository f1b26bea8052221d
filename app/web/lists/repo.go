package lists

import (
	"fmt"
	"slices"
	"strings"

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
		v, err := w.ViewOf(c, list)
		if err != nil {
			return err
		}
		repo, err := w.Dashboard.RepoByName(c.UserContext(), name, v.AsOf)
		if telemetry.CodeOf(err) == telemetry.CodeNotFound {
			return w.NoRepo(c, name, list.Tab, err)
		}
		if err != nil {
			return err
		}
		if shell.IsFormer(c, name, repo.Name) {
			below := strings.SplitN(strings.TrimPrefix(c.Path(), "/"), "/", 4) // repo, owner, name, and the tab if one is named
			return shell.Moved(c, strings.Join(append([]string{links.Repo(repo.Name)}, below[3:]...), "/"))
		}
		health, err := w.Dashboard.RepoHealth(c.UserContext(), repo.Name.Key(), v.AsOf)
		if err != nil {
			return err
		}
		v.Scope, v.Repo = string(repo.Name), repo
		v = w.Once(c.UserContext(), v, shell.TileParts()...)
		table, status, err := w.listOr(c, v)
		if err != nil {
			return err
		}
		var rows [][]templ.Component
		for _, f := range figures {
			rows = append(rows, v.Row(c.UserContext(), f))
		}
		body := pages.Body{
			Title:       string(repo.Name),
			Breadcrumbs: []parts.Link{{Text: "Repositories", URL: links.Repos}},
			Button:      dispatchButton(v),
			Periods:     v.Periods(parts.Address{Page: links.In(v.Scope, list.Tab)}),
			Facts: append(w.repoFacts(v, repo, health),
				append(v.ReportFact(),
					pages.Fact{
						Icon: "pulse",
						Link: parts.Link{Text: "Activity", URL: links.With(links.Activity, "repo", v.Scope)},
					})...),
			Notices: slices.Concat(repoNotices(repo, health), ownerNotices(w.Settings.GitHubWeb, repo.Name, health), seldomNotices(health.Seldom)),
			Tabs:    w.repoTabs(v, list),
			Below:   []templ.Component{table},
			Rows:    rows,
		}
		return w.Show(c, shell.Screen{Title: string(repo.Name), Current: links.Repos, Status: status, Body: body, Feed: shownFeed(v)})
	}
}

// Tabs are the lists of a repository's page.
func (w *Web) Tabs() []shell.Panel {
	return []shell.Panel{w.Issues(), w.Sessions(), w.Pulls(), w.Runs()}
}

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
			Count:   parts.Number(counts[s.Name]),
			URL:     links.With(links.In(repo.Name, s.Tab), "period", v.Get("period")),
			Current: s.Name == current.Name,
		})
	}
	return tabs
}

// dispatchButton starts a run, but from a page of a past time or of a retired
// repository.
func dispatchButton(v shell.View) templ.Component {
	if !v.AsOf.IsZero() || v.Repo.Retired != "" {
		return nil
	}
	return parts.DialogButton(parts.Link{Text: "Start a run", URL: links.In(v.Scope, links.Dispatch)}, "play",
		links.Panel("dispatch", "scope", v.Scope))
}

func (w *Web) repoFacts(v shell.View, repo telemetry.RepoRow, h telemetry.RepoHealth) []pages.Fact {
	facts := []pages.Fact{{Icon: "mark-github", Link: parts.Link{Text: "GitHub", URL: w.Settings.GitHubWeb.Repo(repo.Name)}}}
	if repo.Fork != "" && repo.Fork.Key() != repo.Name.Key() {
		facts = append(facts,
			pages.Fact{Icon: "repo-forked", Link: parts.Link{Text: "Fixes go to " + string(repo.Fork), URL: w.Settings.GitHubWeb.Repo(repo.Fork)}})
	}
	if repo.LatestRun != nil {
		facts = append(facts, pages.Fact{
			Icon: "clock",
			Text: "Last scan",
			Time: pages.Moment{At: repo.LatestScanAt.Time, As: "ago", After: fmt.Sprintf("run %d", *repo.LatestRun)},
		})
	}
	if repo.SessionsCreated > 0 {
		facts = append(facts, pages.Fact{
			Icon: "pulse",
			Link: parts.Link{Text: "Effectiveness", URL: links.With(links.Effectiveness, "repo", string(repo.Name))},
		})
	}
	if v.AsOf.IsZero() && repo.Listed {
		facts = append(facts, pages.Fact{Icon: "file-badge", Link: parts.Link{Text: "Badge", URL: links.Sharing(links.Badge(repo.Name))}})
	}
	if h.Interval <= 0 {
		return facts
	}
	due := pages.Fact{
		Icon: "calendar",
		Text: "Next due",
		Time: pages.Moment{At: h.LastScan.Add(h.Interval), As: "day", After: "usually every " + shell.DaysText(h.Interval)},
	}
	if due.Time.At.Before(w.NowOf(v)) {
		due.Text = "Was due"
	}
	return append(facts, due)
}

// lostNotice says that a scan did not look at languages.
func lostNotice(scan telemetry.RunRow) parts.Notice {
	return parts.Notice{
		Tone:   parts.Attention,
		Icon:   "alert",
		Strong: "Not scanned: " + telemetry.LanguageNames(scan.Lost) + ".",
		Text: fmt.Sprintf("%s names no finding of what earlier scans found there, so none of it counts as fixed. "+
			"Those issues are shown as not scanned.", runLabel(scan.RunNumber)),
		Link: fileLink(scan.File, "Review it, or accept it as a full scan"),
	}
}

// repoNotices say where a repository's figures are not what one expects.
func repoNotices(repo telemetry.RepoRow, h telemetry.RepoHealth) []parts.Notice {
	var out []parts.Notice
	if repo.Retired != "" {
		out = append(out, parts.Notice{
			Icon:   "archive",
			Strong: "Retired.",
			Text: fmt.Sprintf("This repository was %s on GitHub. Its issues are not counted as open, no scan of it is due, "+
				"and nothing of it needs you.", repo.Retired),
			Link: parts.Link{Text: "Its issues", URL: links.Matching(links.In(repo.Name, links.Issues), "is:retired")},
		})
	}
	switch {
	case !repo.Listed && repo.LatestRun != nil:
		out = append(out, parts.Notice{
			Icon:   "info",
			Strong: "Not listed.",
			Text:   "The latest scan lists no findings. The figures are its counts, so there is no list of issues.",
			Link:   fileLink(repo.LatestFile, "The scan"),
		})
	case h.Reduced != nil:
		out = append(out, parts.Notice{
			Tone:   parts.Attention,
			Icon:   "alert",
			Strong: "Scope reduced.",
			Said: []parts.Link{
				{Text: runLabel(h.Reduced.Run) + " found "}, {Text: parts.Plural(h.Reduced.Found, "issue", ""), URL: links.Run(h.Reduced.File)},
				{Text: ", all known; the full scan before it found "},
				{Text: parts.Number(h.Reduced.FullFound), URL: links.Run(h.Reduced.FullFile)},
				{Text: ". It closed nothing. Issues that it did not cover are shown as not scanned."},
			},
			Link: fileLink(h.Reduced.File, "Review it, or accept it as a full scan"),
		})
	case h.Lost != nil:
		out = append(out, lostNotice(*h.Lost))
	}
	if repo.Listed && repo.WithoutFindings && repo.ReferenceRun != nil {
		out = append(out, parts.Notice{
			Icon:   "info",
			Strong: "A newer scan lists no findings.",
			Text:   fmt.Sprintf("Open issues are as of run %d.", *repo.ReferenceRun),
			Link:   fileLink(repo.LatestFile, "The newer scan"),
		})
	}
	if h.Rematched != nil {
		text := fmt.Sprintf("%s changed %s of %s fingerprints; the issues keep their history, matched by rule, file and line.",
			runLabel(h.Rematched.Run), parts.Number(h.Rematched.Changed), parts.Number(h.Rematched.Matched))
		out = append(out, parts.Notice{
			Icon:   "link",
			Strong: "Fingerprints re-linked.",
			Text:   text,
			Note:   true,
			Link:   fileLink(h.Rematched.File, runLabel(h.Rematched.Run)),
		})
	}
	if len(h.Broken) > 0 {
		out = append(out, parts.Notice{
			Tone:   parts.Danger,
			Icon:   "x-circle",
			Strong: "A record cannot be read.",
			Text: "The newest version of " + strings.Join(h.Broken, ", ") +
				" cannot be read, so an older version is in use. Correct the file in the action repository, then refresh.",
			Link: parts.Link{Text: "What is wrong", URL: links.Runs + "#files"},
		})
	}
	return out
}

func runLabel(run int64) string {
	if run == 0 {
		return "The scan"
	}
	return fmt.Sprintf("Run %d", run)
}

func fileLink(file, text string) parts.Link {
	if file == "" {
		return parts.Link{}
	}
	return parts.Link{Text: text, URL: links.Run(file)}
}
