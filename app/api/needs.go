package api

import (
	"context"
	"maps"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

type needAction struct {
	Name   string `json:"name"` // reply, review, merge, resolve, checks, dispatch, look
	Label  string `json:"label"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

// needItem is a need in words, with what to do.
type needItem struct {
	telemetry.NeedRow
	Subject  string            `json:"subject"`
	Detail   string            `json:"detail"`
	AgeHours *float64          `json:"age_hours"`
	Action   needAction        `json:"action"`
	Links    map[string]string `json:"links"`
}

// needList is a page of needs with what all of them are.
type needList struct {
	envelope[needItem]
	Groups []needGroup       `json:"groups"`
	Links  map[string]string `json:"links"`
}

type needGroup struct {
	Group telemetry.Need `json:"group"`
	Label string         `json:"label"`
	Total int64          `json:"total"`
}

// needOf counts ages up to the minute of now or of a past time, so that answers of one minute are equal.
func (a *API) needOf(n telemetry.NeedRow, at, past time.Time) needItem {
	item := needItem{NeedRow: n, Subject: n.Subject(), Detail: n.Detail(), Action: needActionOf(n), Links: needLinks(n)}
	asOf := ""
	if !past.IsZero() {
		at, asOf = past, links.Time(past)
	}
	item.Action.URL = a.Base.To(item.Action.URL)
	for name, address := range item.Links {
		item.Links[name] = a.Base.To(links.With(address, "as_of", asOf))
	}
	if !n.Since.IsZero() {
		item.AgeHours = hours(max(0, at.UTC().Truncate(time.Minute).Sub(n.Since.Time)))
	}
	return item
}

// needActionOf is the one thing to do.
func needActionOf(n telemetry.NeedRow) needAction {
	name, label := n.Action()
	switch n.Need {
	case telemetry.NeedWaiting:
		return needAction{name, label, fiber.MethodPost, links.APIMessages(n.SessionID)}
	case telemetry.NeedReview, telemetry.NeedMerge:
		if name == "checks" {
			return needAction{name, label, fiber.MethodGet, n.PullURL + "/checks"}
		}
		return needAction{name, label, fiber.MethodGet, n.PullURL}
	case telemetry.NeedStuck:
		return needAction{name, label, fiber.MethodGet, n.SessionURL}
	}
	if name != "dispatch" {
		return needAction{name, label, fiber.MethodPost, links.APIBatches} // with the row's issues
	}
	return needAction{name, label, fiber.MethodPost, links.APIDispatch}
}

// needLinks are the answers that say more, by what they are about.
func needLinks(n telemetry.NeedRow) map[string]string {
	all := map[string]string{
		"session": links.APISession(n.SessionID),
		"pr":      links.APIPull(n.PullRepo, n.PullNumber),
		"run":     links.APIRun(n.RunFile),
		"repo":    links.APIRepo(n.Repo),
	}
	maps.DeleteFunc(all, func(_, address string) bool { return address == "" })
	return all
}

// needItems are needs with their ages at the time that is asked about.
func (a *API) needItems(_ context.Context, asked query.Ask, rows []telemetry.NeedRow) ([]needItem, error) {
	now := a.now()
	return mapped(rows, func(n telemetry.NeedRow) needItem { return a.needOf(n, now, asked.AsOf) }), nil
}

func (a *API) needs() listed[telemetry.NeedRow, needItem] {
	return listed[telemetry.NeedRow, needItem]{
		list: a.Dashboard.Needs, now: a.now, items: a.needItems,
		params: []param{ofRepo, words("group", "group", telemetry.Needs()), ofQuery},
	}
}

// needsAttention answers what waits for a person, and how much of each group.
func (a *API) needsAttention(c *fiber.Ctx) error {
	l := a.needs()
	asked, err := l.ask(c)
	if err != nil {
		return err
	}
	rows, err := l.list.Rows(c.UserContext(), asked)
	if err != nil {
		return err
	}
	groups, err := a.Dashboard.NeedGroups(c.UserContext(), asked)
	if err != nil {
		return err
	}
	items, err := l.itemsOf(c.UserContext(), asked, rows.Items)
	if err != nil {
		return err
	}
	answer := needList{envelope: envelopeOf(items, rows.Total, asked.Page), Links: a.paths(groups.Links)}
	for _, need := range telemetry.Needs() {
		answer.Groups = append(answer.Groups, needGroup{need, need.Label(), groups.Counts[need]})
	}
	return send(c, fiber.StatusOK, answer)
}
