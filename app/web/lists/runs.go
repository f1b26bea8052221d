package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Runs is the list of scans and dispatches.
func (w *Web) Runs() shell.Panel {
	return shell.Panel{
		Name:   "runs",
		Title:  "Runs",
		Page:   links.Runs,
		Tab:    links.Runs,
		Topics: shell.ListTopics(),
		Every:  "60s",
		List:   w.Dashboard.Runs,
		Menus:  []string{"kind", "is", "repo", "age"},
		Draw: list(w, listing[telemetry.RunRow, panels.RunRow]{
			noun: "run",
			sort: parts.Sort{Key: "time", Desc: true},
			from: w.RunsOf,
			row:  w.RunRow,
			draw: panels.Runs,
		}),
	}
}
