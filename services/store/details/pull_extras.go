package details

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// SessionsByKey returns sessions by their keys; keys that no run record names
// are left out.
func (d *Details) SessionsByKey(ctx context.Context, keys []string) (map[string]telemetry.SessionRow, error) {
	return store.Get(ctx, d.store, func(tx *store.Tx) map[string]telemetry.SessionRow {
		out := map[string]telemetry.SessionRow{}
		for _, row := range d.sessions.Where(tx, `WHERE s.key `+tx.In(1, "TEXT"), store.JSON(keys)) {
			out[row.Key] = row
		}
		return out
	})
}

// PullExtras returns what is shown beside pull requests in a list, by
// PullRef.Key. The issues are those of PullDetail; a pull request without
// issues and verifications is left out.
func (d *Details) PullExtras(ctx context.Context, keys []string) (map[string]telemetry.PullExtras, error) {
	return store.Get(ctx, d.store, func(tx *store.Tx) map[string]telemetry.PullExtras {
		out := map[string]telemetry.PullExtras{}
		list, in := store.JSON(keys), tx.In(1, "TEXT")
		tx.Each(`SELECT x.pull_key, i.severity, COUNT(*) FROM (
				SELECT l.pull_key, a.issue_id FROM links l JOIN attempts a ON a.session = l.session AND a.session <> ''
					WHERE l.ambiguous = 0 AND l.pull_key `+in+`
				UNION SELECT v.pull_key, a.issue_id FROM verifications v JOIN attempts a ON a.record_id = v.id WHERE v.pull_key `+in+`
			) x JOIN issues i ON i.id = x.issue_id GROUP BY x.pull_key, i.severity`, []any{list}, func(r *store.Row) {
			var key, severity string
			var n int64
			r.Scan(&key, &severity, &n)
			m := out[key]
			if m.Severity == nil {
				m.Severity = map[string]int64{}
			}
			m.Severity[severity] = n
			out[key] = m
		})
		tx.Each(`SELECT v.pull_key, v.outcome FROM verifications v WHERE v.pull_key `+in+`
			ORDER BY v.at, v.file, v.source`, []any{list}, func(r *store.Row) {
			var key string
			var outcome telemetry.VerificationOutcome
			r.Scan(&key, &outcome)
			m := out[key]
			m.Outcome = outcome // the latest comes last
			out[key] = m
		})
		return out
	})
}
