package main

import (
	"context"
	"log/slog"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

const (
	demoCampaignAge = 40 * 24 * time.Hour // how long ago the demo's campaign began
	demoCampaignDue = 30 * 24 * time.Hour // from now
)

// begins begins a campaign once the demo's records are stored, as if some weeks ago. It
// returns when it has begun, or ctx has ended.
func (d demonstration) begins(ctx context.Context, board *dashboard.Dashboard, log *slog.Logger) error {
	before := int64(0)
	for d.on && ctx.Err() == nil {
		now := time.Now()
		began := now.Add(-demoCampaignAge)
		day := began.UTC().Format(time.DateOnly)
		text := "severity:critical,high first:<=" + day + " -closed:<=" + day
		n, err := countOf(ctx, board, text)
		if err == nil && n > 0 && n == before { // the first refresh has stored them all
			if err = beginDemo(ctx, board, text, n, began, now); err == nil {
				return nil
			}
		}
		if err != nil && telemetry.CodeOf(err) != telemetry.CodeConflict && ctx.Err() == nil {
			log.Warn("the demo's campaign was not begun", "err", err)
			return nil
		}
		before = n
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	return nil
}

func beginDemo(ctx context.Context, board *dashboard.Dashboard, text string, n int64, began, now time.Time) error {
	operator := demoTeam()[0]
	operator.Key = "demo"
	_, err := board.BeginCampaign(telemetry.AsPerson(ctx, operator), telemetry.NewCampaign{
		Name: "Critical and high to zero", Query: text, Expect: n, Owner: operator.Name, Due: now.Add(demoCampaignDue),
		MaxSessions: 120, At: began,
	}, now)
	return err
}

// countOf is how many issues a query names.
func countOf(ctx context.Context, board *dashboard.Dashboard, text string) (int64, error) {
	q, err := dashboard.Parse(board.Issues, text)
	if err != nil {
		return 0, err
	}
	counts, err := board.Issues.Counts(ctx, []query.Ask{{Query: q}})
	if err != nil {
		return 0, err
	}
	return counts[0], nil
}
