package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Pulls is the list of pull requests.
func (w *Web) Pulls() shell.Panel {
	return shell.Panel{Name: "pulls", Title: "Pull requests", Page: links.Pulls, Tab: links.Pulls, Topics: shell.ListTopics(), Every: "60s",
		List: w.Dashboard.Pulls, Menus: []string{"is", "repo", "linked", "age"},
		Draw: list(w, listing[shell.MarkedPull, panels.PullRow]{
			noun: "pull request",
			sort: parts.Sort{Key: "waiting", Desc: true},
			from: w.PullsOf,
			row:  w.MarkedRow,
			draw: panels.Pulls,
			empty: parts.Empty{
				Icon:  "git-pull-request",
				Title: "No pull requests yet",
				Text:  "Pull requests that fix issues are listed here, of targets and their forks.",
			},
		})}
}
