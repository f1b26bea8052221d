package api

import (
	"math"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

func (a *API) sources(c *fiber.Ctx) error {
	rows, err := a.Dashboard.Sources(c.UserContext())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{"items": rows})
}

// acceptListing accepts the held listing of a source and answers with the
// refresh that marks its files as gone. kept is how many of the stored files
// it had when the caller looked; without it, whatever it has now is meant.
func (a *API) acceptListing(c *fiber.Ctx) error {
	async, err := boolParam(c, "async")
	if err != nil {
		return err
	}
	if !c.Context().QueryArgs().Has("source") {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"source is missing: want the action repository as owner/name, or an empty value (source=) for RUNS_DIR.")
	}
	kept, err := intParam(c, "kept", 0, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	h, err := a.Jobs.AcceptListing(c.UserContext(), strings.ToLower(c.Query("source")), kept, telemetry.ByAPI)
	if err != nil {
		return err
	}
	return answerJob(c, h, async, nil)
}
