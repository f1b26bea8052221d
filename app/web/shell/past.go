package shell

import (
	"bytes"
	"html"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// HasPast reports whether the page of a path answers for a past time.
func HasPast(path string) bool { return links.HasPast(path) }

// OnlyNow refuses as_of: what h answers has no past.
func (w *Shell) OnlyNow(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		at, err := telemetry.AsOfParam(c.Query("as_of"), w.Now())
		if err == nil && !at.IsZero() {
			err = telemetry.Errorf(telemetry.CodeNoPast, "This page has no past: it shows what is known today. Leave out as_of.")
		}
		if err != nil {
			return err
		}
		return h(c)
	}
}

// PastNotice says that a page shows a past time, and leads back to today.
func (w *Shell) PastNotice(c *fiber.Ctx) []parts.Notice {
	at, err := telemetry.AsOfParam(c.Query("as_of"), w.Now())
	if err != nil || at.IsZero() {
		return nil
	}
	return []parts.Notice{{
		Icon:   "clock",
		Strong: "As of " + at.Format("2 Jan 2006 15:04") + " UTC.",
		Text:   "Shows what was known at that time.",
		Link:   parts.Link{Text: "Show today", URL: links.Now(c.OriginalURL())},
	}}
}

// carried makes the links of a page of a past time lead to the same time. A
// quote in a text is escaped, so that href=" stands in tags only.
func carried(page []byte, asOf string) []byte {
	const begin = ` href="`
	out := make([]byte, 0, len(page)+len(page)/16)
	for {
		at := bytes.Index(page, []byte(begin))
		if at < 0 {
			return append(out, page...)
		}
		out, page = append(out, page[:at+len(begin)]...), page[at+len(begin):]
		end := bytes.IndexByte(page, '"')
		if end < 0 {
			continue
		}
		address := html.UnescapeString(string(page[:end]))
		out, page = append(out, html.EscapeString(links.AsOf(address, asOf))...), page[end:]
	}
}
