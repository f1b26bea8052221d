package api

import (
	"math"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// decisions is the list of decisions.
func (a *API) decisions() rows[telemetry.Decision] {
	return rows[telemetry.Decision]{
		list: a.Dashboard.Decisions, now: a.now,
		params: []param{ofRepo, words("action", "action", telemetry.DecisionActions()), texts("issue", "issue"), ofQuery},
	}
}

// decisionBody is a decision as clients ask for one.
type decisionBody struct {
	Issues   []string `json:"issues"`
	Q        string   `json:"q"`
	Expect   int64    `json:"expect"`
	Action   string   `json:"action"`
	Reason   string   `json:"reason"`
	Comment  string   `json:"comment"`
	Until    string   `json:"until"`
	Assignee string   `json:"assignee"`
	Rows     []string `json:"rows"`
}

// keyOf is the key by which a request that is sent again is known, "" for none.
func keyOf(c *fiber.Ctx) (string, error) { return telemetry.IdempotencyKey(c.Get("Idempotency-Key")) }

// decide makes a decision.
func (a *API) decide(c *fiber.Ctx) error {
	var in decisionBody
	if err := jsonBody(c, &in); err != nil {
		return err
	}
	until, err := telemetry.UntilParam(in.Until)
	if err != nil {
		return err
	}
	key, err := keyOf(c)
	if err != nil {
		return err
	}
	d := telemetry.NewDecision{
		Action: telemetry.DecisionAction(in.Action), Reason: telemetry.ReasonOf(in.Reason), Comment: in.Comment, Until: until,
		Assignee: in.Assignee, Key: key,
		Issues: in.Issues, Query: in.Q, Expect: in.Expect, Needs: in.Rows,
	}
	made, err := a.Dashboard.Decide(c.UserContext(), d, a.now())
	if err != nil {
		return err
	}
	return send(c, fiber.StatusCreated, made)
}

// undoDecision takes a decision back.
func (a *API) undoDecision(c *fiber.Ctx) error {
	id, err := telemetry.NumberParam("id", c.Params("id"), 1, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	undone, err := a.Dashboard.Undo(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, undone)
}
