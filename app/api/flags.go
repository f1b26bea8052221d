package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// boolParam reads a flag as readFlags does.
func boolParam(c *fiber.Ctx, name string) (bool, error) {
	set, err := readFlags(c, name)
	return set[name], err
}

// readFlags reads flags from the query, else from a form or a JSON object in
// the body. The body must have no other fields, and each flag a value: a
// misplaced dry_run would otherwise do the real thing. Of a GET only the query
// counts, since its answer is cached by address; a flag without a value is
// false there.
func readFlags(c *fiber.Ctx, names ...string) (map[string]bool, error) {
	texts := map[string]string{}
	writes := c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead
	if writes {
		if err := bodyFields(c, texts); err != nil {
			return nil, err
		}
	}
	for name := range texts {
		if !slices.Contains(names, name) {
			return nil, unreadField(name)
		}
	}
	set := map[string]bool{}
	for _, name := range names {
		text, given := texts[name]
		if c.Context().QueryArgs().Has(name) {
			text, given = c.Query(name), writes
		}
		switch text = strings.ToLower(text); {
		case text == "true", text == "1":
			set[name] = true
		case text == "false", text == "0", text == "" && !given:
		default:
			return nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid %s: want true or false.", name)
		}
	}
	return set, nil
}

// bodyFields reads the fields of a form or of a JSON object as texts, null as
// false. The server has checked the body's type and wrote it in lower case.
func bodyFields(c *fiber.Ctx, into map[string]string) error {
	body := c.Request().Body()
	if len(body) == 0 {
		return nil
	}
	if string(c.Request().Header.ContentType()) != fiber.MIMEApplicationJSON {
		for name, value := range c.Request().PostArgs().All() {
			into[string(name)] = string(value)
		}
		return nil
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return bodyError(err)
	}
	for name, value := range fields {
		if into[name] = "false"; value != nil {
			into[name] = fmt.Sprint(value)
		}
	}
	return nil
}
