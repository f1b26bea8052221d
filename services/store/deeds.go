package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// KeepDeed notes that a person does a thing, under the token of the form
// that asked for it. It returns false, and changes nothing, where that is
// noted already.
func (s *Store) KeepDeed(ctx context.Context, d telemetry.Deed) (fresh bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		tx.exec(`INSERT INTO deeds (token, kind, subject, at, started_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token) DO NOTHING`, d.Token, string(d.Kind), d.Subject, ms(tx.now), string(d.By))
		if fresh = tx.affected > 0; fresh {
			tx.touch(telemetry.TopicJobs)
		}
		return tx.err
	})
	return fresh, err
}

// DropDeed takes back what KeepDeed noted: it could not be done.
func (s *Store) DropDeed(ctx context.Context, token string) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.exec(`DELETE FROM deeds WHERE token = $1`, token)
		if tx.affected > 0 {
			tx.touch(telemetry.TopicJobs)
		}
		return tx.err
	})
}
