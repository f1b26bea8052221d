package figures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Campaigns returns all campaigns with how far they have come: the open ones
// first, by due date, then the newest.
func (f *Figures) Campaigns(ctx context.Context) ([]telemetry.CampaignRow, error) {
	return store.Get(ctx, f.store, func(tx *store.Tx) []telemetry.CampaignRow {
		rows := campaignsWhere(tx, `1 = 1`)
		slices.SortStableFunc(rows, func(a, b telemetry.CampaignRow) int {
			none := func(t telemetry.Time) int64 {
				if t.IsZero() {
					return store.Never
				}
				return store.Millis(t)
			}
			return cmp.Or(cmp.Compare(store.Flag(!a.ClosedAt.IsZero()), store.Flag(!b.ClosedAt.IsZero())), cmp.Compare(none(a.Due), none(b.Due)),
				cmp.Compare(b.ID, a.ID))
		})
		return rows
	})
}

// CampaignDetail returns a campaign with how it went; found is false for an unknown one.
func (f *Figures) CampaignDetail(ctx context.Context, id int64) (d telemetry.CampaignDetail, found bool, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		d, found = telemetry.CampaignDetail{}, false
		if rows := campaignsWhere(tx, `k.id = $1`, id); len(rows) > 0 {
			found, d.CampaignRow = true, rows[0]
			d.Days = burnDown(tx, d.Campaign)
			d.Pace = d.Paced(d.Days)
		}
		return tx.Err()
	})
	return d, found, err
}

func campaignsWhere(tx *store.Tx, where string, args ...any) []telemetry.CampaignRow {
	columns := store.Names(store.CampaignFields(&telemetry.Campaign{}))
	rows := store.Rows(tx, `SELECT `+columns+` FROM campaigns k WHERE `+where+` ORDER BY k.id`, args,
		func(c *telemetry.CampaignRow) []any { return store.Pointers(store.CampaignFields(&c.Campaign)) })
	byID := map[int64]*telemetry.CampaignRow{}
	for i := range rows {
		rows[i].Counts = map[telemetry.Progress]int64{}
		for _, p := range telemetry.Progresses() {
			rows[i].Counts[p] = 0
		}
		byID[rows[i].ID] = &rows[i]
	}
	lists.CampaignProgress(tx, func(id int64, p telemetry.Progress, n int64) {
		row := byID[id]
		switch {
		case row == nil:
			return
		case p.Done():
			row.Done += n
		default:
			row.Left += n
		}
		row.Counts[p] = n
	})
	campaignCosts(tx, byID)
	for i := range rows {
		rows[i].Unknown = rows[i].Issues - rows[i].Done - rows[i].Left
	}
	return rows
}

// campaignCosts adds what the sessions that took issues of campaigns since these
// began have cost, and what came of it.
func campaignCosts(tx *store.Tx, byID map[int64]*telemetry.CampaignRow) {
	tx.Each(`SELECT k.id, COUNT(DISTINCT s.key), COUNT(DISTINCT CASE WHEN c.milli_acus < 0 THEN s.key END),
			COALESCE(SUM(CASE WHEN c.milli_acus > 0 THEN c.milli_acus ELSE 0 END), 0),
			COUNT(DISTINCT CASE WHEN c.last = 1 AND c.found = 'gone' THEN c.issue_id END)
		FROM campaigns k JOIN (SELECT DISTINCT campaign_id, issue_id FROM campaign_issues) b ON b.campaign_id = k.id
			JOIN claims c ON c.issue_id = b.issue_id AND c.at >= k.at LEFT JOIN sessions s ON s.key = c.session
		GROUP BY k.id`, nil, func(r *store.Row) {
		var id int64
		var sum telemetry.CampaignRow
		r.Scan(&id, &sum.Sessions, &sum.Unpriced, &sum.MilliACU, &sum.Gone)
		if row := byID[id]; row != nil {
			row.Sessions, row.Unpriced, row.MilliACU, row.Gone = sum.Sessions, sum.Unpriced, sum.MilliACU, sum.Gone
		}
	})
}

// burnDown counts the open issues of a campaign when it began, at the end of each
// day (UTC) since, and now or when it was closed.
func burnDown(tx *store.Tx, c telemetry.Campaign) []telemetry.CampaignDay {
	changes := openChanges(tx, c.ID)
	last := tx.Now()
	if !c.ClosedAt.IsZero() {
		last = c.ClosedAt.Time
	}
	days, open, next := []telemetry.CampaignDay{}, int64(0), 0
	note := func(at time.Time) {
		for until := store.Millis(at); next < len(changes) && changes[next].at <= until; next++ {
			open += changes[next].by
		}
		days = append(days, telemetry.CampaignDay{At: telemetry.At(at), Left: open})
	}
	note(c.At.Time)
	end := c.At.UTC().Truncate(24 * time.Hour).Add(24*time.Hour - time.Millisecond)
	for ; end.Before(last); end = end.Add(24 * time.Hour) {
		note(end)
	}
	if last.After(c.At.Time) {
		note(last)
	}
	return days
}

// openChange says by how many more issues are open from a time on.
type openChange struct{ at, by int64 }

// openChanges are those of a campaign, in the order of time: an issue is open in
// its intervals, but for the times for which it was dismissed or accepted.
func openChanges(tx *store.Tx, campaign int64) []openChange {
	const those = ` IN (SELECT b.issue_id FROM campaign_issues b WHERE b.campaign_id = $1)`
	decided := map[int64][][2]int64{}
	tx.Each(`SELECT issue_id, from_at, to_at FROM decided WHERE kind IN ('dismissed', 'accepted') AND issue_id`+those+`
		ORDER BY issue_id, from_at`, []any{campaign}, func(r *store.Row) {
		var issue int64
		var span [2]int64
		r.Scan(&issue, &span[0], &span[1])
		decided[issue] = append(decided[issue], span)
	})
	var changes []openChange
	add := func(from, to int64) {
		if from < to {
			changes = append(changes, openChange{from, 1}, openChange{to, -1})
		}
	}
	tx.Each(`SELECT issue_id, from_at, to_at FROM issue_intervals WHERE issue_id`+those, []any{campaign}, func(r *store.Row) {
		var issue, from, to int64
		r.Scan(&issue, &from, &to)
		for _, d := range decided[issue] { // they do not overlap
			add(from, min(d[0], to))
			from = max(from, d[1])
		}
		add(from, to)
	})
	slices.SortFunc(changes, func(a, b openChange) int { return cmp.Compare(a.at, b.at) })
	return changes
}
