package details

import (
	"cmp"
	"context"
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Campaigns is the list of campaigns.
func (w *Web) Campaigns() shell.Panel {
	return shell.Panel{
		Name: "campaigns", Title: "Campaigns", Page: links.Campaigns, Topics: shell.CampaignTopics(), Every: "60s", Clock: true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			l := panels.CampaignList{Frame: v.Frame(), Empty: shell.NoCampaigns()}
			l.Plain = true
			var err error
			if l.Rows, err = w.CampaignRows(ctx, false); err != nil {
				return nil, err
			}
			l.Switch, err = w.sendSwitch(ctx, l.Rows)
			return panels.Campaigns(l), err
		},
	}
}

// CampaignsPage is the page of all campaigns.
func (w *Web) CampaignsPage(c *fiber.Ctx) error {
	v, err := w.ViewOf(c, w.Campaigns())
	if err != nil {
		return err
	}
	body := pages.Body{
		Title: "Campaigns", Rows: [][]templ.Component{v.Row(c.UserContext(), w.Campaigns())},
		Facts: []pages.Fact{{Icon: "plus", Link: parts.Link{
			Text: "Begin one from the list of issues", URL: links.Matching(links.Issues, shell.QueryOpen+" severity:critical,high"),
		}}},
	}
	return w.Show(c, shell.Screen{Title: "Campaigns", Current: links.Campaigns, Body: body})
}

// NewCampaignPage is the form of a campaign of the issues that its address names.
func (w *Web) NewCampaignPage(c *fiber.Ctx) error {
	return w.showNewCampaign(c, fiber.StatusOK, shell.QueryOf(c), nil)
}

func (w *Web) showNewCampaign(c *fiber.Ctx, status int, form url.Values, fault error) error {
	ctx, text := c.UserContext(), form.Get("q")
	if !form.Has("q") {
		text = shell.QueryOpen
	}
	q, err := dashboard.Parse(w.Dashboard.Issues, text)
	if err != nil {
		return err
	}
	n, err := w.Dashboard.Issues.Counts(ctx, []query.Ask{{Query: q}})
	if err != nil {
		return err
	}
	if n[0] == 0 {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"The query %s names no issue: nothing is left for a campaign. Change it in the list of issues.", telemetry.Shown(cmp.Or(text, `""`)))
	}
	f, err := w.campaignForm(ctx, form)
	if err != nil {
		return err
	}
	f.Of, f.Issues = text, parts.Link{Text: parts.Plural(n[0], "issue", ""), URL: links.Matching(links.Issues, text)}
	f.Fields = []parts.Field{{Name: "q", Value: text}, {Name: "expect", Value: parts.Decimal(n[0])}}
	if fault != nil {
		f.Fault = telemetry.Sentence(fault)
	}
	body := pages.Body{
		Title: "New campaign", Breadcrumbs: []parts.Link{{Text: "Campaigns", URL: links.Campaigns}},
		Rows: [][]templ.Component{{panels.NewCampaign(f)}},
	}
	return w.Show(c, shell.Screen{Title: "New campaign", Current: links.Campaigns, Status: status, Body: body})
}

// campaignForm is a form with what was typed.
func (w *Web) campaignForm(ctx context.Context, form url.Values) (f panels.CampaignForm, err error) {
	f = panels.CampaignForm{
		Name: form.Get("name"), Owner: form.Get("owner"), Due: form.Get("due"), Session: form.Get("max_sessions"), ACUs: form.Get("max_acus"),
		PerDay: form.Get("per_day"), Floor: form.Get("floor"),
		Least: panels.DateField(telemetry.At(w.Now())),
	}
	f.People, err = w.Assignable(ctx)
	return f, err
}

