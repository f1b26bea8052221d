package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Issues is the list of issues.
func (w *Web) Issues() shell.Panel {
	return shell.Panel{
		Name:   "issues",
		Title:  "Issues",
		Page:   links.Issues,
		Tab:    links.Issues,
		Topics: shell.ListTopics(),
		Every:  "60s",
		List:   w.Dashboard.Issues,
		Usual:  shell.QueryOpen,
		Params: []string{"as_of"},
		Menus:  []string{"is", "severity", "family", "repo", "age", "attempts"},
		Draw: list(w, listing[shell.TakenIssue, panels.IssueRow]{
			noun:  "issue",
			sort:  parts.Sort{Key: "severity"},
			from:  w.TakenIssues,
			row:   w.TakenRow,
			draw:  panels.Issues,
			empty: parts.Empty{Icon: "check-circle", Title: "No open issues", Text: "What scans find is listed here."},
		}),
	}
}
