package people

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
)

// shareDays is how long a read token holds for which nothing else is said.
const shareDays = "180"

// SharePage shows the address of a feed, a calendar or a badge as others use it,
// or has the form that makes a read token for it.
func (w *Web) SharePage(c *fiber.Ctx) error {
	s, err := sharing(c.Query("address"))
	if err != nil {
		return err
	}
	if s.Open = telemetry.PersonOf(c.UserContext()).Way == telemetry.EntryOpen; s.Open {
		w.made(c, &s, "")
	}
	return w.showShare(c, s, fiber.StatusOK)
}

// sharing is the form of an address.
func sharing(address string) (s panels.Sharing, err error) {
	if !links.IsFeed(address) {
		return s, telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid address: want that of a feed, a calendar or a badge. Open this page from where the dashboard offers one.")
	}
	if s.Address, err = access.Address(address); err != nil {
		return s, err
	}
	s.Days, s.Use = shareDays, "Atom feed"
	switch {
	case links.IsBadge(address):
		s.Use = "Badge"
	case links.IsCalendar(address):
		s.Use = "Calendar of due dates"
	}
	return s, nil
}

// made has the form show the whole address, with the read token of secret if
// there is one.
func (w *Web) made(c *fiber.Ctx, s *panels.Sharing, secret string) {
	s.Made = w.absolute(c, s.Address)
	if secret != "" {
		between := "?"
		if strings.Contains(s.Made, "?") {
			between = "&"
		}
		s.Made += between + access.ReadParam + "=" + secret
	}
	if page := links.BadgePage(s.Address); page != "" {
		s.Markdown = "[![code scanning](" + s.Made + ")](" + w.absolute(c, page) + ")"
	}
}

func (w *Web) showShare(c *fiber.Ctx, s panels.Sharing, status int) error {
	body := pages.Body{Title: "Share an address", Rows: [][]templ.Component{{panels.Share(s)}}}
	return w.Show(c, shell.Screen{Title: body.Title, Status: status, Body: body})
}

// Share makes a read token of an address, and shows the address with it, this once.
func (w *Web) Share(c *fiber.Ctx) error {
	s, err := sharing(c.FormValue("address"))
	if err != nil {
		return err
	}
	s.Days = strings.TrimSpace(c.FormValue("days"))
	days, err := strconv.ParseInt(s.Days, 10, 32)
	if err != nil {
		days = -1 // it is refused with what is wanted
	}
	t, secret, err := w.o.Keys.NewReadToken(c.UserContext(), telemetry.PersonOf(c.UserContext()), s.Address, days)
	if telemetry.CodeOf(err) == telemetry.CodeInvalid || telemetry.CodeOf(err) == telemetry.CodeConflict {
		s.Fault = telemetry.Sentence(err)
		return w.showShare(c, s, shell.FaultStatus(err))
	}
	if err != nil {
		return err
	}
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Subject: t.Label(), After: t.Opens})
	c.Set(fiber.HeaderCacheControl, "no-store")
	w.made(c, &s, secret)
	return w.showShare(c, s, fiber.StatusOK)
}
