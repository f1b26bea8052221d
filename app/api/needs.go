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

type needItem struct {
	Group      string            `json:"group"`
	Subject    string            `json:"subject"`
	Detail     string            `json:"detail"`
	Since      *string           `json:"since"`
	AgeHours   *float64          `json:"age_hours"`
	Repo       string            `json:"repo"`
	TargetRepo string            `json:"target_repo"`
	SessionID  string            `json:"session_id"`
	PRNumber   int64             `json:"pr_number"`
	IssueIDs   []string          `json:"issue_ids"`
	Action     needAction        `json:"action"`
	Links      map[string]string `json:"links"`
}

func needOf(now time.Time) func(telemetry.NeedRow) needItem {
	return func(n telemetry.NeedRow) needItem {
		item := needItem{
			Group:      string(n.Need),
			Subject:    n.Subject(),
			Detail:     n.Detail(),
			Since:      stamp(n.Since),
			Repo:       string(n.Repo),
			TargetRepo: n.TargetRepo,
			SessionID:  n.SessionID,
			PRNumber:   n.PullNumber,
			IssueIDs:   n.IssueIDs,
			Action:     needActionOf(n),
			Links:      needLinks(n),
		}
		if !n.Since.IsZero() {
			item.AgeHours = hours(max(0, now.Sub(n.Since)))
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
	e := envelopeOf(list.List, p, needOf(now))
	groups := []fiber.Map{}
	for _, need := range telemetry.Needs() {
		groups = append(groups, fiber.Map{"group": need, "label": need.Label(), "total": list.Counts[need]})
	}
	return send(c, fiber.StatusOK, fiber.Map{
		"items":    e.Items,
		"page":     e.Page,
		"per_page": e.PerPage,
		"total":    e.Total,
		"pages":    e.Pages,
		"groups":   groups,
		"links":    paths(list.Links),
	})
}
