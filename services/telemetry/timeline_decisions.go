package telemetry

import "fmt"

// decisionSteps are that a person decided about the issue, and how that ended
// otherwise than by the issue being fixed.
func decisionSteps(d *IssueDecision) []Step {
	step := func(kind StepKind, at Time, text string) Step {
		return Step{Kind: kind, At: at, Source: "person", Text: text, Decided: d}
	}
	steps := []Step{step(StepDecided, d.At, d.Words()+" by "+d.By+"."+d.said())}
	switch {
	case !d.UndoneAt.IsZero():
		steps = append(steps, step(StepDecisionUndone, d.UndoneAt, d.Words()+": undone by "+string(d.UndoneBy)+"."))
	case !d.Until.IsZero() && d.EndedAt.Equal(d.Until.Time):
		steps = append(steps, step(StepDecisionExpired, d.Until, d.Words()+": its time has passed."))
	}
	return steps
}

// Words says what was decided, in a few words.
func (d Decision) Words() string {
	switch d.Action {
	case ActionDismiss:
		return "Dismissed as " + DismissReason(d.Reason).Words()
	case ActionAccept:
		return "Risk accepted until " + minuteText(d.Until)
	case ActionReopen:
		return "Reopened"
	case ActionSnooze:
		if d.Until.IsZero() {
			return "Snoozed until it changes"
		}
		return "Snoozed until " + minuteText(d.Until)
	case ActionAssign:
		if d.Assignee == "" {
			return "Unassigned"
		}
		return "Assigned to " + string(d.Assignee)
	}
	return "Commented"
}

func (d Decision) said() string {
	if d.Comment == "" {
		return ""
	}
	return fmt.Sprintf(" “%s”", d.Comment)
}

func minuteText(t Time) string {
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.UTC().Format("2 Jan 2006")
	}
	return t.UTC().Format("2 Jan 2006 15:04 UTC")
}
