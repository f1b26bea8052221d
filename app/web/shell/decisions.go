package shell

import (
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// DecisionActions are what can be decided about an open issue. Whom one can
// assign is not in them.
func DecisionActions() []panels.DecisionAction {
	var reasons []parts.Field
	for _, r := range telemetry.DismissReasons() {
		reasons = append(reasons, parts.Field{Name: string(r), Value: r.Words()})
	}
	return []panels.DecisionAction{
		{Name: string(telemetry.ActionDismiss), Text: "Dismiss…", Button: "Dismiss", Reasons: reasons},
		{Name: string(telemetry.ActionAccept), Text: "Accept risk…", Button: "Accept risk", Until: true},
		{Name: string(telemetry.ActionAssign), Text: "Assign…", Button: "Assign"},
		{Name: string(telemetry.ActionSnooze), Text: "Snooze…", Button: "Snooze", Until: true},
		CommentAction(),
	}
}

// CommentAction is what is left of them where an issue is fixed.
func CommentAction() panels.DecisionAction {
	return panels.DecisionAction{Name: string(telemetry.ActionComment), Text: "Comment…", Button: "Comment", Required: true}
}
