package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Sessions is the list of sessions.
func (w *Web) Sessions() shell.Panel {
	return shell.Panel{Name: "sessions", Title: "Sessions", Page: links.Sessions, Tab: links.Sessions, Topics: shell.ListTopics(),
		Every: "60s", List: w.Dashboard.Sessions, Menus: []string{"is", "family", "repo", "age"},
		Draw: list(w, listing[telemetry.SessionRow, panels.SessionRow]{
			noun:  "session",
			sort:  parts.Sort{Key: "state"},
			from:  w.SessionsOf,
			row:   w.SessionRow,
			draw:  panels.Sessions,
			empty: parts.Empty{Icon: "hubot", Title: "No sessions yet", Text: "Devin sessions that runs started are listed here."},
		})}
}
