package derive

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// BeginCampaignOn stores a campaign that Check passed, of the issues that match
// returns, in one transaction. The error is CodeConflict where a query names
// another number of issues than was confirmed, where an open campaign has the
// name, or where there are too many, and CodeInvalid for too many issues; then
// nothing is stored.
func (w *Writer) BeginCampaignOn(
	ctx context.Context, c telemetry.NewCampaign, match func(*store.Tx) ([]int64, error),
) (made telemetry.Campaign, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		endDecisions(tx)
		ids, err := match(tx)
		switch {
		case err != nil:
			return err
		case int64(len(ids)) != c.Expect:
			return telemetry.Errorf(telemetry.CodeConflict,
				"The query now names %d issues, and not %d. No campaign was begun. Confirm the new number.", len(ids), c.Expect)
		case len(ids) > telemetry.CampaignIssuesMost:
			return telemetry.TooManyCampaignIssues(int64(len(ids)))
		}
		if made, err = tx.AddCampaign(c); err != nil {
			return err
		}
		campaignIssues.put(tx, made.ID, ids)
		tx.Touch(telemetry.TopicCampaigns)
		return tx.Err()
	})
	return made, err
}
