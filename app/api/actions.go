package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// action makes the handler that starts a job and answers when it is done, or
// at once with ?async=true. add completes the job's result.
func (a *API) action(kind string, add func(*fiber.Ctx, map[string]any) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		async, err := boolParam(c, "async")
		if err != nil {
			return err
		}
		order := ingest.Order{By: telemetry.ByAPI}
		if kind == ingest.JobBackfill {
			if order.DryRun, err = boolParam(c, "dry_run"); err != nil {
				return err
			}
			if order.Undo, err = boolParam(c, "undo"); err != nil {
				return err
			}
		}
		h, err := a.Jobs.Start(kind, order)
		if err != nil {
			return err
		}
		return answerJob(c, h, async, add)
	}
}

// answerJob answers with a job: at once where async is set, else with its
// result when it has ended.
func answerJob(c *fiber.Ctx, h *ingest.Handle, async bool, add func(*fiber.Ctx, map[string]any) error) error {
	if async {
		j := h.Job()
		c.Set(fiber.HeaderLocation, "/api/jobs/"+j.ID)
		return send(c, fiber.StatusAccepted, jobOf(j))
	}
	j, err := h.Wait(c.UserContext())
	if errors.Is(err, context.Canceled) {
		return stopping(j)
	}
	if err != nil {
		return err
	}
	result := map[string]any{}
	if err := json.Unmarshal(j.Result, &result); err != nil {
		return err
	}
	if add != nil {
		if err := add(c, result); err != nil {
			return err
		}
	}
	return send(c, fiber.StatusOK, result)
}

// stopping tells a waiter that the server stops before its job has ended.
func stopping(j telemetry.Job) error {
	e := telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down; the job %s goes on at its next start.", j.ID)
	e.JobID = j.ID
	return e
}

// boolParam reads a flag from the query, else from a form or a JSON object
// in the body: who writes dry_run=true where it is not read would get the
// real thing.
func boolParam(c *fiber.Ctx, name string) (bool, error) {
	text := c.Query(name)
	if body := c.Request().Body(); text == "" && len(body) > 0 {
		if media, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";"); strings.TrimSpace(media) == fiber.MIMEApplicationJSON {
			var fields map[string]any
			if err := json.Unmarshal(body, &fields); err != nil {
				return false, bodyError(err)
			}
			if v, ok := fields[name]; ok && v != nil {
				text = fmt.Sprint(v)
			}
		} else {
			text = string(c.Request().PostArgs().Peek(name))
		}
	}
	switch strings.ToLower(text) {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	}
	return false, telemetry.Errorf(telemetry.CodeInvalid, "%s: it is true or false.", name)
}

func (a *API) addSessions(c *fiber.Ctx, result map[string]any) error {
	rows, err := a.Dashboard.AllSessions(c.UserContext())
	if err != nil {
		return err
	}
	items := make([]sessionItem, len(rows))
	for i, r := range rows {
		items[i] = sessionOf(r)
	}
	result["sessions"] = items
	return nil
}

func (a *API) addPulls(c *fiber.Ctx, result map[string]any) error {
	rows, err := a.Dashboard.AllPulls(c.UserContext())
	if err != nil {
		return err
	}
	items := make([]pullItem, len(rows))
	for i, r := range rows {
		items[i] = pullOf(r)
	}
	result["prs"], result["total"] = items, len(items)
	return nil
}
