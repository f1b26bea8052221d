package feeds

import (
	"bytes"

	ics "github.com/arran4/golang-ical"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/views/links"
)

// datesMost is how many due dates a calendar has: the nearest, after what is
// overdue.
const datesMost = 500

// calendar answers when the issues of a query are due. Each is an event of a
// day and no task, since most calendars show no tasks of others.
func (f feeds) calendar(c *fiber.Ctx) error {
	list := f.o.Dashboard.Issues
	a, err := asked(c, list)
	if err != nil {
		return err
	}
	rows, err := rowsOf(c.UserContext(), list, a, query.Page{Number: 1, Size: datesMost, Sort: "due", Order: "asc"})
	if err != nil {
		return err
	}
	name := "Due issues"
	if text := a.Query.String(); text != "" {
		name += ": " + text
	}
	cal := ics.NewCalendarFor("Telemetry Dashboard")
	cal.SetMethod(ics.MethodPublish)
	cal.SetXWRCalName(plain(name))
	cal.SetRefreshInterval("PT1H")
	for _, i := range rows {
		if i.DueAt.IsZero() {
			break // what is not due comes last
		}
		day := i.DueAt.UTC()
		e := cal.AddEvent("issue-" + i.PublicID + "@telemetry-dashboard")
		e.SetDtStampTime(latest(i.FirstSeen.At, i.LastSeen.At).UTC())
		e.SetAllDayStartAt(day)
		e.SetAllDayEndAt(day.AddDate(0, 0, 1))
		e.SetSummary(plain(issueTitle(i)))
		e.SetDescription(plain(sentences(place(i), due(i), owners(i.Owners), assignee(string(i.Assignee)))))
		e.SetURL(f.absolute(c, links.Issue(i.PublicID)))
		e.SetTimeTransparency(ics.TransparencyTransparent) // nobody is busy for it
	}
	var body bytes.Buffer
	if err := cal.SerializeTo(&body, ics.WithNewLineWindows); err != nil {
		return err
	}
	return send(c, "text/calendar; charset=utf-8", body.Bytes())
}
