package overview

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
)

// First is what the overview shows before the first record: one panel
// that says what is awaited, in place of charts of nothing.
func (w *Web) First() shell.Panel {
	p := panel("first", "First run", w.drawFirst, telemetry.TopicRecords)
	p.Every = "30s"
	return p
}

func (w *Web) drawFirst(ctx context.Context, v shell.View) (templ.Component, error) {
	p := panels.FirstRun{Frame: v.Frame()}
	p.Plain = true
	err := w.NoRuns(ctx, &p.Empty, &p.Action)
	return panels.First(p), err
}

// FirstPanel makes the page reload once there is a record.
func (w *Web) FirstPanel(c *fiber.Ctx) error {
	totals, err := w.Dashboard.Totals(c.UserContext())
	if err != nil {
		return err
	}
	if totals.Runs > 0 && c.Get("HX-Request") != "" {
		c.Set("HX-Refresh", "true")
		return c.SendStatus(fiber.StatusNoContent)
	}
	return w.Fragment(w.First())(c)
}

func (w *Web) firstPage(c *fiber.Ctx, v shell.View) error {
	body := pages.Body{Title: "Overview", Rows: [][]templ.Component{{w.First().Within(c.UserContext(), v)}}, First: true}
	w.addMissingSettings(&body)
	return w.Show(c, shell.Screen{Title: "Overview", Current: links.Overview, Body: body})
}
