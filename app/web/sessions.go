package web

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specSessions() spec {
	return spec{name: "sessions", title: "Sessions", page: links.Sessions, tab: links.Sessions, topics: listTopics(), every: "60s",
		list: w.o.Dashboard.Sessions, menus: []string{"is", "family", "repo", "age"},
		draw: list(w, listing[telemetry.SessionRow, panels.SessionRow]{
			noun:  "session",
			sort:  parts.Sort{Key: "state"},
			from:  w.sessionsOf,
			row:   w.sessionRow,
			draw:  panels.Sessions,
			empty: parts.Empty{Icon: "hubot", Title: "No sessions yet", Text: "Devin sessions that runs started are listed here."},
		})}
}

func (w *Web) specNow() spec {
	return spec{name: "now", title: "Devin now", page: links.Overview, topics: everything(), every: "15s", clock: true, draw: w.drawNow}
}

func (w *Web) sessionsOf(v view, q query.Query) ask[telemetry.SessionRow] {
	return asked(w.o.Dashboard.Sessions, v, q)
}

// nowRows is how many active sessions the overview shows.
const nowRows = 10

// queryActive are the sessions that Devin now shows.
const queryActive = "is:active"

func (w *Web) drawNow(ctx context.Context, v view) (templ.Component, error) {
	q, err := dashboard.Parse(w.o.Dashboard.Sessions, queryActive)
	if err != nil {
		return nil, err
	}
	t, err := short(ctx, v, nowRows, parts.Sort{Key: "state"}, w.sessionsOf(v, q), w.sessionRow)
	if err != nil {
		return nil, err
	}
	if w.o.Settings.PollInterval > 0 && w.o.Settings.Polls {
		t.Note = "polled every " + telemetry.SpanText(w.o.Settings.PollInterval)
	}
	t.More = parts.Link{Text: "All active", URL: links.Matching(links.In(v.scope, links.Sessions), queryActive)}
	t.Empty = parts.Empty{
		Icon:  "hubot",
		Title: "Devin is not working on anything",
		Text:  "Sessions appear here while they are queued, working, or waiting for you.",
	}
	t.Fold = t.Empty.Title
	if len(t.Rows) > 0 {
		active, err := w.activeTile(ctx, v)
		if err != nil {
			return nil, err
		}
		t.Fold = foldBits(active.Line, "")
	}
	return panels.DevinNow(t), nil
}
