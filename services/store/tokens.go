package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Tokens returns the access tokens, those that were made last first.
func (s *Store) Tokens(ctx context.Context) ([]telemetry.Token, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.Token {
		fields := Names(tokenFields(&telemetry.Token{}))
		return Rows(tx, `SELECT `+fields+` FROM tokens ORDER BY made_at DESC, id`, nil,
			func(t *telemetry.Token) []any { return Pointers(tokenFields(t)) })
	})
}

// TokenOf returns the access token of a hash, whatever its state; found is false
// if there is none.
func (s *Store) TokenOf(ctx context.Context, hash string) (t telemetry.Token, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		fields := tokenFields(&t)
		found = tx.Row(`SELECT `+Names(fields)+` FROM tokens WHERE hash = $1`, hash).Scan(Pointers(fields)...).Found
		return tx.Err()
	})
	return t, found, err
}

// AddToken stores an access token by its hash. The error is CodeConflict where
// there are most tokens that have not ended: of read tokens, those that one
// person made.
func (s *Store) AddToken(ctx context.Context, t telemetry.Token, hash string, most int64) error {
	return s.Write(ctx, func(tx *Tx) error {
		const live = `SELECT COUNT(*) FROM tokens WHERE revoked_at = 0 AND (expires_at = 0 OR expires_at > $1) AND `
		kind, which, args := "access", `opens = ''`, []any{Millis(tx.Now())}
		if t.Opens != "" {
			kind, which, args = "read", `opens <> '' AND made_by = $2`, append(args, t.MadeBy)
		}
		if n := One[int64](tx, live+which, args...); n >= most && tx.Err() == nil {
			return telemetry.Errorf(telemetry.CodeConflict,
				"The limit of %d %s tokens is reached. An admin can revoke one that is no longer needed.", most, kind)
		}
		tx.Put("tokens", "id", append(tokenFields(&t), Fixed("hash TEXT", hash)))
		tx.Touch(telemetry.TopicPeople)
		return tx.Err()
	})
}

// RevokeToken ends an access token and the sessions that were signed in with it,
// and returns it as it was. The error is CodeNotFound, or CodeConflict for one
// that was revoked before.
func (s *Store) RevokeToken(ctx context.Context, id, by string) (t telemetry.Token, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		t = telemetry.Token{}
		fields := tokenFields(&t)
		found := tx.Row(`SELECT `+Names(fields)+` FROM tokens WHERE id = $1`, id).Scan(Pointers(fields)...).Found
		switch {
		case tx.Err() != nil:
			return tx.Err()
		case !found:
			return telemetry.Errorf(telemetry.CodeNotFound, "Access token %s not found.", telemetry.Shown(id))
		case !t.RevokedAt.IsZero():
			return telemetry.Errorf(telemetry.CodeConflict, "The access token %s has been revoked before.", telemetry.Shown(t.Name))
		}
		tx.Exec(`UPDATE tokens SET revoked_at = $1, revoked_by = $2 WHERE id = $3`, Millis(tx.Now()), by, id)
		tx.Exec(`DELETE FROM sign_ins WHERE token = $1`, id)
		tx.Touch(telemetry.TopicPeople)
		return tx.Err()
	})
	return t, err
}

// AdminTokens returns how many access tokens of the role admin are active at a time.
func (s *Store) AdminTokens(ctx context.Context, now time.Time) (int64, error) {
	return Get(ctx, s, func(tx *Tx) int64 {
		return One[int64](tx, `SELECT COUNT(*) FROM tokens WHERE role = 'admin' AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $1)`,
			Millis(now))
	})
}

func tokenFields(t *telemetry.Token) []Field {
	return []Field{
		Col("id TEXT", &t.ID), Col("name TEXT", &t.Name), Col("role TEXT", &t.Role), Col("made_at BIGINT", &t.MadeAt),
		Col("made_by TEXT", &t.MadeBy), Col("expires_at BIGINT", &t.ExpiresAt), Col("revoked_at BIGINT", &t.RevokedAt),
		Col("revoked_by TEXT", &t.RevokedBy), Col("used_at BIGINT", &t.UsedAt), Col("opens TEXT", &t.Opens),
	}
}
