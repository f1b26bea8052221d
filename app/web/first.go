package web

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
)

// specFirst is what the overview shows before the first record: one panel
// that says what is awaited, in place of charts of nothing.
func (w *Web) specFirst() spec {
	return spec{name: "first", title: "First run", page: links.Overview, topics: []string{telemetry.TopicRecords}, every: "30s", draw: w.drawFirst}
}

func (w *Web) drawFirst(ctx context.Context, v view) (templ.Component, error) {
	p := panels.FirstRun{Frame: v.frame()}
	p.Plain = true
	err := w.noRuns(ctx, &p.Empty, &p.Action)
	return panels.First(p), err
}

// firstPanel asks the page to be shown anew once there is a record.
func (w *Web) firstPanel(c *fiber.Ctx) error {
	totals, err := w.o.Dashboard.Totals(c.UserContext())
	if err != nil {
		return err
	}
	if totals.Runs > 0 && c.Get("HX-Request") != "" {
		c.Set("HX-Refresh", "true")
		return c.SendStatus(fiber.StatusNoContent)
	}
	return w.fragment(w.specFirst())(c)
}

// firstPage is the overview before the first record.
func (w *Web) firstPage(c *fiber.Ctx, v view) error {
	body := pages.Body{Title: "Overview", Rows: [][]templ.Component{{w.panel(c.UserContext(), w.specFirst(), v)}}, First: true}
	w.tellMissing(&body)
	return w.show(c, screen{title: "Overview", current: links.Overview, body: body})
}
