package shell

import (
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Icon is the icon of pages with how much is for who looks at them.
func (w *Shell) Icon(c *fiber.Ctx) error {
	n, err := telemetry.NumberParam("n", c.Query("n", "0"), 7, 0, 100)
	if err != nil {
		return err
	}
	icon, err := w.assets.CountedIcon(n)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, max-age=86400")
	c.Set(fiber.HeaderContentType, "image/svg+xml")
	return c.Send(icon)
}
