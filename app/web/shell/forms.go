package shell

import (
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Flag reads a field that is true or false. Only one that is not sent is false
// without saying so: a dry run must not become a real one.
func Flag(c *fiber.Ctx, name string) (bool, error) {
	switch strings.ToLower(c.FormValue(name)) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	case "":
		if !c.Context().QueryArgs().Has(name) && !c.Context().PostArgs().Has(name) {
			return false, nil
		}
	}
	return false, telemetry.Errorf(telemetry.CodeInvalid, "Invalid %s: want true or false.", name)
}

// FaultStatus is the status of a form that is shown again: 409 if it is
// unknown whether the action was done, or another program does it.
func FaultStatus(err error) int {
	switch telemetry.CodeOf(err) {
	case telemetry.CodeOutcomeUnknown, telemetry.CodeConflict:
		return fiber.StatusConflict
	}
	return fiber.StatusBadRequest
}

// TokenAfter is the token of a form that is shown again: a fresh one, so that
// it can be sent once more, or its own while another program still sends it.
func TokenAfter(v View, fresh string) string {
	if telemetry.CodeOf(v.Fault) == telemetry.CodeConflict {
		return cmp.Or(v.Form.Get("token"), fresh)
	}
	return fresh
}
