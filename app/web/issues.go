package web

import (
	"context"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// queryOpen is the query of the list of issues where its address names none.
const queryOpen = "is:open"

func (w *Web) specIssues() spec {
	return spec{
		name:   "issues",
		title:  "Issues",
		page:   links.Issues,
		tab:    links.Issues,
		topics: listTopics(),
		every:  "60s",
		list:   w.o.Dashboard.Issues,
		usual:  queryOpen,
		params: []string{"as_of"},
		menus:  []string{"is", "severity", "family", "repo", "age", "attempts"},
		draw: list(w, listing[takenIssue, panels.IssueRow]{
			noun:  "issue",
			sort:  parts.Sort{Key: "severity"},
			from:  w.takenIssues,
			row:   w.takenRow,
			draw:  panels.Issues,
			empty: parts.Empty{Icon: "check-circle", Title: "No open issues", Text: "What scans find is listed here."},
		}),
	}
}

func (w *Web) issuesOf(v view, q query.Query) ask[telemetry.IssueRow] {
	return func(ctx context.Context, p query.Page) (telemetry.List[telemetry.IssueRow], error) {
		asOf, err := telemetry.TimeParam("as_of", v.get("as_of"))
		if err != nil {
			return telemetry.List[telemetry.IssueRow]{}, err
		}
		return w.o.Dashboard.Issues.Rows(ctx, query.Ask{Repo: v.repoKey(), Query: q, AsOf: asOf, Page: p})
	}
}

// everything are the topics of what shows records, sessions and pull
// requests.
func everything() []string {
	return []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}
}
