package ingest

import (
	"context"
	"time"
)

// campaignsEvery is how often campaigns are asked whether they send by themselves.
const campaignsEvery = 30 * time.Second

// watchCampaigns has campaigns send by themselves, until the term ends.
func (r *Runner) watchCampaigns(ctx context.Context) {
	if r.o.SendDue == nil || r.o.Starter == nil {
		return
	}
	turn := func() {
		if ctx.Err() == nil {
			r.logFailure("cannot send what campaigns send by themselves", "campaigns", r.o.SendDue(ctx, r.o.Now()))
		}
	}
	r.guarded("campaigns", turn)
	r.repeat(ctx, "campaigns", campaignsEvery, turn)
}
