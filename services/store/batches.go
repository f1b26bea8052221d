package store

import (
	"cmp"
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// OrderBatches stores the batches of an order before anything of them is sent, and
// returns them with their states. An order that is stored already is returned as it
// stands: what two people or a repeated request ask for is sent once. The error is
// CodeConflict where an issue is in a batch that is being sent, or that was sent
// since the order was planned, or where it goes beyond the budget of its campaign or
// that does not send by itself any more, and CodeRateLimited beyond the order's limit
// a day; then nothing is stored.
func (s *Store) OrderBatches(ctx context.Context, o telemetry.SendOrder) (list []telemetry.SentBatch, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		if list = batchesWhere(tx, `token = $1`+newestFirst, o.Token); len(list) > 0 || tx.Err() != nil {
			return cmp.Or(tx.Err(), telemetry.SameOrder(list, o.Asked))
		}
		var issues []string
		for _, b := range o.Batches {
			issues = append(issues, b.Issues...)
		}
		if err := giveUp(tx, o); err != nil {
			return err
		}
		if err := underWay(tx, issues, o.Known); err != nil {
			return err
		}
		if err := withinDay(tx, o); err != nil {
			return err
		}
		if err := ofCampaign(tx, o, issues); err != nil {
			return err
		}
		for n, b := range o.Batches {
			tx.Insert("batches", "", []Field{
				Col("id TEXT", b.ID), Col("token TEXT", o.Token), Col("ord BIGINT", int64(n)), Col("batch TEXT", JSON(b)),
				Col("state TEXT", string(telemetry.BatchQueued)), Col("owner TEXT", s.program), Col("acus BIGINT", o.MaxACUs),
				Col("by_name TEXT", o.By), Col("at BIGINT", Millis(tx.Now())), Col("asked TEXT", o.Asked),
				Col("campaign BIGINT", o.Campaign), Col("slot BIGINT", millisOrNone(o.Slot)),
			})
			for _, issue := range b.Issues {
				tx.Insert("batch_issues", "", []Field{Col("batch_id TEXT", b.ID), Col("issue TEXT", issue)})
			}
		}
		tx.Touch(telemetry.TopicSubmissions)
		list = batchesWhere(tx, `token = $1`+newestFirst, o.Token)
		return tx.Err()
	})
	return list, err
}

// giveUp ends the batch that an order replaces: a person says that it was not started.
func giveUp(tx *Tx, o telemetry.SendOrder) error {
	if o.Replaces == "" {
		return nil
	}
	tx.Exec(`UPDATE batches SET state = 'failed', error = $1 WHERE id = $2 AND state = 'unknown'`,
		o.By+" said that Devin did not start it, and sent it again.", o.Replaces)
	if One[int64](tx, `SELECT COUNT(*) FROM batches WHERE id = $1 AND state = 'failed'`, o.Replaces) == 1 || tx.Err() != nil {
		return tx.Err()
	}
	return telemetry.Errorf(telemetry.CodeConflict, "The batch was sent meanwhile. Nothing was sent again.")
}

// underWay refuses issues of which a batch is being sent, or was sent unknown to
// who planned this.
func underWay(tx *Tx, issues, known []string) error {
	n := One[int64](tx, `SELECT COUNT(DISTINCT i.issue) FROM batch_issues i JOIN batches b ON b.id = i.batch_id
		WHERE (b.state IN ('queued', 'begun', 'unknown') OR b.state = 'sent' AND NOT b.id `+tx.In(2, "TEXT")+`)
		AND i.issue `+withFormer(tx), JSON(issues), JSON(orNone(known)))
	if n == 0 || tx.Err() != nil {
		return tx.Err()
	}
	return telemetry.Errorf(telemetry.CodeConflict,
		"%d of these issues are in a batch that somebody sends to Devin just now or has just sent, or of which it is not known whether "+
			"it was sent. Nothing was sent. Look at the batches, and choose again.", n)
}

