package api

import (
	"maps"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
)

// owners are whom issues belong to, with what of theirs is open, overdue, and was
// closed in time.
func (a *API) owners(c *fiber.Ctx) error {
	q, err := a.question(c)
	if err != nil {
		return err
	}
	due, err := a.Dashboard.Due(c.UserContext(), q)
	if err != nil {
		return err
	}
	answer := dueLine(due.All)
	links := dashboard.Links{}
	for place, link := range due.Links {
		switch {
		case strings.HasPrefix(place, "by_owner/"):
			links["items/"+strings.TrimPrefix(place, "by_owner/")] = link
		case !strings.Contains(place, "by_repo/") && !strings.HasPrefix(place, "by_severity/") && !strings.HasPrefix(place, "closed_in_time_"):
			links[place] = link
		}
	}
	items := make([]fiber.Map, len(due.ByOwner))
	for i, l := range due.ByOwner {
		items[i] = dueLine(l)
		items[i]["owner"] = telemetry.Optional(l.Name)
		items[i]["attempted"], items[i]["fixed"], items[i]["fix_rate"] = l.Attempted, l.Fixed, l.FixRate()
	}
	maps.Copy(answer, fiber.Map{
		"period": due.Period.Name,
		"since":  telemetry.At(due.Period.Since),
		"until":  telemetry.At(due.Period.Until),
		"repo":   telemetry.Optional(q.Repo),
		"as_of":  telemetry.At(q.AsOf),
		"items":  items,
		"links":  a.paths(links),
	})
	return send(c, fiber.StatusOK, answer)
}

// dueLine is what JSON has of issues with their due dates.
func dueLine(l telemetry.DueLine) fiber.Map {
	line := closedInTime(l)
	open, listed := fiber.Map{}, int64(0)
	for _, tier := range telemetry.Severities() {
		open[tier] = l.Open[tier]
	}
	for _, n := range l.Open {
		listed += n
	}
	line["open"], line["open_by_severity"] = listed, open
	return line
}

// closedInTime is it without what is open.
func closedInTime(l telemetry.DueLine) fiber.Map {
	return fiber.Map{
		"overdue":             l.Overdue,
		"due_soon":            l.Soon,
		"closed_in_time":      l.InTime,
		"closed_late":         l.Late,
		"closed_in_time_n":    l.N(),
		"closed_in_time_rate": l.Percent(),
	}
}

// dueLines are lines with their names.
func dueLines(lines []telemetry.DueLine, name string) []fiber.Map {
	return mapped(lines, func(l telemetry.DueLine) fiber.Map {
		line := dueLine(l)
		line[name] = l.Name
		return line
	})
}
