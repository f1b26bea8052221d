package api

import (
	"maps"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

type needAction struct {
	Name   string `json:"name"` // reply, review, merge, dispatch, look
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

func (a *API) needOf(now time.Time) func(telemetry.NeedRow) needItem {
	return func(n telemetry.NeedRow) needItem {
		item := needItem{NeedRow: n, Subject: n.Subject(), Detail: n.Detail(), Action: needActionOf(n), Links: needLinks(n)}
		item.Action.URL = a.Base.To(item.Action.URL)
		for name, address := range item.Links {
			item.Links[name] = a.Base.To(address)
		}
		if !n.Since.IsZero() {
			item.AgeHours = hours(max(0, now.Sub(n.Since.Time)))
		}
		return item
	}
}

// needActionOf is the one thing to do.
func needActionOf(n telemetry.NeedRow) needAction {
	name, label := n.Need.Action()
	switch n.Need {
	case telemetry.NeedWaiting:
		return needAction{name, label, fiber.MethodPost, links.APIMessages(n.SessionID)}
	case telemetry.NeedReview, telemetry.NeedMerge:
		return needAction{name, label, fiber.MethodGet, n.PullURL}
	case telemetry.NeedStuck:
		return needAction{name, label, fiber.MethodGet, n.SessionURL}
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

// needsAttention answers what waits for a person.
func (a *API) needsAttention(c *fiber.Ctx) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	f := telemetry.NeedFilter{}
	if f.Repo, err = repoParam(c); err != nil {
		return err
	}
	if f.Needs, err = telemetry.WordsParam("group", c.Query("group"), telemetry.Needs()); err != nil {
		return err
	}
	now := a.now().UTC().Truncate(time.Minute)
	list, err := a.Dashboard.Attention(c.UserContext(), f, now, p)
	if err != nil {
		return err
	}
	answer := needList{envelope: envelopeOf(mapped(list.Items, a.needOf(now)), list.Total, p), Links: a.paths(list.Links)}
	for _, need := range telemetry.Needs() {
		answer.Groups = append(answer.Groups, needGroup{need, need.Label(), list.Counts[need]})
	}
	return send(c, fiber.StatusOK, answer)
}
