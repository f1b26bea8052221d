package api

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// asOf reads as_of.
func (a *API) asOf(c *fiber.Ctx) (time.Time, error) {
	return telemetry.AsOfParam(c.Query("as_of"), a.now())
}

// issue answers one issue; an id that a late record changed is redirected.
func (a *API) issue(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	d, moved, err := a.Dashboard.IssueByID(c.UserContext(), links.Unescape(c.Params("id")), at)
	if err != nil {
		return err
	}
	if moved != "" {
		location := links.With(links.APIIssue(moved), "as_of", c.Query("as_of"))
		c.Set(fiber.HeaderLocation, location)
		return send(c, fiber.StatusMovedPermanently, fiber.Map{"id": moved, "location": a.Base.To(location)})
	}
	return send(c, fiber.StatusOK, issueDetailOf(d))
}

func (a *API) session(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	d, err := a.Dashboard.SessionByID(c.UserContext(), links.Unescape(c.Params("id")), at)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, d)
}

func (a *API) pull(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(c.Params("number"), 10, 64)
	if err != nil || number < 1 {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid number: want a whole number from 1, for example %s.", links.APIPull("owner/name", 12))
	}
	repo := telemetry.ParseRepo(links.Unescape(c.Params("owner")) + "/" + links.Unescape(c.Params("name")))
	d, err := a.Dashboard.PullByRef(c.UserContext(), telemetry.PullRef{Repo: repo, Number: number}, at)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, d)
}

func (a *API) run(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	d, err := a.Dashboard.RunDetail(c.UserContext(), c.Query("source"), links.Unescape(c.Params("file")), at)
	if err != nil {
		return err
	}
	items, err := a.runItems(c.UserContext(), query.Ask{AsOf: at}, []telemetry.RunRow{d.RunRow})
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, runDetailOf(d, items[0]))
}

func (a *API) diff(c *fiber.Ctx) error {
	at, err := a.asOf(c)
	if err != nil {
		return err
	}
	d, err := a.Dashboard.RunDiff(c.UserContext(), c.Query("source"), links.Unescape(c.Params("file")), c.Query("against"), at)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, diffOf(d))
}

// raw answers a file byte for byte as it was fetched. A file that is not a
// record may be anything, so browsers must not interpret it.
func (a *API) raw(c *fiber.Ctx) error {
	f, err := a.Dashboard.Raw(c.UserContext(), c.Query("source"), links.Unescape(c.Params("file")))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/octet-stream")
	if f.Parsed {
		c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	}
	c.Set("X-Blob-SHA", f.SHA)
	return c.Status(fiber.StatusOK).Send(f.Body)
}

// acceptScope accepts a scope-reduced scan as a full one; DELETE, or
// ?undo=true, undoes that.
func (a *API) acceptScope(c *fiber.Ctx) error {
	undo, err := boolParam(c, "undo")
	if err != nil {
		return err
	}
	ctx := c.UserContext()
	d, err := a.Dashboard.RunDetail(ctx, c.Query("source"), links.Unescape(c.Params("file")), time.Time{})
	if err == nil {
		err = a.Scope.AcceptScope(ctx, d.Source, d.File, undo || c.Method() == fiber.MethodDelete, telemetry.ByAPI)
	}
	if err == nil {
		d, err = a.Dashboard.RunDetail(ctx, d.Source, d.File, time.Time{})
	}
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{
		"file":                  d.File,
		"source":                d.Source,
		"repo":                  string(d.Repo),
		"accepted":              d.Accepted,
		"scope_reduced":         d.Reduced,
		"languages_not_scanned": d.Lost,
		"new":                   d.RunRow.New,
		"gone":                  d.RunRow.Gone,
	})
}
