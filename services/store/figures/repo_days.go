package figures

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// RepoDays returns how repositories, named by their keys, went over the last
// days up to the day (UTC) of until. It reads these days alone.
func (f *Figures) RepoDays(ctx context.Context, keys []string, until time.Time, days int) (map[string]telemetry.RepoDays, error) {
	last := store.Day(store.Millis(until))
	return store.Get(ctx, f.store, func(tx *store.Tx) map[string]telemetry.RepoDays {
		out := map[string]telemetry.RepoDays{}
		net := map[string][]int64{}
		for key, open := range store.Map[string, int64](tx, `SELECT key, open FROM repos WHERE key `+tx.In(1, "TEXT"), store.JSON(keys)) {
			net[key] = make([]int64, days)
			out[key] = telemetry.RepoDays{Before: open}
		}
		tx.Each(`SELECT o.key, d.day, SUM(d.net + d.unlisted), SUM(d.closed) FROM repos o JOIN days d ON d.repo_id = o.id
			WHERE o.key `+tx.In(1, "TEXT")+` AND d.day > $2 GROUP BY o.key, d.day`,
			[]any{store.JSON(keys), last - int64(days)}, func(r *store.Row) {
				var key string
				var day, change, closed int64
				r.Scan(&key, &day, &change, &closed)
				v := out[key]
				v.Before -= change
				v.Closed += closed
				out[key] = v
				net[key][min(max(day-last+int64(days)-1, 0), int64(days)-1)] += change
			})
		for key, changes := range net {
			v := out[key]
			open := v.Before
			for _, n := range changes {
				open += n
				v.Open = append(v.Open, open)
			}
			out[key] = v
		}
		return out
	})
}
