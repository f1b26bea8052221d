package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// How many webhooks are remembered, and for how long. Those that are queued are
// kept until they have been worked off; beyond a number, no more are accepted.
const (
	keptDeliveries   = 10_000
	keptDeliveryTime = 30 * 24 * time.Hour
	queuedDeliveries = 10_000
)

// PutDelivery keeps a delivery as it was received. One of its id that is there is
// what is noted; fresh is false then, unless each of its tries failed: it is
// queued again. The error is CodeOverloaded while too many are queued.
func (s *Store) PutDelivery(ctx context.Context, d telemetry.Delivery) (noted telemetry.Delivery, fresh bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		noted, fresh = telemetry.Delivery{}, false
		if deliveryOf(tx, d.ID, &noted) && noted.State != telemetry.DeliveryFailed {
			return tx.Err()
		}
		if d.State == telemetry.DeliveryQueued && One[int64](tx, `SELECT COUNT(*) FROM deliveries WHERE state = 'queued'`) >= queuedDeliveries {
			return &telemetry.Error{Code: telemetry.CodeOverloaded, RetryAfter: time.Minute, Message: "Too many deliveries wait to be worked off. " +
				"This one was not stored: redeliver it later. A refresh finds what it told of in any case."}
		}
		noted, fresh = d, true
		noted.Received = telemetry.At(tx.Now())
		tx.Put("deliveries", "id", append(deliveryFields(&noted), Fixed("repo_key TEXT", d.Repo.Key()),
			Fixed("seq BIGINT", 1+One[int64](tx, `SELECT COALESCE(MAX(seq), 0) FROM deliveries`))))
		pruneDeliveries(tx)
		tx.Touch(telemetry.TopicDeliveries)
		return tx.Err()
	})
	return noted, fresh, err
}

func pruneDeliveries(tx *Tx) {
	tx.Exec(`DELETE FROM deliveries WHERE state <> 'queued' AND (received < $1 OR seq <= (SELECT MAX(seq) FROM deliveries) - $2)`,
		Millis(tx.Now().Add(-keptDeliveryTime)), keptDeliveries)
}

// DueDeliveries returns deliveries to work off, one of a repository at a time
// and in the order in which they came, without those of the repositories busy.
// One that has failed does not hold up those after it while it waits.
func (s *Store) DueDeliveries(ctx context.Context, busy []string, limit int) ([]telemetry.Delivery, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.Delivery {
		return Rows(tx, `SELECT `+Names(deliveryFields(&telemetry.Delivery{}))+` FROM deliveries d
			WHERE state = 'queued' AND next_try <= $1 AND repo_key NOT `+tx.In(2, "TEXT")+` AND NOT EXISTS (
				SELECT 1 FROM deliveries e WHERE e.state = 'queued' AND e.repo_key = d.repo_key AND e.seq < d.seq AND e.next_try <= $1)
			ORDER BY seq LIMIT $3`, []any{Millis(tx.Now()), JSON(append([]string{}, busy...)), limit},
			func(d *telemetry.Delivery) []any { return Pointers(deliveryFields(d)) })
	})
}

// SaveDelivery notes what came of a delivery, or of a try.
func (s *Store) SaveDelivery(ctx context.Context, d telemetry.Delivery) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`UPDATE deliveries SET state = $1, result = $2, error = $3, tries = $4, next_try = $5, ended = $6, hook = $7 WHERE id = $8`,
			string(d.State), d.Result, string(d.Error), d.Tries, Millis(d.NextTry), Millis(d.Ended), JSON(d.Hook), d.ID)
		tx.Touch(telemetry.TopicDeliveries)
		return tx.Err()
	})
}

