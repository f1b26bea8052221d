package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Shared reports whether other programs may share the database.
func (s *Store) Shared() bool { return s.dialect.name() == "postgres" }

// SaveLimit keeps for other programs what this one has learned of the limit of
// an upstream. What the clocks of the programs say does not matter.
func (s *Store) SaveLimit(ctx context.Context, upstream string, l telemetry.Limit) error {
	held := max(0, l.Until.Sub(s.now()).Milliseconds())
	return s.transact(ctx, func(tx *Tx) error {
		tx.Exec(`INSERT INTO limits (upstream, holder, allowed, remaining, reset_at, until)
			VALUES ($1, $2, $3, $4, $5, $6 + `+s.dialect.clock()+`) ON CONFLICT (upstream) DO UPDATE SET
				holder = excluded.holder, allowed = excluded.allowed, remaining = excluded.remaining, reset_at = excluded.reset_at,
				until = CASE WHEN excluded.until > limits.until THEN excluded.until ELSE limits.until END`,
			upstream, s.program, l.Rate.Limit, l.Rate.Remaining, Millis(l.Rate.Reset), held)
		return tx.Err()
	})
}

// LimitOf returns what another program has learned last of the limit of an
// upstream; found is false where this one has, or nobody.
func (s *Store) LimitOf(ctx context.Context, upstream string) (l telemetry.Limit, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		var held int64
		var reset telemetry.Time
		l = telemetry.Limit{}
		found = tx.Row(`SELECT allowed, remaining, reset_at, until - `+s.dialect.clock()+` FROM limits WHERE upstream = $1 AND holder <> $2`,
			upstream, s.program).Scan(&l.Rate.Limit, &l.Rate.Remaining, &reset, &held).Found
		l.Rate.Known, l.Rate.Reset = l.Rate.Limit > 0, reset.Time
		if held > 0 {
			l.Until = s.now().Add(time.Duration(held) * time.Millisecond)
		}
		return tx.Err()
	})
	return l, found, err
}
