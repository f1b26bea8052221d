package server

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// knownParams refuses a request that writes with a parameter that its route
// does not read: with a misspelled dry_run it would do the real thing. The
// fields of a form to a page's action count as well; those of the API's bodies
// are checked where they are read.
func knownParams(c *fiber.Ctx, known []string) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	for name := range c.Context().QueryArgs().All() {
		if err := knownParam(string(name), known); err != nil {
			return err
		}
	}
	if isAPI(c) {
		return nil
	}
	for name := range c.Context().PostArgs().All() {
		if err := knownParam(string(name), known); err != nil {
			return err
		}
	}
	return nil
}

func knownParam(name string, known []string) error {
	near, least := "", len(name)/2+1
	for _, k := range known {
		if k == name {
			return nil
		}
		if far := telemetry.Distance(strings.ToLower(name), k); far < least {
			near, least = k, far
		}
	}
	hint := "This address accepts no query parameters."
	switch {
	case near != "":
		hint = "Did you mean " + near + "?"
	case len(known) > 0:
		hint = "This address accepts " + strings.Join(known, ", ") + "."
	}
	return telemetry.Errorf(telemetry.CodeInvalid, "Unknown parameter %.100q. %s Nothing was done.", name, hint)
}
