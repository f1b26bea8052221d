package figures

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// AutoSends are what decides whether campaigns send by themselves, as far as it is
// stored: of all that are switched on or, where id is not 0, of that campaign.
func (f *Figures) AutoSends(ctx context.Context, id int64) ([]telemetry.AutoSendFacts, error) {
	return store.Get(ctx, f.store, func(tx *store.Tx) []telemetry.AutoSendFacts {
		list := store.AutoSends(tx, id)
		for n := range list {
			list[n].Attempts = campaignAttempts(tx, list[n].Campaign)
			list[n].Attempts.Running += store.One[int64](tx, `SELECT COUNT(*) FROM batches
				WHERE campaign = $1 AND state IN ('queued', 'begun', 'unknown')`, list[n].ID)
		}
		return list
	})
}

// campaignAttempts are the attempts at issues of a campaign since it began, the latest
// first. One has ended when of each of its issues it is known what came of it, or when
// its session is over without a pull request.
func campaignAttempts(tx *store.Tx, c telemetry.Campaign) (a telemetry.CampaignAttempts) {
	tx.Each(`SELECT MAX(CASE WHEN s.state IN (`+lists.ActiveStates+`) AND `+lists.KnownUntil+` > $3 THEN 1 ELSE 0 END),
			MAX(CASE WHEN s.has_pr = 1 THEN 1 ELSE 0 END), SUM(CASE WHEN c.found IN ('gone', 'still_there', 'thrown_away') THEN 0 ELSE 1 END),
			COUNT(*), SUM(CASE WHEN c.found = 'gone' THEN 1 ELSE 0 END)
		FROM claims c LEFT JOIN sessions s ON s.key = c.session
		WHERE c.at >= $2 AND c.issue_id IN (SELECT b.issue_id FROM campaign_issues b WHERE b.campaign_id = $1)
		GROUP BY c.session ORDER BY MAX(c.at) DESC, c.session`,
		[]any{c.ID, store.Millis(c.At), store.Millis(tx.Now()) - telemetry.RecordedFor.Milliseconds()}, func(r *store.Row) {
			var active, linked bool
			var open, issues, gone int64
			r.Scan(&active, &linked, &open, &issues, &gone)
			switch {
			case active || open > 0 && linked:
				a.Running++
			case a.Ended < telemetry.AutoAttempts:
				a.Ended++
				a.Issues += issues
				a.Gone += gone
			}
		})
	return a
}
