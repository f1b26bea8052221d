package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// soonDue is within which time an issue is due soon, for who watches.
const soonDue = 3 * 24 * time.Hour

// Operation reads what those who run the program watch. Each of its questions
// is one to an index, or to a table of few rows.
func (s *Store) Operation(ctx context.Context) (o telemetry.Operation, err error) {
	sources, err := s.Sources(ctx)
	if err != nil {
		return o, err
	}
	err = s.Read(ctx, func(tx *Tx) error {
		now := Millis(tx.Now())
		o = telemetry.Operation{
			Lease:      s.leaseIn(tx),
			Sources:    sources,
			Deliveries: One[int64](tx, `SELECT COUNT(*) FROM deliveries WHERE state = 'queued'`),
			Waiting:    One[int64](tx, `SELECT COUNT(*) FROM notifications WHERE state IN ('waiting', 'failed')`),
			Failing: One[int64](tx, `SELECT COALESCE(SUM(CASE state WHEN 'failed' THEN 1 ELSE 0 END), 0)
				FROM notifications WHERE state IN ('waiting', 'failed')`),
			Overdue: One[int64](tx, `SELECT COUNT(*) FROM issues WHERE overdue = 1`),
			DueSoon: One[int64](tx, `SELECT COUNT(*) FROM issues
				WHERE overdue = 0 AND paused_at = 0 AND state_rank < 4 AND due_at <> 0 AND due_at < $1`, now+soonDue.Milliseconds()),
		}
		o.Jobs = Rows(tx, `SELECT kind, state, COUNT(*) FROM jobs WHERE state IN ($1, $2) GROUP BY kind, state ORDER BY kind, state`,
			[]any{telemetry.JobQueued, telemetry.JobRunning}, func(c *telemetry.JobCount) []any { return []any{&c.Kind, &c.State, &c.N} })
		o.Needs = Rows(tx, `SELECT need, COUNT(*) FROM needs WHERE from_at < $1 AND until_at > $1 GROUP BY need ORDER BY need`,
			[]any{now}, func(c *telemetry.NeedCount) []any { return []any{&c.Need, &c.N} })
		return tx.err
	})
	return o, err
}
