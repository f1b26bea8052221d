package lists

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Activity is what changed, by whom or what.
func (w *Web) Activity() shell.Panel {
	return shell.Panel{
		Name:   "activity",
		Title:  "Activity",
		Page:   links.Activity,
		Topics: append(shell.Everything(), telemetry.TopicJobs),
		Every:  "60s",
		Params: []string{"kind", "repo", "before"},
		Draw:   w.drawActivity,
	}
}

func (w *Web) drawActivity(ctx context.Context, v shell.View) (templ.Component, error) {
	kinds, err := telemetry.WordsParam("kind", v.Get("kind"), telemetry.ActivityKinds())
	if err != nil {
		return nil, err
	}
	from, err := telemetry.ParseActivityCursor(v.Get("before"))
	if err != nil {
		return nil, err
	}
	size, err := v.Number("per_page", query.PerPage, shell.PerPageLeast, query.PerPageMost)
	if err != nil {
		return nil, err
	}
	repo := telemetry.ParseRepo(v.Get("repo"))
	if repo == "" && v.Get("repo") != "" {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid repo: want owner/name.")
	}
	changes, next, err := w.Dashboard.Activity(ctx, telemetry.ActivityFilter{Kinds: kinds, Repo: repo.Key()}, from, int(size))
	if err != nil {
		return nil, err
	}
	recent, err := w.recentRepos(ctx)
	if err != nil {
		return nil, err
	}
	l := panels.ActivityList{
		Frame:  v.Frame(),
		Older:  next.String(),
		Newest: v.Get("before") != "",
		Kinds:  kindTabs(v.Get("kind")),
		Empty: parts.Empty{
			Icon:  "pulse",
			Title: "No activity yet",
			Text:  "Runs, sessions, pull requests, verifications and what people do are listed here.",
		},
	}
	l.Plain, l.Repo, l.Kind, l.Repos = true, string(repo), v.Get("kind"), dynamic("repo", recent.Items)
	if repo != "" {
		l.Empty.Title, l.Empty.Text = "No activity of "+string(repo), "Enter the repository as owner/name, or show all repositories."
	}
	seen := map[string]int{}
	for _, a := range changes {
		row := activityRow(a)
		row.ID = string(a.Kind) + "-" + strconv.FormatInt(a.At.UnixMilli(), 10)
		if seen[row.ID]++; seen[row.ID] > 1 {
			row.ID += "-" + strconv.Itoa(seen[row.ID])
		}
		l.Rows = append(l.Rows, row)
	}
	return panels.Activity(l), nil
}

func kindTabs(chosen string) []parts.Choice {
	tabs := []parts.Choice{{Text: "All", Current: chosen == ""}}
	for _, k := range []parts.Link{
		{Text: "Runs", URL: "run"}, {Text: "Sessions", URL: "session"}, {Text: "Pull requests", URL: "pull"},
		{Text: "Verifications", URL: "verification"}, {Text: "Backfill", URL: "mend"}, {Text: "Jobs", URL: "job"},
		{Text: "People", URL: "deed,scope"},
	} {
		tabs = append(tabs, parts.Choice{Text: k.Text, Query: k.URL, Current: k.URL == chosen})
	}
	return tabs
}
