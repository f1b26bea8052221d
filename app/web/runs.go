package web

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specRuns() spec {
	return spec{
		name:   "runs",
		title:  "Runs",
		page:   links.Runs,
		tab:    links.Runs,
		topics: listTopics(),
		every:  "60s",
		list:   w.o.Dashboard.Runs,
		menus:  []string{"kind", "is", "repo", "age"},
		draw: list(w, listing[telemetry.RunRow, panels.RunRow]{
			noun: "run",
			sort: parts.Sort{Key: "time", Desc: true},
			from: w.runsOf,
			row:  w.runRow,
			draw: panels.Runs,
		}),
	}
}

func (w *Web) specRecent() spec {
	return spec{name: "recent", title: "Recent runs", page: links.Overview, topics: []string{telemetry.TopicRecords}, every: "60s", draw: w.drawRecent}
}

func (w *Web) specFiles() spec {
	return spec{
		name:   "files",
		title:  "Records that could not be read",
		page:   links.Runs,
		topics: []string{telemetry.TopicRecords},
		draw:   w.drawFiles,
	}
}

func (w *Web) runsOf(v view, q query.Query) ask[telemetry.RunRow] {
	return asked(w.o.Dashboard.Runs, v, q)
}

func (w *Web) drawRecent(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "time", Desc: true}, w.runsOf(v, query.Query{}), w.runRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "found, new / gone, batches → sessions", parts.Link{Text: "All runs", URL: links.In(v.scope, links.Runs)}
	err = w.noRuns(ctx, &t.Empty, &t.Action)
	t.Fold = foldRuns(t)
	return panels.RecentRuns(t), err
}

// filesRows is how many unreadable records are listed.
const filesRows = 50

func (w *Web) drawFiles(ctx context.Context, v view) (templ.Component, error) {
	q, err := dashboard.Parse(w.o.Dashboard.Files, "is:error")
	if err != nil {
		return nil, err
	}
	all := view{}
	t, err := short(ctx, v, filesRows, parts.Sort{Key: "file"}, asked(w.o.Dashboard.Files, all, q), w.fileRow)
	t.Note = "the others load; an older version of each stays in use"
	return panels.Files(t), err
}