// BeginCampaign begins a campaign, and leads to its page. What is wrong is said
// with what was typed, and the number of issues that the query names now.
func (w *Web) BeginCampaign(c *fiber.Ctx) error {
	form := campaignValues(c)
	n := telemetry.NewCampaign{Name: form.Get("name"), Query: form.Get("q"), Owner: form.Get("owner")}
	made, err := func() (made telemetry.Campaign, err error) {
		if n.Expect, err = telemetry.NumberParam("expect", form.Get("expect"), 0, 0, 1<<40); err != nil {
			return made, err
		}
		if n.Due, err = telemetry.DueParam(form.Get("due")); err != nil {
			return made, err
		}
		if n.MaxSessions, n.MaxACUs, err = budgetOf(form); err != nil {
			return made, err
		}
		return w.Dashboard.BeginCampaign(c.UserContext(), n, w.Now())
	}()
	if err == nil {
		return c.Redirect(links.Campaign(made.ID), fiber.StatusSeeOther)
	}
	if code := telemetry.CodeOf(err); code != telemetry.CodeInvalid && code != telemetry.CodeConflict {
		return err
	}
	return w.showNewCampaign(c, shell.FaultStatus(err), form, err)
}

func campaignValues(c *fiber.Ctx) url.Values {
	values := url.Values{}
	for _, name := range []string{"id", "version", "q", "expect", "name", "owner", "due", "was", "max_sessions", "max_acus",
		"per_day", "floor"} {
		values.Set(name, c.FormValue(name))
	}
	return values
}

// budgetOf reads the limits of a form, of which an empty one is none.
func budgetOf(form url.Values) (sessions, acus int64, err error) {
	for name, into := range map[string]*int64{"max_sessions": &sessions, "max_acus": &acus} {
		if text := form.Get(name); text != "" && err == nil {
			*into, err = telemetry.NumberParam(name, text, 10, -1, 1<<40)
		}
	}
	return sessions, acus, err
}

// EditCampaign changes a campaign, and leads back to its page.
func (w *Web) EditCampaign(c *fiber.Ctx) error {
	form := campaignValues(c)
	id, err := telemetry.NumberParam("id", form.Get("id"), 1, 0, 1<<62)
	if err != nil {
		return err
	}
	name, owner := form.Get("name"), form.Get("owner")
	e := telemetry.CampaignEdit{Version: form.Get("version"), Name: &name, Owner: &owner}
	err = func() error {
		sessions, acus, err := budgetOf(form)
		if err != nil {
			return err
		}
		e.MaxSessions, e.MaxACUs = &sessions, &acus
		due, err := telemetry.DueParam(form.Get("due"))
		if err != nil {
			return err
		}
		if form.Get("due") != form.Get("was") { // one that has passed may stay
			e.Due = &due
		}
		_, err = w.Dashboard.EditCampaign(c.UserContext(), id, e, w.Now())
		return err
	}()
	return w.campaignChanged(c, id, form, err)
}

// campaignChanged leads to the page of a campaign that was changed, or shows it with
// why it was not.
func (w *Web) campaignChanged(c *fiber.Ctx, id int64, form url.Values, err error) error {
	if err == nil {
		return c.Redirect(links.Campaign(id), fiber.StatusSeeOther)
	}
	if code := telemetry.CodeOf(err); code != telemetry.CodeInvalid && code != telemetry.CodeConflict {
		return err
	}
	v := shell.View{Panel: w.Campaign(), Subject: parts.Decimal(id), Query: url.Values{}, Form: form, Fault: err}
	return w.showDetail(c, v, w.LoadCampaign, w.CampaignNeeds(), w.CampaignForm())
}

// CloseCampaign ends a campaign, and leads back to its page.
func (w *Web) CloseCampaign(c *fiber.Ctx) error {
	id, err := telemetry.NumberParam("id", c.FormValue("id"), 1, 0, 1<<62)
	if err != nil {
		return err
	}
	if _, err = w.Dashboard.CloseCampaign(c.UserContext(), id); err != nil {
		return err
	}
	return c.Redirect(links.Campaign(id), fiber.StatusSeeOther)
}
