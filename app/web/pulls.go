package web

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specPulls() spec {
	return spec{name: "pulls", title: "Pull requests", page: links.Pulls, tab: links.Pulls, topics: listTopics(), every: "60s",
		list: w.o.Dashboard.Pulls, menus: []string{"is", "repo", "linked", "age"},
		draw: list(w, listing[markedPull, panels.PullRow]{
			noun: "pull request",
			sort: parts.Sort{Key: "waiting", Desc: true},
			from: w.pullsOf,
			row:  w.markedRow,
			draw: panels.Pulls,
			empty: parts.Empty{
				Icon:  "git-pull-request",
				Title: "No pull requests yet",
				Text:  "Pull requests that fix issues are listed here, of targets and their forks.",
			},
		})}
}

func (w *Web) specQueue() spec {
	return spec{name: "queue", title: "PR queue", page: links.Overview, topics: everything(), every: "60s", draw: w.drawQueue}
}

func (w *Web) pullsOf(v view, q query.Query) ask[markedPull] {
	return joined(asked(w.o.Dashboard.Pulls, v, q), w.withMarks)
}

// briefRows is how many rows an overview shows of a list.
const briefRows = 5

func (w *Web) drawQueue(ctx context.Context, v view) (templ.Component, error) {
	q, err := dashboard.Parse(w.o.Dashboard.Pulls, queryOpen)
	if err != nil {
		return nil, err
	}
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "waiting", Desc: true}, w.pullsOf(v, q), w.markedRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "open, oldest first", parts.Link{Text: "All open", URL: links.Matching(links.Pulls, queryOpen)}
	t.Empty = parts.Empty{Icon: "git-pull-request", Title: "No pull request is known to be open"}
	t.Fold = foldQueue(t, w.o.Now())
	return panels.PullQueue(t), nil
}
