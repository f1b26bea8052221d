package lists

import (
	"context"

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
		Menus: []string{"group", "severity", "repo", "age"},
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
	l := panels.NeedList{Table: t, Whole: true}
	if t.Sort.Key != "urgency" || t.Sort.Desc {
		return panels.Needs(l), nil
	}
	groups, err := w.Dashboard.NeedGroups(ctx, query.Ask{Repo: v.RepoKey(), AsOf: v.AsOf, Query: q})
	l.Heads = groups.Counts
	return panels.Needs(l), err
}

// NeedsPage is the list of what waits for a person. Earlier addresses named
// the group beside the query.
func (w *Web) NeedsPage(c *fiber.Ctx) error {
	if group := c.Query("group"); group != "" && c.Query("q") == "" {
		return c.Redirect(links.With(links.NeedsYou, "q", "group:"+group, "as_of", c.Query("as_of")), fiber.StatusSeeOther)
	}
	return w.ListPage(w.Needs())(c)
}
