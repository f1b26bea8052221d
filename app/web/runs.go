package web

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specRuns() spec {
	return spec{name: "runs", title: "Runs", page: "/runs", tab: "/runs", topics: []string{telemetry.TopicRecords}, every: "60s", filters: []string{"kind", "repo"}, draw: w.drawRuns}
}

func (w *Web) specRecent() spec {
	return spec{name: "recent", title: "Recent runs", page: "/", topics: []string{telemetry.TopicRecords}, every: "60s", draw: w.drawRecent}
}

func (w *Web) specFiles() spec {
	return spec{name: "files", title: "Records that could not be read", page: "/runs", topics: []string{telemetry.TopicRecords}, draw: w.drawFiles}
}

func (w *Web) runsPage(c *fiber.Ctx) error { return w.listPage(c, w.specRuns(), w.specFiles()) }

func (w *Web) runsOf(f telemetry.RunFilter) ask[telemetry.RunRow] {
	return func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.RunRow], error) {
		return w.o.Dashboard.Runs(ctx, f, p)
	}
}

func (w *Web) drawRuns(ctx context.Context, v view) (templ.Component, error) {
	f := telemetry.RunFilter{}
	var err error
	if f.Repo, err = v.repoKey(); err != nil {
		return nil, err
	}
	kinds, err := words(v, "kind", []telemetry.Kind{telemetry.KindScan, telemetry.KindDispatch})
	if err != nil {
		return nil, err
	}
	if len(kinds) == 1 {
		f.Kind = kinds[0]
	}
	t, err := table(ctx, v, parts.Sort{Key: "timestamp", Desc: true}, w.runsOf(f), w.runRow)
	if err != nil {
		return nil, err
	}
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil {
		return nil, err
	}
	choices := []parts.Choice{{Text: "all"}, {Value: string(telemetry.KindScan), Text: "scan"}, {Value: string(telemetry.KindDispatch), Text: "dispatch"}}
	t.Filters = append([]parts.Filter{{Name: "kind", Label: "Kind", Value: v.get("kind"), Choices: choices}}, repoFilter(v, totals)...)
	w.noRuns(&t.Empty, &t.Action)
	return panels.Runs(t), nil
}

func (w *Web) drawRecent(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "timestamp", Desc: true}, w.runsOf(telemetry.RunFilter{}), w.runRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "found, new / gone, batches → sessions", parts.Link{Text: "All runs", URL: "/runs"}
	w.noRuns(&t.Empty, &t.Action)
	return panels.RecentRuns(t), nil
}

// filesRows is how many unreadable records are listed.
const filesRows = 50

func (w *Web) drawFiles(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, filesRows, parts.Sort{Key: "file"}, func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.FileRow], error) {
		return w.o.Dashboard.Files(ctx, telemetry.FileFilter{State: "error"}, p)
	}, w.fileRow)
	t.Note = "the others load; an older version of each stays in use"
	return panels.Files(t), err
}

// noRuns is what a list says while there are no records at all.
func (w *Web) noRuns(e *parts.Empty, action *parts.Action) {
	*e = parts.Empty{Icon: "inbox", Title: "No runs yet", Text: "This dashboard reads telemetry/runs of the action repository. Set ACTION_REPO and GITHUB_TOKEN, or RUNS_DIR, or start it with --demo."}
	switch {
	case w.o.Settings.ActionRepo != "":
		e.Text = "This dashboard reads telemetry/runs in " + w.o.Settings.ActionRepo + "."
	case w.o.Settings.RunsDir != "":
		e.Text = "This dashboard reads the run files in RUNS_DIR."
	default:
		return
	}
	*action = parts.Action{Text: "Refresh", Icon: "sync", URL: "/actions/refresh"}
}
