// Package decisions stores what people decide about the issues that a query
// names: lists says which these are, and derive what follows, in one transaction.
package decisions

import (
	"context"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Decider makes decisions. It is safe for concurrent use.
type Decider struct {
	*derive.Writer
	issues *lists.List[telemetry.IssueRow]
	needs  *lists.List[telemetry.NeedRow]
}

// New returns the decider of a store.
func New(w *derive.Writer) Decider { return Decider{w, lists.Issues(w.Store), lists.Needs(w.Store)} }

// Decide is derive.Writer.DecideOn for the issues that a question names, where
// the decision has no ids, or for rows of Needs you.
func (d Decider) Decide(ctx context.Context, n telemetry.NewDecision, a query.Ask) (telemetry.Decision, error) {
	if n.Needs != nil {
		return d.SnoozeRows(ctx, n, func(tx *store.Tx) (map[string]string, error) { return lists.NeedMarks(d.needs, tx, n.Needs) })
	}
	return d.DecideOn(ctx, n, func(tx *store.Tx) ([]int64, error) { return lists.Matches(d.issues, tx, a) })
}

// BeginCampaign is derive.Writer.BeginCampaignOn for the issues that a question names.
func (d Decider) BeginCampaign(ctx context.Context, c telemetry.NewCampaign, a query.Ask) (telemetry.Campaign, error) {
	return d.BeginCampaignOn(ctx, c, func(tx *store.Tx) ([]int64, error) { return lists.Matches(d.issues, tx, a) })
}
