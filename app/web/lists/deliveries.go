package lists

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Deliveries is the list of webhooks that GitHub delivered.
func (w *Web) Deliveries() shell.Panel {
	return list(w, shell.Panel{
		Name:   "deliveries",
		Title:  "Webhook deliveries",
		Page:   links.Deliveries,
		List:   w.Dashboard.Deliveries,
		Topics: []string{telemetry.TopicDeliveries},
		Menus:  []string{"is", "event", "repo"},
	}, listing[panels.DeliveryRow]{
		noun: "delivery",
		sort: parts.Sort{Key: "received_at", Desc: true},
		from: func(v shell.View, q query.Query) shell.Source[panels.DeliveryRow] {
			return shell.Joined(shell.Asked(w.Dashboard.Deliveries, v, q), shell.Each(deliveryRow))
		},
		none: w.noDeliveries,
		draw: panels.Deliveries,
	})
}

func deliveryRow(d telemetry.Delivery) panels.DeliveryRow {
	r := panels.DeliveryRow{Delivery: d}
	if d.Retryable() {
		r.Retry = parts.Action{
			Text: "Try again", Icon: "sync", URL: links.ActionRetryDelivery, Hidden: []parts.Field{{Name: "id", Value: d.ID}},
		}
	}
	return r
}

func (w *Web) noDeliveries(context.Context, shell.View) (parts.Empty, error) {
	e := parts.Empty{Icon: "sync", Title: "No webhooks delivered yet", Text: "What GitHub sends is listed here, and what came of each."}
	if !w.Settings.Webhooks {
		e.Text = "Set GITHUB_WEBHOOK_SECRET and restart, and add a webhook with that secret at GitHub: then changes show at once. " +
			"The README says how."
	}
	return e, nil
}

// RetryDelivery has a delivery worked off again, and shows it.
func (w *Web) RetryDelivery(c *fiber.Ctx) error {
	d, err := w.Redeliver.RetryDelivery(c.UserContext(), c.FormValue("id"))
	if err != nil {
		return err
	}
	return leadTo(c, links.Matching(links.Deliveries, "id:"+d.ID))
}
