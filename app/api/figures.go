package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

func (a *API) repo(c *fiber.Ctx) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	if p.Sort != "" {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"This answer has several lists and cannot be sorted. To sort one, use /api/issues, /api/runs, … with repo=.")
	}
	q, err := a.question(c)
	if err != nil {
		return err
	}
	name := links.Unescape(c.Params("repository")) // of a client that encodes the slash
	if name == "" {
		name = links.Unescape(c.Params("owner")) + "/" + links.Unescape(c.Params("name"))
	}
	d, err := a.Dashboard.RepoDetailAsOf(c.UserContext(), name, q.AsOf, p)
	if err != nil {
		return err
	}
	q.Repo = d.Repo.Name
	s, err := a.Dashboard.Stats(c.UserContext(), q)
	if err != nil {
		return err
	}
	answer := fiber.Map{
		"as_of":    telemetry.At(q.AsOf),
		"repo":     a.repoOf(d.Repo, q.AsOf),
		"stats":    a.figuresOf(s),
		"runs":     envelopeOf([]json.RawMessage(nil), d.Runs.Total, p),
		"sessions": envelopeOf(d.Sessions.Items, d.Sessions.Total, p),
		"prs":      envelopeOf(d.Pulls.Items, d.Pulls.Total, p),
		"issues":   envelopeOf(d.Issues.Items, d.Issues.Total, p),
	}
	runs, err := a.runItems(c.UserContext(), query.Ask{AsOf: q.AsOf}, d.Runs.Items)
	if err != nil {
		return err
	}
	return sendRecords(c, answer, runs)
}

func (a *API) config(c *fiber.Ctx) error { return send(c, fiber.StatusOK, a.Settings) }

func (a *API) description(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	return c.SendString(a.Description)
}

func (a *API) job(c *fiber.Ctx) error {
	id := c.Params("id")
	if j, running := a.Jobs.Running(id); running {
		return send(c, fiber.StatusOK, j)
	}
	j, err := a.Dashboard.JobByID(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, j)
}

// cancelJob ends a running job at its next commit and answers with the job
// as it then is.
func (a *API) cancelJob(c *fiber.Ctx) error {
	j, err := a.Jobs.Cancel(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, j)
}
