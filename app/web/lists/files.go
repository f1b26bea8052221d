package lists

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Files are the records that could not be read.
func (w *Web) Files() shell.Panel {
	return shell.Panel{
		Name:   "files",
		Title:  "Records that could not be read",
		Page:   links.Runs,
		Topics: []string{telemetry.TopicRecords},
		Draw:   w.drawFiles,
	}
}

// filesRows is how many unreadable records are listed.
const filesRows = 50

func (w *Web) drawFiles(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Files, "is:error")
	if err != nil {
		return nil, err
	}
	all := shell.View{}
	t, err := shell.Short(ctx, v, filesRows, parts.Sort{Key: "file"}, shell.Asked(w.Dashboard.Files, all, q), shell.FileRow)
	t.Note = "all other files load; the last readable version of these stays in use"
	return panels.Files(t), err
}
