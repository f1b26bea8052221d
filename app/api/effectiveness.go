package api

import (
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
)

type rateItem struct {
	Name       string   `json:"name"`
	Issues     int64    `json:"issues"`
	Gone       int64    `json:"gone"`
	FixRate    float64  `json:"fix_rate"`
	ACUs       float64  `json:"acus"`
	ACUsByGone *float64 `json:"acus_per_gone"`
}

func rateOf(r telemetry.Rate) rateItem {
	return rateItem{r.Name, r.Issues, r.Gone, r.Percent(), acus(r.MilliACUs), r.ACUsPerGone()}
}

// acus is a cost of thousandths in ACUs.
func acus(milli int64) float64 { return float64(milli) / 1000 }

func (a *API) effectiveness(c *fiber.Ctx) error {
	q, err := a.question(c)
	if err != nil {
		return err
	}
	e, err := a.Dashboard.Effectiveness(c.UserContext(), q)
	if err != nil {
		return err
	}
	answer := fiber.Map{
		"period":        e.Period.Name,
		"since":         telemetry.At(e.Period.Since),
		"until":         telemetry.At(e.Period.Until),
		"repo":          telemetry.Optional(q.Repo),
		"as_of":         telemetry.At(q.AsOf),
		"issues":        e.Issues,
		"sessions":      e.Sessions,
		"gone":          e.Count(nil, telemetry.FoundGone),
		"still_there":   e.Count(nil, telemetry.FoundStillThere),
		"not_rescanned": e.Count(nil, telemetry.FoundNotScanned),
		"not_merged":    e.Count(nil, telemetry.FoundOpen, telemetry.FoundThrownAway),
		"merge_unknown": e.Unsure,
		"fix_rate":      e.All().Percent(),
		"claims":        claimRows(e),
		"cost":          costOf(e),
		"blocked":       blockedOf(e),
		"thrown_away":   thrownAwayOf(e),
		"links":         a.paths(e.Links),
	}
	for _, group := range telemetry.RateGroups() {
		answer["by_"+string(group)] = mapped(e.Rates[group], rateOf)
	}
	return send(c, fiber.StatusOK, answer)
}

// claimRows are what sessions said against what scans found, and the sums.
func claimRows(e dashboard.Effectiveness) []fiber.Map {
	var rows []fiber.Map
	for _, said := range append(telemetry.Saids(), "") {
		row, of := fiber.Map{"said": telemetry.Optional(said)}, []telemetry.Said{said}
		if said == "" {
			of = nil
		}
		for _, found := range telemetry.Founds() {
			row[string(found)] = e.Count(of, found)
		}
		row["not_merged"], row["issues"] = e.Count(of, telemetry.FoundOpen, telemetry.FoundThrownAway), e.Count(of)
		rows = append(rows, row)
	}
	return rows
}

// costOf is where the ACUs went. What waits for a merge waits for a scan too.
func costOf(e dashboard.Effectiveness) fiber.Map {
	return fiber.Map{
		"acus":             acus(e.All().MilliACUs),
		"gone":             acus(e.Cost[telemetry.FoundGone]),
		"still_there":      acus(e.Cost[telemetry.FoundStillThere]),
		"thrown_away":      acus(e.Cost[telemetry.FoundThrownAway]),
		"not_rescanned":    acus(e.Cost[telemetry.FoundNotScanned] + e.Cost[telemetry.FoundOpen]),
		"per_gone":         e.All().ACUsPerGone(),
		"sessions":         e.Costed,
		"sessions_unknown": e.CostUnknown,
	}
}

func blockedOf(e dashboard.Effectiveness) fiber.Map {
	return fiber.Map{
		"issues": e.Count([]telemetry.Said{telemetry.SaidBlocked}),
		"reasons": mapped(e.Blocked, func(b telemetry.BlockedReason) fiber.Map {
			return fiber.Map{"reason": b.Reason, "issues": b.Issues}
		}),
	}
}

func thrownAwayOf(e dashboard.Effectiveness) fiber.Map {
	items := mapped(e.ThrownAway, func(t telemetry.ThrownAway) fiber.Map {
		item := fiber.Map{"repo": t.Repo, "pr_number": t.Number, "pr_url": t.URL, "closed_at": t.ClosedAt, "session_id": t.Session,
			"issues": t.Issues, "verified_fixed": nil, "acus": telemetry.ACUsOf(t.MilliACUs)}
		if t.Verified >= 0 {
			item["verified_fixed"] = t.Verified
		}
		return item
	})
	return fiber.Map{"pulls": len(items), "items": items}
}
