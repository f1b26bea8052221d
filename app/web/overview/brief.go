package overview

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Queue is the open pull requests that wait longest.
func (w *Web) Queue() shell.Panel {
	return panel("queue", "PR queue", w.drawQueue, shell.Everything()...)
}

// briefRows is how many rows an overview shows of a list.
const briefRows = 5

func (w *Web) drawQueue(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Pulls, shell.QueryOpen)
	if err != nil {
		return nil, err
	}
	t, err := shell.Short(ctx, v, briefRows, parts.Sort{Key: "waiting", Desc: true}, w.PullsOf(v, q))
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "open, oldest first", parts.Link{Text: "All open",
		URL: links.Matching(links.In(v.Scope, links.Pulls), shell.QueryOpen)}
	t.Empty = parts.Empty{Icon: "git-pull-request", Title: "No open pull requests"}
	t.Summary = summarizeQueue(t, w.NowOf(v))
	return panels.PullQueue(t), nil
}

// TopRepos is the repositories with the most critical and high issues.
func (w *Web) TopRepos() shell.Panel {
	return panel("top", "Repositories", w.drawTop, shell.Everything()...)
}

func (w *Web) drawTop(ctx context.Context, v shell.View) (templ.Component, error) {
	t, err := shell.Short(ctx, v, briefRows, parts.Sort{Key: "critical_high", Desc: true}, w.ReposOf(v, query.Query{}))
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "most critical + high first", parts.Link{Text: "All repositories", URL: links.Repos}
	err = w.NoRuns(ctx, &t.Empty, &t.Action)
	t.Summary = summarizeTop(t)
	return panels.TopRepos(t), err
}

// RecentRuns is the latest runs.
func (w *Web) RecentRuns() shell.Panel {
	return panel("recent", "Recent runs", w.drawRecent, telemetry.TopicRecords)
}

func (w *Web) drawRecent(ctx context.Context, v shell.View) (templ.Component, error) {
	t, err := shell.Short(ctx, v, briefRows, parts.Sort{Key: "time", Desc: true}, w.RunsOf(v, query.Query{}))
	if err != nil {
		return nil, err
	}
	t.Note, t.More = "found, opened / closed, batches → sessions", parts.Link{Text: "All runs", URL: links.In(v.Scope, links.Runs)}
	err = w.NoRuns(ctx, &t.Empty, &t.Action)
	t.Summary = summarizeRuns(t)
	return panels.RecentRuns(t), err
}

// DevinNow is the active sessions.
func (w *Web) DevinNow() shell.Panel {
	p := panel("now", "Devin now", w.drawNow, shell.Everything()...)
	p.Every, p.Clock = "15s", true
	return p
}

const nowRows = 10

// queryActive are the sessions that Devin now shows.
const queryActive = "is:active"

func (w *Web) drawNow(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Sessions, queryActive)
	if err != nil {
		return nil, err
	}
	t, err := shell.Short(ctx, v, nowRows, parts.Sort{Key: "state"}, w.SessionsOf(v, q))
	if err != nil {
		return nil, err
	}
	if w.Settings.PollInterval > 0 && w.Settings.Polls {
		t.Note = "polled every " + telemetry.SpanText(w.Settings.PollInterval)
	}
	t.More = parts.Link{Text: "All active", URL: links.Matching(links.In(v.Scope, links.Sessions), queryActive)}
	t.Empty = parts.Empty{
		Icon:  "hubot",
		Title: "No active sessions",
		Text:  "Sessions appear here while they are queued, working, or waiting for you.",
	}
	t.Summary = t.Empty.Title
	if len(t.Rows) > 0 {
		active, err := w.activeTile(ctx, v)
		if err != nil {
			return nil, err
		}
		t.Summary = summarizeSegments(active.Line, "")
	}
	return panels.DevinNow(t), nil
}
