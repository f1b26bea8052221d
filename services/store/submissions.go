package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// BeginSubmission notes that something is about to be sent, under the token
// of the form that asked for it. Where that token is noted already it changes
// nothing and returns what is noted, begun only while its program still runs.
func (s *Store) BeginSubmission(ctx context.Context, sub telemetry.Submission) (noted telemetry.Submission, fresh bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n := tx.Exec(`INSERT INTO submissions (token, kind, subject, at, started_by, state, owner, message)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (token) DO NOTHING`,
			sub.Token, string(sub.Kind), sub.Subject, Millis(tx.Now()), string(sub.By), string(telemetry.SubmissionBegun), s.program, sub.Message)
		if fresh = n > 0; fresh {
			tx.Touch(telemetry.TopicSubmissions)
		}
		var owner string
		var begun telemetry.Time
		noted = telemetry.Submission{Token: sub.Token}
		tx.Row(`SELECT kind, subject, message, started_by, state, at, owner FROM submissions WHERE token = $1`, sub.Token).
			Scan(&noted.Kind, &noted.Subject, &noted.Message, &noted.By, &noted.State, &begun, &owner)
		noted.At = begun.Time
		if !fresh && owner == s.program && noted.State == telemetry.SubmissionBegun {
			noted.State = telemetry.SubmissionUnknown // its end could not be noted
		}
		return tx.Err()
	})
	return noted, fresh, err
}

// EndSubmission notes that a submission was sent, or that its outcome is not known.
func (s *Store) EndSubmission(ctx context.Context, token string, state telemetry.SubmissionState) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`UPDATE submissions SET state = $1, message = CASE WHEN $1 = 'sent' THEN '' ELSE message END WHERE token = $2`,
			string(state), token)
		tx.Touch(telemetry.TopicSubmissions)
		return tx.Err()
	})
}

// DropSubmission forgets a submission that certainly did not arrive.
func (s *Store) DropSubmission(ctx context.Context, token string) error {
	return s.Write(ctx, func(tx *Tx) error {
		if tx.Exec(`DELETE FROM submissions WHERE token = $1`, token) > 0 {
			tx.Touch(telemetry.TopicSubmissions)
		}
		return tx.Err()
	})
}

// PendingDispatch returns when the latest run was dispatched for a repository,
// by its key, after a time. found is false where there is none, or a record of
// the repository is newer.
func (s *Store) PendingDispatch(ctx context.Context, repo string, after time.Time) (at time.Time, found bool, err error) {
	begun, err := Get(ctx, s, func(tx *Tx) int64 {
		tx.Row(`SELECT repo_key FROM repo_aliases WHERE key = $1`, repo).Scan(&repo)
		return One[int64](tx, `SELECT COALESCE(MAX(u.at), 0) FROM submissions u WHERE u.kind = $1 AND u.at > $3
			AND (LOWER(u.subject) = $2 OR LOWER(u.subject) IN (SELECT key FROM repo_aliases WHERE repo_key = $2))
			AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.repo_key = $2 AND r.at >= u.at)`,
			string(telemetry.SubmissionDispatch), repo, Millis(after))
	})
	return Time(begun).Time, begun != 0, err
}
