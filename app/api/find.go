package api

import (
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// groupItem is one list's part of a search.
type groupItem[T any] struct {
	List  string `json:"list"`
	Query string `json:"query"`
	Note  string `json:"note"`
	Total int64  `json:"total"`
	Items []T    `json:"items"`
}

func groupOf[R, T any](f dashboard.Found[R], items []T) groupItem[T] {
	g := groupItem[T]{Query: f.Query.String(), Note: f.Note, Total: f.Total, Items: items}
	if f.Query.Schema != nil {
		g.List = f.Query.Schema.Name
	}
	return g
}

func (a *API) search(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	found, err := a.Dashboard.Search(c.UserContext(), c.Query("q"), at)
	if err != nil {
		return err
	}
	runs, err := a.runItems(c.UserContext(), query.Ask{AsOf: at}, found.Runs.Items)
	if err != nil {
		return err
	}
	repos, err := a.repoItems(c.UserContext(), query.Ask{AsOf: at}, found.Repos.Items)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{
		"q":        c.Query("q"),
		"note":     found.Note,
		"exact":    found.Exact,
		"issues":   groupOf(found.Issues, found.Issues.Items),
		"sessions": groupOf(found.Sessions, found.Sessions.Items),
		"prs":      groupOf(found.Pulls, found.Pulls.Items),
		"runs":     groupOf(found.Runs, runs),
		"repos":    groupOf(found.Repos, repos),
	})
}

func (a *API) complete(c *fiber.Ctx) error {
	text := c.Query("q")
	caret, err := intParam(c, "caret", int64(len(text)), 0, 1<<20)
	if err != nil {
		return err
	}
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	list := c.Query("list")
	choices, err := a.Dashboard.Complete(c.UserContext(), list, text, int(caret), at)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{"list": list, "items": choices})
}

// viewItem is a view with the address of its page.
type viewItem struct {
	telemetry.View
	Path string `json:"path"`
}

func (a *API) viewOf(v telemetry.View) viewItem {
	return viewItem{v, a.Base.To(links.View(v.List, v.Query))}
}

func (a *API) views(c *fiber.Ctx) error {
	views, err := a.Dashboard.Views(c.UserContext())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{"items": mapped(views, a.viewOf), "total": len(views)})
}

func (a *API) addView(c *fiber.Ctx) error {
	var in struct {
		Name    string `json:"name"`
		List    string `json:"list"`
		Query   string `json:"query"`
		Replace bool   `json:"replace"`
	}
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	v, err := a.Dashboard.SaveView(c.UserContext(), in.Name, in.List, in.Query, in.Replace)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, links.APIView(v.ID))
	return send(c, fiber.StatusCreated, a.viewOf(v))
}

func (a *API) renameView(c *fiber.Ctx) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	v, err := a.Dashboard.NameView(c.UserContext(), links.Unescape(c.Params("id")), in.Name)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, a.viewOf(v))
}

func (a *API) deleteView(c *fiber.Ctx) error {
	if err := a.Dashboard.RemoveView(c.UserContext(), links.Unescape(c.Params("id"))); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}
