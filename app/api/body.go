package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// jsonBody decodes the request's body, which must be one JSON object with
// no fields but those of into. The server has bounded its size, and refused
// one that is compressed.
func jsonBody(c *fiber.Ctx, into any) error {
	media, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || media != fiber.MIMEApplicationJSON {
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid body: want JSON, sent with Content-Type: application/json.")
	}
	d := json.NewDecoder(bytes.NewReader(c.Request().Body()))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return bodyError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid body: want one JSON object, not several.")
	}
	return nil
}

// bodyError words a decoding error without the names of Go's types.
func bodyError(err error) error {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return telemetry.Errorf(telemetry.CodeInvalid, "Invalid body: want a JSON object, not a value of type %s.", e.Value)
		}
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid %s: a value of type %s is not accepted.", e.Field, e.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unreadField(strings.Trim(name, `"`))
	}
	return telemetry.Errorf(telemetry.CodeInvalid, "Invalid body: it is empty, cut short or not valid JSON.")
}

// unreadField refuses a field of a body.
func unreadField(name string) error {
	return telemetry.Errorf(telemetry.CodeInvalid,
		"Unknown field %.100q. %s lists the fields; "+
			"JSON needs Content-Type: application/json.", name, links.APIDescription)
}
