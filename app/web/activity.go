package web

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specActivity() spec {
	return spec{name: "activity", title: "Activity", page: "/activity", topics: []string{telemetry.TopicJobs}, every: "60s", draw: w.drawActivity}
}

// drawActivity lists what was done, newest first.
func (w *Web) drawActivity(ctx context.Context, v view) (templ.Component, error) {
	t, err := table(ctx, v, parts.Sort{Key: "started", Desc: true}, w.o.Dashboard.Jobs, w.activityRow)
	t.Empty = parts.Empty{Icon: "pulse", Title: "Nothing was done yet", Text: "Refreshes, polls and backfills are listed here."}
	return panels.Activity(t), err
}

func (w *Web) activityRow(j telemetry.Job) panels.ActivityRow {
	row := panels.ActivityRow{ID: j.ID, State: j.State, Title: jobTitle(j, resultOf(j)), Text: j.Error, At: j.Started, Took: w.took(j)}
	if j.State == telemetry.JobDone {
		row.Text = summary(j, resultOf(j))
	}
	return row
}
