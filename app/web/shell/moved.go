package shell

import (
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Moved sends a browser from the page of a former name to that of the present
// one, with its query. It is not to be kept: a name can come back.
func Moved(c *fiber.Ctx, page string) error {
	if query := c.Request().URI().QueryString(); len(query) > 0 {
		page += "?" + string(query)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(page, fiber.StatusMovedPermanently)
}

// IsFormer reports whether a page was asked for by a former name of a repository.
// htmx is answered by what it asked for.
func IsFormer(c *fiber.Ctx, name string, repo telemetry.RepoName) bool {
	return c.Get("HX-Request") == "" && telemetry.ParseRepo(name).Key() != repo.Key()
}
