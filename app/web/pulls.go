package web

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specPulls() spec {
	return spec{name: "pulls", title: "Pull requests", page: "/pulls", tab: "/pulls", topics: []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}, every: "60s",
		filters: []string{"state", "repo"}, draw: w.drawPulls}
}

func (w *Web) specQueue() spec {
	return spec{name: "queue", title: "PR queue", page: "/", topics: []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}, every: "60s", draw: w.drawQueue}
}

func (w *Web) pullsPage(c *fiber.Ctx) error { return w.listPage(c, w.specPulls()) }

func (w *Web) pullsOf(f telemetry.PullFilter) ask[telemetry.PullRow] {
	return func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
		return w.o.Dashboard.Pulls(ctx, f, p)
	}
}

func (w *Web) drawPulls(ctx context.Context, v view) (templ.Component, error) {
	f := telemetry.PullFilter{}
	var err error
	if f.Repo, err = v.repoKey(); err != nil {
		return nil, err
	}
	states, err := words(v, "state", []string{"open", "closed", "merged", "unknown"})
	if err != nil {
		return nil, err
	}
	if len(states) > 1 {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "state: give one of open, closed, merged, unknown.")
	}
	if len(states) == 1 {
		f.State = states[0]
	}
	t, err := table(ctx, v, parts.Sort{Key: "created_at"}, w.pullsOf(f), w.pullRow)
	if err != nil {
		return nil, err
	}
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil {
		return nil, err
	}
	choices := []parts.Choice{{Text: "all"}, {Value: "open", Text: "open"}, {Value: "merged", Text: "merged"}, {Value: "closed", Text: "closed"}, {Value: "unknown", Text: "unknown"}}
	t.Filters = append([]parts.Filter{{Name: "state", Label: "State", Value: v.get("state"), Choices: choices}}, repoFilter(v, totals)...)
	t.Empty = parts.Empty{Icon: "git-pull-request", Title: "No pull requests yet", Text: "Pull requests that fix issues are listed here, of targets and their forks."}
	return panels.Pulls(t), nil
}

func (w *Web) drawQueue(ctx context.Context, v view) (templ.Component, error) {
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "created_at"}, w.pullsOf(telemetry.PullFilter{State: "open"}), w.pullRow)
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "open, oldest first", parts.Link{Text: "All pull requests", URL: "/pulls"}
	t.Empty = parts.Empty{Icon: "git-pull-request", Title: "No pull request is known to be open"}
	return panels.Pulls(t), nil
}

// briefRows is how many rows an overview shows of a list.
const briefRows = 5