// withFormer is "IN (…)" over the ids of issues in parameter 1, and those that they
// had before.
func withFormer(tx *Tx) string {
	return `IN (WITH RECURSIVE of(id) AS (SELECT CAST(e.value AS TEXT) FROM ` + tx.dialect.jsonTexts() + `
		UNION SELECT r.old_id FROM redirects r JOIN of ON r.new_id = of.id) SELECT id FROM of)`
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// withinDay refuses what goes beyond the limit of a day.
func withinDay(tx *Tx, o telemetry.SendOrder) error {
	if o.PerDay == 0 {
		return nil
	}
	day := tx.Now().UTC().Truncate(24 * time.Hour)
	n := sentSince(tx, day)
	if n+int64(len(o.Batches)) <= o.PerDay || tx.Err() != nil {
		return tx.Err()
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited,
		"Today %d of %d sessions were started from here (MAX_SESSIONS_PER_DAY), and these are %d more. Nothing was sent. "+
			"Send fewer, or go on at 00:00 UTC.", n, o.PerDay, len(o.Batches))
	e.RetryAfter = day.Add(24 * time.Hour).Sub(tx.Now())
	return e
}

// sentSince is how many batches count against the limit of a day that began at a time.
func sentSince(tx *Tx, day time.Time) int64 {
	return One[int64](tx, `SELECT COUNT(*) FROM batches WHERE at >= $1 AND state <> 'failed'`, Millis(day))
}

// BatchesToday is how many batches count against the limit of today (UTC).
func (s *Store) BatchesToday(ctx context.Context) (int64, error) {
	return Get(ctx, s, func(tx *Tx) int64 { return sentSince(tx, tx.Now().UTC().Truncate(24*time.Hour)) })
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

// Batches returns one page of the batches that a filter names, the newest first and
// those of an order in its order, and how many there are.
func (s *Store) Batches(ctx context.Context, f telemetry.BatchFilter) (list telemetry.List[telemetry.SentBatch], err error) {
	return Get(ctx, s, func(tx *Tx) telemetry.List[telemetry.SentBatch] {
		const where = `($1 = '' OR token = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR id = $3)
			AND ($4 = '' OR id IN (SELECT batch_id FROM batch_issues WHERE issue = $4))`
		args := []any{f.Token, string(f.State), f.ID, f.Issue}
		return telemetry.List[telemetry.SentBatch]{
			Items: batchesWhere(tx, where+newestFirst+` LIMIT $5 OFFSET $6`, append(args, f.Most, f.Skip)...),
			Total: One[int64](tx, `SELECT COUNT(*) FROM batches WHERE `+where, args...),
		}
	})
}

// BatchesWith returns the batches that have any of some issues, and have not failed,
// with the ids that their issues have now.
func (s *Store) BatchesWith(ctx context.Context, issues []string) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch {
		list := batchesWhere(tx, `state <> 'failed' AND id IN (SELECT batch_id FROM batch_issues WHERE issue `+withFormer(tx)+`)`+newestFirst,
			JSON(issues))
		for _, b := range list {
			for i, id := range b.Issues {
				b.Issues[i] = cmp.Or(tx.MovedTo(id), id)
			}
		}
		return list
	})
}

// BatchesOf returns the batches of an order.
func (s *Store) BatchesOf(ctx context.Context, token string) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch { return batchesWhere(tx, `token = $1`+newestFirst, token) })
}

// UnsettledBatches are those that were sent and have no record yet, and those of
// which it is not known whether they were.
func (s *Store) UnsettledBatches(ctx context.Context) ([]telemetry.SentBatch, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.SentBatch {
		return batchesWhere(tx, `state = 'unknown' OR state = 'sent' AND NOT EXISTS (
			SELECT 1 FROM files f WHERE f.source = $1 AND f.file = 'sent_' || batches.id || '.json')`+newestFirst, telemetry.SourceSent)
	})
}

// newestFirst is the order of batches: those of an order in its order.
const newestFirst = ` ORDER BY at DESC, token, ord`

func batchesWhere(tx *Tx, where string, args ...any) []telemetry.SentBatch {
	return Rows(tx, `SELECT id, batch, state, session, url, error, acus, by_name, at, sent_at, token, asked, campaign
		FROM batches WHERE `+where, args, func(b *telemetry.SentBatch) []any {
		return []any{&b.ID, batchOf(&b.NewBatch), &b.State, &b.Session, &b.URL, &b.Error, &b.MaxACUs, &b.By, &b.At, &b.SentAt, &b.Order, &b.Asked,
			&b.Campaign}
	})
}

// batchOf reads a batch as it was ordered.
func batchOf(into *telemetry.NewBatch) any {
	return Column{func(v any) error { return decoded(v, into) }, func() any { return *into }}
}

// SettleOwnBatches ends what this program ordered before a time and has not noted the
// end of, while it sends nothing: the database was away then.
func (s *Store) SettleOwnBatches(ctx context.Context, before time.Time) error {
	const own = `owner = $1 AND at < $2`
	some, err := Get(ctx, s, func(tx *Tx) bool {
		return tx.Has(`SELECT 1 FROM batches WHERE state IN ('queued', 'begun') AND `+own, s.program, Millis(before))
	})
	if err != nil || !some {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`UPDATE batches SET state = 'unknown', error = $3 WHERE state = 'begun' AND `+own, s.program, Millis(before), endedWithin)
		tx.Exec(`UPDATE batches SET state = 'failed', error = $3 WHERE state = 'queued' AND `+own, s.program, Millis(before),
			"The database could not be written when this batch was to be sent. Send it again.")
		tx.Touch(telemetry.TopicSubmissions)
		return tx.Err()
	})
}

// endedWithin is why it is not known whether a batch was sent.
const endedWithin = "It is not known whether the session was started: the program ended, or the database was away, " +
	"while it was being started."

// settleBatches ends what programs that are gone had begun: what was being sent is
// of an unknown outcome, and what waited was not sent.
func settleBatches(tx *Tx) {
	const gone = `owner NOT IN (SELECT holder FROM leases WHERE name <> 'work')`
	n := tx.Exec(`UPDATE batches SET state = 'unknown', error = $1 WHERE state = 'begun' AND `+gone, endedWithin)
	n += tx.Exec(`UPDATE batches SET state = 'failed', error = $1 WHERE state = 'queued' AND `+gone,
		"The program ended before this batch was sent. Send it again.")
	if n > 0 {
		tx.Touch(telemetry.TopicSubmissions)
	}
}
