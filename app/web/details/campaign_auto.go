package details

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
)

// AutoSend switches on or off what a campaign sends by itself, and leads back to its page.
func (w *Web) AutoSend(c *fiber.Ctx) error {
	form := campaignValues(c)
	id, err := telemetry.NumberParam("id", form.Get("id"), 1, 0, 1<<62)
	if err != nil {
		return err
	}
	err = func() error {
		var e telemetry.CampaignEdit
		for name, into := range map[string]**int64{"per_day": &e.PerDay, "floor": &e.Floor} {
			n, err := telemetry.NumberParam(name, form.Get(name), 0, -1, 1<<40)
			if err != nil {
				return err
			}
			*into = &n
		}
		if e.Version = form.Get("version"); *e.PerDay == 0 { // whatever else has changed, it can be switched off, and no more
			e.Version, e.Floor = "", nil
		}
		_, err := w.Dashboard.EditCampaign(c.UserContext(), id, e, w.Now())
		return err
	}()
	return w.campaignChanged(c, id, form, err)
}

// StopSends stops all campaigns from sending by themselves, or lets them go on.
func (w *Web) StopSends(stop bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if _, err := w.Dashboard.StopSends(c.UserContext(), stop); err != nil {
			return err
		}
		return c.Redirect(links.Campaigns, fiber.StatusSeeOther)
	}
}

// sendSwitch is whether all campaigns are stopped, and how many are switched on.
func (w *Web) sendSwitch(ctx context.Context, rows []panels.CampaignRow) (*panels.SendSwitch, error) {
	all, err := w.Dashboard.SendSwitch(ctx)
	s := panels.SendSwitch{SendSwitch: all}
	for _, r := range rows {
		if r.AutoSend.On() && r.ClosedAt.IsZero() {
			s.On++
		}
	}
	return &s, err
}
