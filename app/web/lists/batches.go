package lists

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Batches is what was sent to Devin from here, and what became of it.
func (w *Web) Batches() shell.Panel {
	return shell.Panel{
		Name: "batches", Title: "Sent to Devin", Page: links.Batches, Params: []string{"order_token", "id", "issue", "state"},
		Topics: append(shell.ListTopics(), telemetry.TopicSubmissions), Every: "30s", Draw: w.drawBatches,
	}
}

// BatchesPage is that list as a page.
func (w *Web) BatchesPage(c *fiber.Ctx) error {
	v, err := w.ViewOf(c, w.Batches())
	if err != nil {
		return err
	}
	list, err := v.Panel.Draw(c.UserContext(), v)
	if err != nil {
		return err
	}
	body := pages.Body{Title: v.Panel.Title, Tabs: w.siblings(v.Panel), Below: []templ.Component{list}}
	return w.Show(c, shell.Screen{Title: v.Panel.Title, Current: links.Activity, Body: body})
}

func (w *Web) drawBatches(ctx context.Context, v shell.View) (templ.Component, error) {
	state, err := telemetry.BatchStateParam(v.Get("state"))
	if err != nil {
		return nil, err
	}
	from := func(ctx context.Context, p query.Page) (telemetry.List[telemetry.SentBatch], error) {
		return w.Dashboard.Batches(ctx, telemetry.BatchFilter{
			Token: v.Get("order_token"), ID: v.Get("id"), Issue: v.Get("issue"), State: state,
			Skip: (p.Number - 1) * p.Size, Most: p.Size,
		})
	}
	t, err := shell.Table(ctx, v, parts.Sort{}, shell.Joined(from, w.batchRows))
	t.Plain = true
	t.Empty = parts.Empty{Icon: "hubot", Title: "Nothing was sent", Text: "Select issues in their list, and choose Send to Devin."}
	return panels.Batches(t), err
}

func (w *Web) batchRows(ctx context.Context, list []telemetry.SentBatch) ([]panels.SentRow, error) {
	var keys []string
	for _, b := range list {
		if b.Session != "" {
			keys = append(keys, string(b.Session))
		}
	}
	sessions, err := w.Dashboard.SessionsByKey(ctx, keys, time.Time{})
	if err != nil {
		return nil, err
	}
	return shell.RowsOf(list, func(b telemetry.SentBatch) panels.SentRow {
		r := panels.SentRow{
			ID: b.ID, Title: strings.Join(b.Rules(), ", "), Repo: b.Repo, Issues: issuesLink(b.Issues), State: panels.BatchState(b.State),
			By: b.By, At: b.At.Time, Error: string(b.Error), Tag: telemetry.BatchTag(b.ID),
		}
		if key := string(b.Session); key != "" {
			r.Session = parts.Link{Text: shell.ShortID(key), URL: w.Settings.DevinWeb.Session(key, string(b.URL))}
			if s, recorded := sessions[key]; recorded {
				r.State, r.Session.URL = panels.SessionState(s.State, s.Reason, s.HasPR), links.Session(key)
			}
		}
		switch b.State {
		case telemetry.BatchFailed:
			r.Retry = parts.Link{Text: "Retry this batch…", URL: links.With(links.Send, "retry", b.ID)}
		case telemetry.BatchUnknown:
			r.Retry = parts.Link{Text: "It was not started: retry…", URL: links.With(links.Send, "retry", b.ID, "not_started", "1")}
		}
		return r
	}), nil
}
