package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specIssues() spec {
	return spec{name: "issues", title: "Issues", page: "/issues", tab: "/issues", topics: []string{telemetry.TopicRecords}, every: "60s",
		filters: []string{"status", "severity", "family", "rule", "repo"}, draw: w.drawIssues}
}

func (w *Web) issuesPage(c *fiber.Ctx) error { return w.listPage(c, w.specIssues()) }

// listPage is a page of one list.
func (w *Web) listPage(c *fiber.Ctx, s spec, below ...spec) error {
	v, err := w.viewOf(c, s)
	if err != nil {
		return err
	}
	list, err := s.draw(c.UserContext(), v)
	if err != nil {
		return err
	}
	rows := [][]templ.Component{{list}}
	for _, b := range below {
		rows = append(rows, []templ.Component{w.panel(c.UserContext(), b, v)})
	}
	return w.show(c, screen{title: s.title, current: s.page, body: pages.Body{Title: s.title, Rows: rows}})
}

func (w *Web) drawIssues(ctx context.Context, v view) (templ.Component, error) {
	f, err := issueFilter(v)
	if err != nil {
		return nil, err
	}
	t, err := table(ctx, v, parts.Sort{Key: "severity"}, func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
		return w.o.Dashboard.Issues(ctx, f, p)
	}, w.issueRow)
	if err != nil {
		return nil, err
	}
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil {
		return nil, err
	}
	t.Views, t.Filters = issueViews(v), issueFilters(v, totals)
	t.Empty = parts.Empty{Icon: "check-circle", Title: "No open issues", Text: "What scans find is listed here."}
	if totals.Scans == 0 {
		w.noRuns(&t.Empty, &t.Action)
	}
	return panels.Issues(t), nil
}

// statusOpen is the status that stands for all that are open; a list of
// issues without a status shows those.
const (
	statusOpen = "open"
	statusAll  = "all"
)

func issueFilter(v view) (telemetry.IssueFilter, error) {
	f := telemetry.IssueFilter{Severity: listOf(v.get("severity")), Family: listOf(v.get("family")), Rule: listOf(v.get("rule"))}
	var err error
	if f.Repo, err = v.repoKey(); err != nil {
		return f, err
	}
	statuses, err := words(v, "status", append(telemetry.Statuses(), statusOpen, statusAll))
	if err != nil {
		return f, err
	}
	if len(statuses) == 0 || slices.Contains(statuses, statusOpen) {
		statuses = append(statuses, telemetry.StatusRecurring, telemetry.StatusReopened, telemetry.StatusNew, telemetry.StatusNotScanned)
	}
	if !slices.Contains(statuses, statusAll) {
		f.Statuses = statuses
	}
	return f, nil
}

func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func issueViews(v view) []parts.Tab {
	at := v.address()
	status, severity := v.get("status"), v.get("severity")
	tab := func(text, wantStatus, wantSeverity string) parts.Tab {
		return parts.Tab{Text: text, URL: at.Href("status", wantStatus, "severity", wantSeverity, "page", ""), Current: status == wantStatus && severity == wantSeverity}
	}
	return []parts.Tab{tab("Open", "", ""), tab("Critical and high", "", "critical,high"), tab("Reopened", "reopened", ""), tab("Fixed", "fixed", ""), tab("All", statusAll, "")}
}

func issueFilters(v view, totals telemetry.Totals) []parts.Filter {
	states := []parts.Choice{{Text: "open"}, {Value: statusAll, Text: "all"}}
	for _, s := range telemetry.Statuses() {
		states = append(states, parts.Choice{Value: string(s), Text: strings.ReplaceAll(string(s), "_", " ")})
	}
	tiers := []parts.Choice{{Text: "all"}, {Value: "critical,high", Text: "critical, high"}}
	for _, tier := range telemetry.Severities() {
		tiers = append(tiers, parts.Choice{Value: tier, Text: tier})
	}
	families := []parts.Choice{{Text: "all"}}
	for _, name := range slices.Sorted(maps.Keys(totals.CategorySum)) {
		families = append(families, parts.Choice{Value: name, Text: name})
	}
	list := []parts.Filter{{Name: "status", Label: "State", Value: v.get("status"), Choices: states}, {Name: "severity", Label: "Severity", Value: v.get("severity"), Choices: tiers},
		{Name: "family", Label: "Family", Value: v.get("family"), Choices: families}}
	return append(list, repoFilter(v, totals)...)
}

// knownMost is how many repositories a text is completed from: a page must
// not grow with their number.
const knownMost = 100

// repoFilter narrows a list to a repository; a repository's own page needs
// none.
func repoFilter(v view, totals telemetry.Totals) []parts.Filter {
	if v.scope != "" {
		return nil
	}
	f := parts.Filter{Name: "repo", Label: "Repository", Value: v.get("repo"), Hint: "owner/name"}
	for _, name := range totals.Repos[:min(knownMost, len(totals.Repos))] {
		f.Known = append(f.Known, string(telemetry.ParseRepo(name)))
	}
	return []parts.Filter{f}
}
