package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// action makes the handler that starts a job and answers when it is done, or
// at once with ?async=true. add completes the job's result.
func (a *API) action(kind string, flags []string, add func(*fiber.Ctx, map[string]any) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		set, err := readFlags(c, flags...)
		if err != nil {
			return err
		}
		h, err := a.Jobs.Start(kind, ingest.Order{By: telemetry.ByAPI, DryRun: set["dry_run"], Undo: set["undo"]})
		if err != nil {
			return err
		}
		return answerJob(c, h, set["async"], add)
	}
}

// answerJob answers with a job: at once where async is set, else with its
// result when it has ended.
func answerJob(c *fiber.Ctx, h *ingest.Handle, async bool, add func(*fiber.Ctx, map[string]any) error) error {
	if async {
		j := h.Job()
		c.Set(fiber.HeaderLocation, links.APIJob(j.ID))
		return send(c, fiber.StatusAccepted, j)
	}
	j, err := h.Wait(c.UserContext())
	if err != nil && c.UserContext().Err() != nil { // the server's end, and not that of a job that a person canceled
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

// stopping is the error for a waiter whose job has not ended when the server stops.
func stopping(j telemetry.Job) error {
	e := telemetry.Errorf(telemetry.CodeStopping, "The server is shutting down. Job %s continues at the next start.", j.ID)
	e.JobID = j.ID
	return e
}

func (a *API) addSessions(c *fiber.Ctx, result map[string]any) error {
	rows, err := a.Dashboard.AllSessions(c.UserContext())
	if err != nil {
		return err
	}
	result["sessions"] = rows
	return nil
}

func (a *API) addPulls(c *fiber.Ctx, result map[string]any) error {
	rows, err := a.Dashboard.AllPulls(c.UserContext())
	if err != nil {
		return err
	}
	result["prs"], result["total"] = rows, len(rows)
	return nil
}

// retryDelivery has a webhook worked off again.
func (a *API) retryDelivery(c *fiber.Ctx) error {
	d, err := a.Redeliver.RetryDelivery(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return send(c, fiber.StatusAccepted, d)
}
