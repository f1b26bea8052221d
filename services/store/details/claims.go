package details

import (
	"encoding/json"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// claimsOfSession adds to a session what it says of its work, and how that
// has changed.
func claimsOfSession(tx *store.Tx, key string, s *telemetry.SessionDetail) {
	s.IssueClaims, s.Said = []telemetry.IssueClaim{}, []telemetry.SaidChange{}
	var output string
	tx.Row(`SELECT output FROM polls WHERE session = $1`, key).Scan(&output)
	if output != "" {
		s.Output = json.RawMessage(output)
	}
	if claim, ok := telemetry.ParseClaim(s.Output); ok {
		s.Claim = &claim
	}
	tx.Each(`SELECT i.public_id, c.nth, c.said, c.reason, c.found, c.merge_unknown, c.milli_acus
		FROM claims c JOIN issues i ON i.id = c.issue_id
		WHERE c.session = $1 AND c.session <> '' ORDER BY i.severity_rank, i.public_id`, []any{key}, func(r *store.Row) {
		var c telemetry.IssueClaim
		var acus int64
		r.Scan(&c.Issue, &c.Attempt, &c.Claim, &c.Reason, &c.Found, &c.Unsure, &acus)
		c.ACUs = telemetry.ACUsOf(acus)
		s.IssueClaims = append(s.IssueClaims, c)
	})
	tx.Each(`SELECT at, title, tags, playbook, milli_acus, COALESCE(output, '') FROM claim_log WHERE session = $1 ORDER BY id`, []any{key},
		func(r *store.Row) {
			var c telemetry.SaidChange
			var acus int64
			r.Scan(&c.At, &c.Title, store.ListOf(&c.Tags), &c.Playbook, &acus, store.BytesOf(&c.Output))
			c.ACUs = telemetry.ACUsOf(acus)
			s.Said = append(s.Said, c)
		})
}

// claimsOfAttempts adds to attempts what their sessions say of the issue, and
// what scans found.
func claimsOfAttempts(tx *store.Tx, issue int64, attempts []telemetry.AttemptRow) {
	tx.Each(`SELECT session, said, reason, found, merge_unknown, milli_acus FROM claims
		WHERE issue_id = $1`, []any{issue}, func(r *store.Row) {
		var c telemetry.AttemptRow
		var acus int64
		r.Scan(&c.Session, &c.Claim, &c.Reason, &c.Found, &c.Unsure, &acus)
		for i := range attempts {
			if a := &attempts[i]; telemetry.SessionKey(a.Session) == c.Session {
				a.Claim, a.Reason, a.Found, a.Unsure, a.ACUs = c.Claim, c.Reason, c.Found, c.Unsure, telemetry.ACUsOf(acus)
			}
		}
	})
}
