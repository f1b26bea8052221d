package shell

import (
	"cmp"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// FaultStatus is the status of a form that is shown again: 409 where it is not
// known whether what it asks for was done, or another program does it.
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