// RetryDelivery queues a delivery again that failed, or was ignored, and returns
// it. The error is CodeNotFound or CodeConflict.
func (s *Store) RetryDelivery(ctx context.Context, id string) (d telemetry.Delivery, err error) {
	was := telemetry.DeliveryState("")
	err = s.Write(ctx, func(tx *Tx) error {
		d = telemetry.Delivery{}
		switch {
		case !deliveryOf(tx, id, &d) && tx.Err() == nil:
			return telemetry.Errorf(telemetry.CodeNotFound, "Delivery %s not found. Deliveries are kept for 30 days, and at most %d of them.",
				telemetry.Shown(id), keptDeliveries)
		case tx.Err() == nil && !d.Retryable():
			return telemetry.Errorf(telemetry.CodeConflict, "Delivery %s is %s, so there is nothing to try again.", d.ID, d.State)
		}
		was = d.State
		d.State, d.Tries, d.NextTry, d.Ended, d.Error, d.Result = telemetry.DeliveryQueued, 0, telemetry.Time{}, telemetry.Time{}, "", ""
		tx.Exec(`UPDATE deliveries SET state = 'queued', tries = 0, next_try = 0, ended = 0, error = '', result = '' WHERE id = $1`, id)
		tx.Touch(telemetry.TopicDeliveries)
		return tx.Err()
	})
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: d.ID, Before: string(was), After: string(d.State)})
	}
	return d, err
}

// Hooked returns the keys of the repositories of which deliveries came at a time
// or later and were not all in vain.
func (s *Store) Hooked(ctx context.Context, since time.Time) (map[string]bool, error) {
	return Get(ctx, s, func(tx *Tx) map[string]bool {
		hooked := map[string]bool{}
		for _, key := range All[string](tx, `SELECT DISTINCT repo_key FROM deliveries
			WHERE received >= $1 AND state <> 'failed' AND repo_key <> ''`, Millis(since)) {
			hooked[key] = true
		}
		return hooked
	})
}

// KnownRepo reports whether pull requests of a repository, by its key, are read
// or stored, under this name or one that it has since.
func (s *Store) KnownRepo(ctx context.Context, key string) (bool, error) {
	return Get(ctx, s, func(tx *Tx) bool {
		return tx.Has(`SELECT 1 FROM pull_repos WHERE key = $1 UNION ALL SELECT 1 FROM pulls WHERE repo_key = $1
			UNION ALL SELECT 1 FROM repo_aliases WHERE key = $1 LIMIT 1`, key)
	})
}

// KnownPulls returns which pull requests of a repository, by its key, are stored:
// of those with a number of the list, and of the open ones from a branch, or with a
// head commit, that is not "".
func (s *Store) KnownPulls(ctx context.Context, key string, numbers []int64, branch, sha string) ([]telemetry.PullRef, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.PullRef {
		return Rows(tx, `SELECT repo, number FROM pulls WHERE repo_key = $1 AND (number `+tx.In(2, "BIGINT")+`
			OR $3 <> '' AND head_ref = $3 AND state <> 'closed' OR $4 <> '' AND head_sha = $4 AND state <> 'closed') ORDER BY number LIMIT 50`,
			[]any{key, JSON(append([]int64{}, numbers...)), branch, sha},
			func(ref *telemetry.PullRef) []any { return []any{&ref.Repo, &ref.Number} })
	})
}

func deliveryOf(tx *Tx, id string, into *telemetry.Delivery) bool {
	fields := deliveryFields(into)
	return tx.Row(`SELECT `+Names(fields)+` FROM deliveries WHERE id = $1`, id).Scan(Pointers(fields)...).Found
}

func deliveryFields(d *telemetry.Delivery) []Field {
	return []Field{
		Col("id TEXT", &d.ID), Fixed("event TEXT", &d.Event), Fixed("action TEXT", &d.Action), Fixed("repo TEXT", &d.Repo),
		Fixed("pull BIGINT", &d.Pull), Fixed("received BIGINT", &d.Received),
		Col("state TEXT", &d.State), Col("result TEXT", &d.Result), Col("error TEXT", &d.Error), Col("tries BIGINT", &d.Tries),
		Col("next_try BIGINT", &d.NextTry), Col("ended BIGINT", &d.Ended), Col("hook TEXT", hookOf(&d.Hook)),
	}
}

func hookOf(into *telemetry.Hook) any {
	return Column{func(v any) error {
		*into = telemetry.Hook{}
		return decoded(v, into)
	}, func() any { return *into }}
}
