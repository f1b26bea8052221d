package api

import (
	"math"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// campaignItem is a campaign with the links of its figures.
type campaignItem struct {
	telemetry.CampaignRow
	Version string            `json:"version"`
	Percent float64           `json:"percent_done"`
	ACUs    float64           `json:"acus"`
	PerGone *float64          `json:"acus_per_gone"`
	Links   map[string]string `json:"links"`

	Sending telemetry.AutoSendState `json:"sending"`
}

// campaignDetail is it with how it went.
type campaignDetail struct {
	campaignItem
	Days []telemetry.CampaignDay `json:"burn_down"`
	Pace telemetry.Pace          `json:"pace"`
}

// campaignAnswer is a campaign as a change has left it.
type campaignAnswer struct {
	telemetry.Campaign
	Version string `json:"version"`
}

type campaignList struct {
	Items  []campaignItem       `json:"items"`
	Total  int                  `json:"total"`
	Switch telemetry.SendSwitch `json:"auto_send_switch"`
}

func (a *API) campaignOf(r telemetry.CampaignRow, l dashboard.Links, sending telemetry.AutoSendState) campaignItem {
	return campaignItem{r, r.Version(), r.Percent(), acus(r.MilliACU), r.ACUsPerGone(), a.paths(l), sending}
}

func (a *API) campaigns(c *fiber.Ctx) error {
	rows, err := a.Dashboard.Campaigns(c.UserContext())
	if err != nil {
		return err
	}
	sending, err := a.Dashboard.Sending(c.UserContext(), rows, a.now())
	if err != nil {
		return err
	}
	all, err := a.Dashboard.SendSwitch(c.UserContext())
	if err != nil {
		return err
	}
	items := mapped(rows, func(r telemetry.CampaignRow) campaignItem {
		return a.campaignOf(r, dashboard.CampaignLinks(&r), sending[r.ID])
	})
	return send(c, fiber.StatusOK, campaignList{items, len(items), all})
}

func (a *API) campaign(c *fiber.Ctx) error {
	id, err := campaignID(c)
	if err != nil {
		return err
	}
	d, err := a.Dashboard.CampaignByID(c.UserContext(), id, a.now())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, campaignDetail{a.campaignOf(d.CampaignRow, d.Links, d.Sending), d.Days, d.Pace})
}

func campaignID(c *fiber.Ctx) (int64, error) {
	return telemetry.NumberParam("id", c.Params("id"), 1, 0, math.MaxInt64)
}

func (a *API) beginCampaign(c *fiber.Ctx) error {
	var in struct {
		Name        string `json:"name"`
		Q           string `json:"q"`
		Expect      int64  `json:"expect"`
		Owner       string `json:"owner"`
		Due         string `json:"due"`
		MaxSessions int64  `json:"max_sessions"`
		MaxACUs     int64  `json:"max_acus"`
	}
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	due, err := telemetry.DueParam(in.Due)
	if err != nil {
		return err
	}
	made, err := a.Dashboard.BeginCampaign(c.UserContext(), telemetry.NewCampaign{
		Name: in.Name, Query: in.Q, Expect: in.Expect, Owner: in.Owner, Due: due, MaxSessions: in.MaxSessions, MaxACUs: in.MaxACUs,
	}, a.now())
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, links.APICampaign(made.ID))
	return send(c, fiber.StatusCreated, campaignAnswer{made, made.Version()})
}

func (a *API) editCampaign(c *fiber.Ctx) error {
	id, err := campaignID(c)
	if err != nil {
		return err
	}
	var in struct {
		Version     string  `json:"version"`
		Name        *string `json:"name"`
		Owner       *string `json:"owner"`
		Due         *string `json:"due"`
		MaxSessions *int64  `json:"max_sessions"`
		MaxACUs     *int64  `json:"max_acus"`
		AutoSend    struct {
			PerDay *int64 `json:"per_day"`
			Floor  *int64 `json:"floor"`
		} `json:"auto_send"`
	}
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	e := telemetry.CampaignEdit{Version: in.Version, Name: in.Name, Owner: in.Owner, MaxSessions: in.MaxSessions, MaxACUs: in.MaxACUs,
		PerDay: in.AutoSend.PerDay, Floor: in.AutoSend.Floor}
	if in.Due != nil {
		due, err := telemetry.DueParam(*in.Due)
		if err != nil {
			return err
		}
		e.Due = &due
	}
	is, err := a.Dashboard.EditCampaign(c.UserContext(), id, e, a.now())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, campaignAnswer{is, is.Version()})
}

func (a *API) closeCampaign(c *fiber.Ctx) error {
	id, err := campaignID(c)
	if err != nil {
		return err
	}
	is, err := a.Dashboard.CloseCampaign(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, campaignAnswer{is, is.Version()})
}

// stopSends answers a request to stop all campaigns from sending by themselves, or to
// let them go on.
func (a *API) stopSends(stop bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		is, err := a.Dashboard.StopSends(c.UserContext(), stop)
		if err != nil {
			return err
		}
		return send(c, fiber.StatusOK, is)
	}
}

// campaignRoutes are the endpoints of campaigns. Their figures have no past.
func (a *API) campaignRoutes(topics []string) []Route {
	path := links.APIList("campaigns")
	topics = append(topics, telemetry.TopicSubmissions) // what they sent by themselves
	get := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Needs: telemetry.RoleViewer, Handle: a.onlyNow(h), Topics: topics, Clock: true}
	}
	does := func(method, path, action string, h fiber.Handler) Route {
		return Route{Method: method, Path: path, Needs: telemetry.RoleOperator, Action: action, Handle: h, Waits: true}
	}
	return []Route{
		get(path, a.campaigns),
		does(fiber.MethodPost, path+"/stop", "stop-auto-send", a.stopSends(true)),
		does(fiber.MethodPost, path+"/resume", "resume-auto-send", a.stopSends(false)),
		get(path+"/:id", a.campaign),
		does(fiber.MethodPost, path, "begin-campaign", a.beginCampaign),
		does(fiber.MethodPatch, path+"/:id", "edit-campaign", a.editCampaign),
		does(fiber.MethodDelete, path+"/:id", "close-campaign", a.closeCampaign),
	}
}
