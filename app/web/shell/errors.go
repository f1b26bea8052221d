package shell

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// requestID is the header of the request's id, which the log has, too.
const requestID = "X-Request-Id"

// RenderError renders an error in the form of the request: a fragment for a
// panel or a button, else a page. It queries nothing.
func (w *Shell) RenderError(c *fiber.Ctx, status int, message string) (body []byte, contentType string) {
	var out bytes.Buffer
	if id := c.Get(requestID); id != "" && (c.Get("HX-Request") == "" || status >= fiber.StatusInternalServerError) {
		message += " This was request " + id + "."
	}
	page := pages.Problem(w.bareShell(problemTitle(status), ""), problemTitle(status), message, nil, again(c, status)...)
	switch {
	case c.Get("HX-Request") == "" && status == fiber.StatusMisdirectedRequest:
		page = pages.Refused(w.files, problemTitle(status), message)
	case c.Get("HX-Request") == "":
	case strings.HasPrefix(c.Path(), links.ActionSaveView), status == fiber.StatusBadRequest && c.Query("push") != "":
		page = parts.FieldFault(message)
	case strings.HasPrefix(c.Path(), links.Actions):
		page = panels.Failure(notDone(c.Path()), message, false)
	default:
		page = panels.Failure("Cannot load this panel.", message, status >= fiber.StatusInternalServerError)
	}
	_ = page.Render(c.Context(), &out) // into memory: it cannot fail
	return out.Bytes(), "text/html; charset=utf-8"
}

// again links to the same page if it may be available a moment later.
func again(c *fiber.Ctx, status int) []parts.Link {
	switch status {
	case fiber.StatusTooManyRequests, fiber.StatusServiceUnavailable, fiber.StatusGatewayTimeout:
		if c.Method() == fiber.MethodGet {
			return []parts.Link{{Text: "Try again", URL: c.OriginalURL()}}
		}
	}
	return nil
}

func notDone(path string) string {
	switch path {
	case links.ActionReply:
		return "Not sent."
	case links.ActionAcceptScope, links.ActionAcceptListing:
		return "Not changed."
	}
	return "Not started."
}

func problemTitle(status int) string {
	return cmp.Or(map[int]string{
		fiber.StatusBadRequest:                  "Bad request",
		fiber.StatusForbidden:                   "Not allowed",
		fiber.StatusMisdirectedRequest:          "Unknown host name",
		fiber.StatusTooManyRequests:             "Too many requests",
		fiber.StatusNotFound:                    "Not found",
		fiber.StatusMethodNotAllowed:            "Method not allowed",
		fiber.StatusRequestHeaderFieldsTooLarge: "Address too long",
		fiber.StatusServiceUnavailable:          "Temporarily unavailable",
		fiber.StatusGatewayTimeout:              "Temporarily unavailable",
	}[status], "Something went wrong")
}
