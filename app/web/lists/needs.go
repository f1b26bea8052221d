package lists

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Needs is all that waits for a person, group by group.
func (w *Web) Needs() shell.Panel {
	p := list(w, shell.Panel{
		Name:  "needs-you",
		Title: "Needs you",
		Page:  links.NeedsYou,
		List:  w.Dashboard.Needs,
		Usual: shell.NeedsForYou,
		Menus: []string{"for", "group", "severity", "due", "repo", "age"},
	}, listing[panels.NeedRow]{
		noun: "row",
		sort: parts.Sort{Key: "urgency"},
		from: w.NeedsOf,
		none: w.NothingNeeded,
		more: w.drawNeeds,
	})
	p.Topics, p.Every, p.Clock = append(p.Topics, telemetry.TopicSubmissions), "30s", true
	return p
}

// drawNeeds gives the list the heads of its groups, with how much is in each.
func (w *Web) drawNeeds(ctx context.Context, v shell.View, q query.Query, t panels.Table[panels.NeedRow]) (templ.Component, error) {
	l := panels.NeedList{Table: t, Whole: true, Of: q.Without("group").String()}
	l.Desk = needsDesk(ctx, v)
	if t.Sort.Key != "urgency" || t.Sort.Desc {
		return panels.Needs(l), nil
	}
	groups, err := w.Dashboard.NeedGroups(ctx, query.Ask{Repo: v.RepoKey(), AsOf: v.AsOf, Query: q})
	l.Heads = groups.Counts
	return panels.Needs(l), err
}

// needsDesk is the bar of actions for rows of Needs you.
func needsDesk(ctx context.Context, v shell.View) panels.Desk {
	if !v.AsOf.IsZero() || shell.Refusal(ctx, links.ActionSnooze) != "" {
		return panels.Desk{}
	}
	d := panels.Desk{Noun: "row", Box: "row", Keys: map[string]string{"dismiss": "d", "assign": "a"}}
	d.Actions = []parts.Field{{Name: "assign", Value: "Assign…"}, {Name: "dismiss", Value: "Dismiss…"},
		{Name: panels.DeskSend, Value: "Send to Devin…"}}
	for _, s := range panels.Snoozes() {
		d.Actions = append(d.Actions, parts.Field{Name: "snooze:" + s.For, Value: s.Text})
		d.Keys["snooze:"+s.For] = s.Key
	}
	return d
}

// Snooze leaves rows of Needs you alone for a time, or until they change, by one
// decision. One that is done meanwhile is left out.
func (w *Web) Snooze(c *fiber.Ctx) error {
	form := formValues(c)
	length, until := form.Get("for"), time.Time{}
	switch days := map[string]int{"1d": 1, "1w": 7}[length]; {
	case days > 0:
		until = w.Now().AddDate(0, 0, days)
	case length != "change":
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid for: want 1d, 1w or change.")
	}
	made, err := w.Dashboard.Decide(c.UserContext(),
		telemetry.NewDecision{Action: telemetry.ActionSnooze, Needs: append([]string{}, form["row"]...), Until: until}, w.Now())
	if err != nil {
		return err
	}
	if c.Get("HX-Request") == "" {
		return c.Redirect(links.NeedsYou, fiber.StatusSeeOther)
	}
	said := parts.Plural(len(made.Needs), "row", "") + " snoozed until something changes."
	if !until.IsZero() {
		said = parts.Plural(len(made.Needs), "row", "") + " snoozed until " + until.UTC().Format("2 Jan 15:04") + " UTC."
	}
	return shell.Render(c, fiber.StatusOK, panels.Decided(parts.Decimal(made.ID), said))
}

// NeedsPage is the list of what waits for a person. Earlier addresses named
// the group beside the query.
func (w *Web) NeedsPage(c *fiber.Ctx) error {
	if group := c.Query("group"); group != "" && c.Query("q") == "" {
		return c.Redirect(links.With(links.NeedsYou, "q", "group:"+group, "as_of", c.Query("as_of")), fiber.StatusSeeOther)
	}
	return w.ListPage(w.Needs())(c)
}
