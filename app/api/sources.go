package api

import (
	"math"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// sourceItem is when a source of data was last read, and what is wrong with
// it.
type sourceItem struct {
	Name     string                 `json:"name"`
	OKAt     *string                `json:"ok_at"`
	FailedAt *string                `json:"failed_at"`
	RetryAt  *string                `json:"retry_at"`
	Error    string                 `json:"error"`
	Code     string                 `json:"code"`
	Missing  int64                  `json:"missing"`
	Held     *telemetry.HeldListing `json:"held_listing"`
}

func (a *API) sources(c *fiber.Ctx) error {
	rows, err := a.Dashboard.Sources(c.UserContext())
	if err != nil {
		return err
	}
	items := make([]sourceItem, len(rows))
	for i, s := range rows {
		items[i] = sourceItem{
			Name:     s.Name,
			OKAt:     stamp(s.OKAt.Time),
			FailedAt: stamp(s.FailedAt.Time),
			RetryAt:  stamp(s.RetryAt.Time),
			Error:    s.Error,
			Code:     string(s.Code),
			Missing:  s.Missing,
			Held:     s.Held,
		}
	}
	return send(c, fiber.StatusOK, fiber.Map{"items": items})
}

// acceptListing takes the held listing of a source for true and answers with
// the refresh that marks its files gone. kept is how many of the stored files
// it had when the caller looked; without it, whatever it has now is meant.
func (a *API) acceptListing(c *fiber.Ctx) error {
	async, err := boolParam(c, "async")
	if err != nil {
		return err
	}
	if !c.Context().QueryArgs().Has("source") {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"source: name the source of the listing: the action repository as owner/name, or leave it empty (source=) for RUNS_DIR.")
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
