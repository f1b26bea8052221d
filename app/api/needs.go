package api

import (
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
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

// needLabels are the groups in words, as docs/rules.md#needs-you has them.
func needLabels() map[telemetry.Need]string {
	return map[telemetry.Need]string{
		telemetry.NeedWaiting:      "Waiting for you",
		telemetry.NeedReview:       "PR ready for review",
		telemetry.NeedMerge:        "Verified, not merged",
		telemetry.NeedNeverStarted: "Session never started",
		telemetry.NeedStuck:        "Stuck",
		telemetry.NeedScan:         "Scan overdue",
	}
}

func needOf(now time.Time) func(telemetry.NeedRow) needItem {
	return func(n telemetry.NeedRow) needItem {
		item := needItem{NeedRow: n, Subject: n.Subject(), Detail: n.Detail(), Action: needActionOf(n), Links: needLinks(n)}
		if !n.Since.IsZero() {
			item.AgeHours = hours(max(0, now.Sub(n.Since.Time)))
		}
		return item
	}
}

// needActionOf is the one thing to do.
func needActionOf(n telemetry.NeedRow) needAction {
	switch n.Need {
	case telemetry.NeedWaiting:
		return needAction{"reply", "Reply", fiber.MethodPost, "/api/sessions/" + url.PathEscape(n.SessionID) + "/messages"}
	case telemetry.NeedReview:
		return needAction{"review", "Open PR", fiber.MethodGet, n.PullURL}
	case telemetry.NeedMerge:
		return needAction{"merge", "Open PR to merge", fiber.MethodGet, n.PullURL}
	case telemetry.NeedStuck:
		return needAction{"look", "Open session", fiber.MethodGet, n.SessionURL}
	}
	return needAction{"dispatch", "Dispatch", fiber.MethodPost, "/api/dispatch"}
}

func needLinks(n telemetry.NeedRow) map[string]string {
	links := map[string]string{}
	if n.SessionID != "" {
		links["session"] = "/api/sessions/" + url.PathEscape(n.SessionID)
	}
	if n.PullNumber > 0 {
		links["pr"] = "/api/prs/" + string(n.PullRepo) + "/" + strconv.FormatInt(n.PullNumber, 10)
	}
	if n.RunFile != "" {
		links["run"] = "/api/runs/" + url.PathEscape(n.RunFile)
	}
	if n.Repo != "" {
		links["repo"] = "/api/repo/" + string(n.Repo)
	}
	return links
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
	if f.Needs, err = wordsParam(c, "group", telemetry.Needs()); err != nil {
		return err
	}
	now := a.now().UTC().Truncate(time.Minute)
	list, err := a.Dashboard.Attention(c.UserContext(), f, now, p)
	if err != nil {
		return err
	}
	answer := needList{envelope: envelopeOf(mapped(list.Items, needOf(now)), list.Total, p), Links: paths(list.Links)}
	labels := needLabels()
	for _, need := range telemetry.Needs() {
		answer.Groups = append(answer.Groups, needGroup{need, labels[need], list.Counts[need]})
	}
	return send(c, fiber.StatusOK, answer)
}
