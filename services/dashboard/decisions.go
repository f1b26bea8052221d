package dashboard

import (
	"context"
	"fmt"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Decider stores what people decide about issues.
type Decider interface {
	Decide(ctx context.Context, d telemetry.NewDecision, a query.Ask) (telemetry.Decision, error)
	UndoDecision(ctx context.Context, id int64, by string) (telemetry.Decision, error)
}

// Decide makes a decision of the person who asks. The error says what is wrong
// with it, in words; then nothing was decided.
func (d *Dashboard) Decide(ctx context.Context, n telemetry.NewDecision, now time.Time) (telemetry.Decision, error) {
	n.By = telemetry.NameOf(ctx)
	if n.Assignee == telemetry.Me {
		n.Assignee = n.By
	}
	n, err := n.Check(now, d.knows(ctx))
	if err != nil {
		return telemetry.Decision{}, err
	}
	a := query.Ask{}
	if n.Issues == nil && n.Needs == nil {
		if a.Query, err = Parse(d.Issues, n.Query); err != nil {
			return telemetry.Decision{}, err
		}
	}
	made, err := d.o.Decider.Decide(ctx, n, a)
	switch {
	case err != nil:
	case made.Repeated:
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: subjectOf(made, n.Issues), After: "the same request again, nothing was decided anew"})
	default:
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: subjectOf(made, n.Issues), After: made.Words()})
	}
	return made, err
}

// People are those who have come in, by name.
func (d *Dashboard) People(ctx context.Context) ([]telemetry.Person, error) {
	if d.o.People == nil {
		return nil, nil
	}
	return d.o.People(ctx)
}

// Undo takes a decision back, for all its issues.
func (d *Dashboard) Undo(ctx context.Context, id int64) (telemetry.Decision, error) {
	undone, err := d.o.Decider.UndoDecision(ctx, id, telemetry.NameOf(ctx))
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{
			Subject: subjectOf(undone, nil), Before: undone.Words(), After: "undone",
		})
	}
	return undone, err
}

// subjectOf names in the audit log what a decision is about.
func subjectOf(d telemetry.Decision, issues []string) string {
	if len(issues) == 1 {
		return issues[0]
	}
	if len(d.Needs) > 0 {
		return fmt.Sprintf("decision %d, rows: %d", d.ID, len(d.Needs))
	}
	return fmt.Sprintf("decision %d, issues: %d", d.ID, d.Issues)
}
