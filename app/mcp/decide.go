package mcp

import (
	"context"
	"net/http"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// decision is what a person decided about issues.
type decision struct {
	ID       int64  `json:"id"`
	Action   string `json:"action"`
	Reason   string `json:"reason"`
	Comment  string `json:"comment"`
	By       string `json:"by"`
	At       string `json:"at"`
	Until    string `json:"until"`
	Assignee string `json:"assignee"`
	Standing bool   `json:"standing,omitempty" jsonschema:"Of an issue's decisions: it is in force"`
}

type decideIn struct {
	Action   string   `json:"action" jsonschema:"dismiss, accept, reopen, assign, snooze or comment"`
	Issues   []string `json:"issues,omitempty" jsonschema:"Ids of issues. Leave it out to name them by q"`
	Q        string   `json:"q,omitempty" jsonschema:"A query of issues that names them, instead of ids"`
	Expect   int64    `json:"expect" jsonschema:"How many issues this is about; another number is refused"`
	Reason   string   `json:"reason,omitempty" jsonschema:"Of dismiss: false_positive, wont_fix, used_in_tests or mitigated"`
	Comment  string   `json:"comment,omitempty" jsonschema:"Why; dismiss and accept need one"`
	Until    string   `json:"until,omitempty" jsonschema:"Of accept and snooze: until when, RFC 3339 or a date"`
	Assignee string   `json:"assignee,omitempty" jsonschema:"Of assign: a login, @me, or empty for nobody"`
	Key      string   `json:"idempotency_key,omitempty" jsonschema:"Calls with the same key decide once"`
}

type decideOut struct {
	decision
	Issues  int64  `json:"issues" jsonschema:"How many issues it is about"`
	PageURL string `json:"page_url"`
}

func (s *Server) decide(ctx context.Context, in decideIn) (decideOut, error) {
	var none decideOut
	if len(in.Issues) > 0 && in.Expect != int64(len(in.Issues)) {
		return none, telemetry.Errorf(telemetry.CodeConflict,
			"issues has %d ids, and expect is %d. Nothing was decided. Send the number that you mean.", len(in.Issues), in.Expect)
	}
	sent := map[string]any{
		"action": in.Action, "reason": in.Reason, "comment": in.Comment, "until": in.Until, "assignee": in.Assignee,
	}
	if in.Issues != nil {
		sent["issues"] = in.Issues
	} else {
		sent["q"], sent["expect"] = in.Q, in.Expect
	}
	headers := http.Header{}
	if in.Key != "" {
		headers.Set("Idempotency-Key", in.Key)
	}
	out, err := post[decideOut](ctx, links.APIList("decisions"), sent, headers)
	out.PageURL = s.page(links.Decisions)
	return out, err
}
