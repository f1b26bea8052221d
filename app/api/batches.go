package api

import (
	"math"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// batches is the list of what was sent to Devin from here, newest first.
func (a *API) batches(c *fiber.Ctx) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	state, err := telemetry.BatchStateParam(c.Query("state"))
	if err != nil {
		return err
	}
	list, err := a.Dashboard.Batches(c.UserContext(), telemetry.BatchFilter{
		Token: c.Query("order_token"), ID: c.Query("id"), Issue: c.Query("issue"), State: state,
		Skip: (min(p.Number, math.MaxInt32) - 1) * p.Size, Most: p.Size,
	})
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, envelopeOf(array(list.Items), list.Total, query.Page{Number: p.Number, Size: p.Size}))
}

// sendBody is what clients ask to be sent to Devin.
type sendBody struct {
	Issues   []string `json:"issues"`
	Q        string   `json:"q"`
	Expect   int64    `json:"expect"`
	Sessions int64    `json:"sessions"`
	Size     int64    `json:"size"`
	MaxACUs  int64    `json:"max_acus"`
	Anyway   bool     `json:"anyway"`
	Note     string   `json:"note"`
	Playbook string   `json:"playbook_id"`
	DryRun   bool     `json:"dry_run"`
	Campaign int64    `json:"campaign_id"`
}

// sendIssues sends issues to Devin, or answers what that would start.
func (a *API) sendIssues(c *fiber.Ctx) error {
	var in sendBody
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	return a.answerSend(c, in.DryRun, telemetry.SendAsk{
		Issues: in.Issues, Query: in.Q, Expect: in.Expect, Sessions: in.Sessions, Size: in.Size, MaxACUs: in.MaxACUs, Anyway: in.Anyway,
		Note: in.Note, Playbook: in.Playbook,
		Campaign: in.Campaign,
	})
}

// retryBody is how a batch is sent again.
type retryBody struct {
	NotStarted bool   `json:"not_started"`
	MaxACUs    int64  `json:"max_acus"`
	Anyway     bool   `json:"anyway"`
	Note       string `json:"note"`
	Playbook   string `json:"playbook_id"`
	DryRun     bool   `json:"dry_run"`
}

// retryBatch sends a batch again.
func (a *API) retryBatch(c *fiber.Ctx) error {
	var in retryBody
	if len(c.Body()) > 0 {
		if err := jsonBody(c, &in); err != nil {
			return err
		}
	}
	return a.answerSend(c, in.DryRun, telemetry.SendAsk{Retry: links.Unescape(c.Params("id")), NotStarted: in.NotStarted, MaxACUs: in.MaxACUs,
		Anyway: in.Anyway, Note: in.Note, Playbook: in.Playbook})
}

// sendAnswer is what was ordered, and what is left out.
type sendAnswer struct {
	Items   []telemetry.SentBatch `json:"items"`
	LeftOut []telemetry.LeftOut   `json:"left_out"`
}

func (a *API) answerSend(c *fiber.Ctx, dryRun bool, ask telemetry.SendAsk) error {
	key, err := keyOf(c)
	if err != nil {
		return err
	}
	if dryRun {
		plan, err := a.Dashboard.PlanSend(c.UserContext(), ask, a.now())
		if err != nil {
			return err
		}
		telemetry.NoteEffect(c.UserContext(), plan.DryRun())
		return send(c, fiber.StatusOK, plan)
	}
	if ask.Key = telemetry.NewID(); key != "" {
		ask.Key = "api " + telemetry.PersonOf(c.UserContext()).Key + " " + key
	}
	plan, sent, err := a.Dashboard.Send(c.UserContext(), ask, a.now())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusAccepted, sendAnswer{Items: sent, LeftOut: array(plan.Left)})
}
