package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// OrderBatches stores the batches of an order before anything of them is sent, and
// returns them with their states. An order that is stored already is returned as it
// stands: what two people or a repeated request ask for is sent once. The error is
// CodeConflict where an issue is in a batch that is being sent, and CodeRateLimited
// beyond the order's limit a day; then nothing is stored.
func (s *Store) OrderBatches(ctx context.Context, o telemetry.SendOrder) (list []telemetry.SentBatch, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		if list = batchesWhere(tx, `token = $1`, o.Token); len(list) > 0 || tx.Err() != nil {
			return tx.Err()
		}
		var issues []string
		for _, b := range o.Batches {
			issues = append(issues, b.Issues...)
		}
		if err := underWay(tx, issues); err != nil {
			return err
		}
		if err := withinDay(tx, o); err != nil {
			return err
		}
		for n, b := range o.Batches {
			tx.Insert("batches", "", []Field{
				Col("id TEXT", b.ID), Col("token TEXT", o.Token), Col("ord BIGINT", int64(n)), Col("batch TEXT", JSON(b)),
				Col("state TEXT", string(telemetry.BatchQueued)), Col("owner TEXT", s.program), Col("acus BIGINT", o.MaxACUs), Col("by_name TEXT", o.By),
				Col("at BIGINT", Millis(tx.Now())),
			})
			for _, issue := range b.Issues {
				tx.Insert("batch_issues", "", []Field{Col("batch_id TEXT", b.ID), Col("issue TEXT", issue)})
			}
		}
		tx.Touch(telemetry.TopicSubmissions)
		list = batchesWhere(tx, `token = $1`, o.Token)
		return tx.Err()
	})
	return list, err
}

// underWay refuses issues of which a batch is being sent.
func underWay(tx *Tx, issues []string) error {
	n := One[int64](tx, `SELECT COUNT(DISTINCT i.issue) FROM batch_issues i JOIN batches b ON b.id = i.batch_id
		WHERE b.state IN ('queued', 'begun', 'unknown') AND i.issue `+tx.In(1, "TEXT"), JSON(issues))
	if n == 0 || tx.Err() != nil {
		return tx.Err()
	}
	return telemetry.Errorf(telemetry.CodeConflict,
		"%d of these issues are in a batch that is being sent to Devin, or of which it is not known whether it was. Nothing was sent. "+
			"Look at the batches, and leave these issues out.", n)
}

// withinDay refuses what goes beyond the limit of a day.
func withinDay(tx *Tx, o telemetry.SendOrder) error {
	if o.PerDay == 0 {
		return nil
	}
	day := tx.Now().UTC().Truncate(24 * time.Hour)
	n := One[int64](tx, `SELECT COUNT(*) FROM batches WHERE at >= $1 AND state <> 'failed'`, Millis(day))
	if n+int64(len(o.Batches)) <= o.PerDay || tx.Err() != nil {
		return tx.Err()
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited,
		"Today %d of %d sessions were started from here (MAX_SESSIONS_PER_DAY), and these are %d more. Nothing was sent. "+
			"Send fewer, or go on at 00:00 UTC.", n, o.PerDay, len(o.Batches))
	e.RetryAfter = day.Add(24 * time.Hour).Sub(tx.Now())
	return e
}

// BeginBatch notes that a batch is about to be sent. mine is false where it is not
// queued any more: then somebody else sends it.
func (s *Store) BeginBatch(ctx context.Context, id string) (mine bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		mine = tx.Exec(`UPDATE batches SET state = 'begun', owner = $1 WHERE id = $2 AND state = 'queued'`, s.program, id) > 0
		return tx.Err()
	})
	return mine, err
}

// EndBatch notes what became of a batch. One whose session is known keeps it.
func (s *Store) EndBatch(ctx context.Context, b telemetry.SentBatch) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`UPDATE batches SET state = $1, session = $2, url = $3, error = $4, sent_at = $5 WHERE id = $6 AND state <> 'sent'`,
			string(b.State), string(b.Session), string(b.URL), string(b.Error), Millis(b.SentAt.Time), b.ID)
		tx.Touch(telemetry.TopicSubmissions)
		return tx.Err()
	})
}

// Batches returns the newest batches, those of an order in its order.
func (s *Store) Batches(ctx context.Context, most int64) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch {
		return batchesWhere(tx, `id IN (SELECT id FROM batches ORDER BY at DESC, id LIMIT $1)`, most)
	})
}

// BatchesOf returns the batches of an order.
func (s *Store) BatchesOf(ctx context.Context, token string) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch { return batchesWhere(tx, `token = $1`, token) })
}

// UnsettledBatches are those that were sent and have no record yet, and those
// ordered after a time of which it is not known whether they were.
func (s *Store) UnsettledBatches(ctx context.Context, after time.Time) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch {
		return batchesWhere(tx, `state = 'unknown' AND at > $1 OR state = 'sent' AND NOT EXISTS (
			SELECT 1 FROM files f WHERE f.source = $2 AND f.name = 'sent_' || batches.id || '.json')`, Millis(after), telemetry.SourceSent)
	})
}

func batchesWhere(tx *Tx, where string, args ...any) []telemetry.SentBatch {
	return Rows(tx, `SELECT id, batch, state, session, url, error, acus, by_name, at, sent_at FROM batches WHERE `+where+`
		ORDER BY at DESC, token, ord`, args, func(b *telemetry.SentBatch) []any {
		return []any{&b.ID, batchOf(&b.NewBatch), &b.State, &b.Session, &b.URL, &b.Error, &b.MaxACUs, &b.By, &b.At, &b.SentAt}
	})
}

// batchOf reads a batch as it was ordered.
func batchOf(into *telemetry.NewBatch) any {
	return Column{func(v any) error { return decoded(v, into) }, func() any { return *into }}
}

// settleBatches ends what programs that are gone had begun: what was being sent is
// of an unknown outcome, and what waited was not sent.
func settleBatches(tx *Tx) {
	const gone = `owner NOT IN (SELECT holder FROM leases WHERE name <> 'work')`
	n := tx.Exec(`UPDATE batches SET state = 'unknown' WHERE state = 'begun' AND ` + gone)
	n += tx.Exec(`UPDATE batches SET state = 'failed', error = $1 WHERE state = 'queued' AND `+gone,
		"The program ended before this batch was sent. Send it again.")
	if n > 0 {
		tx.Touch(telemetry.TopicSubmissions)
	}
}
