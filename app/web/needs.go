package web

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specNeeds() spec {
	return spec{name: "needs", title: "Needs you", page: "/needs-you", topics: everything(), every: "30s", draw: w.drawNeeds}
}

func (w *Web) needsPage(c *fiber.Ctx) error {
	v, err := w.viewOf(c, w.specNeeds())
	if err != nil {
		return err
	}
	return w.show(c, screen{title: "Needs you", current: "/needs-you", body: pages.Body{Title: "Needs you", Rows: [][]templ.Component{{w.panel(c.UserContext(), w.specNeeds(), v)}}}})
}

// queryNeeds are the sessions that wait for a person.
const queryNeeds = "is:waiting,pr_ready,never_started"

// drawNeeds lists what waits for a person: sessions that wait, have a pull
// request to review, or never started; the longest first.
func (w *Web) drawNeeds(ctx context.Context, v view) (templ.Component, error) {
	q, err := telemetry.ParseQuery(telemetry.ListSessions, queryNeeds)
	if err != nil {
		return nil, err
	}
	t, err := short(ctx, v, briefRows, parts.Sort{Key: "age", Desc: true}, w.sessionsOf(v, q), w.sessionRow)
	if err != nil {
		return nil, err
	}
	t.More = parts.Link{Text: "All " + t.Count, URL: searchURL("/sessions", queryNeeds)}
	t.Empty = parts.Empty{Icon: "check-circle", Title: "Nothing needs you"}
	return panels.DevinNow(t), nil
}
