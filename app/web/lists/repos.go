package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Repos is the list of repositories.
func (w *Web) Repos() shell.Panel {
	return shell.Panel{
		Name:   "repos",
		Title:  "Repositories",
		Page:   links.Repos,
		Topics: shell.ListTopics(),
		Every:  "60s",
		List:   w.Dashboard.Repos,
		Menus:  []string{"is", "open", "age"},
		Draw: list(w, listing[shell.RepoTrend, panels.RepoRow]{
			noun: "repository",
			sort: parts.Sort{Key: "repo"},
			from: w.ReposOf,
			row:  shell.RepoRow,
			draw: panels.Repos,
		}),
	}
}
