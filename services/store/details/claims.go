package details

import (
	"cmp"
	"encoding/json"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/outcomes"
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
	rows, ids := map[int64]*telemetry.IssueRow{}, []int64{}
	for i := range s.Issues {
		rows[s.Issues[i].StoreID], ids = &s.Issues[i], append(ids, s.Issues[i].StoreID)
	}
	claims := slices.DeleteFunc(lists.ClaimsOf(tx, ids), func(c outcomes.Claim) bool { return c.Session != key })
	slices.SortFunc(claims, func(a, b outcomes.Claim) int {
		x, y := rows[a.Issue], rows[b.Issue]
		return cmp.Or(telemetry.SeverityRank(x.Severity)-telemetry.SeverityRank(y.Severity), cmp.Compare(x.PublicID, y.PublicID))
	})
	for _, c := range claims {
		s.IssueClaims = append(s.IssueClaims, telemetry.IssueClaim{
			Issue: rows[c.Issue].PublicID, Attempt: c.Nth, Claim: c.Said, Reason: telemetry.Optional(c.Reason), Found: c.Found,
			Unsure: c.MergeUnknown, ACUs: telemetry.ACUsOf(c.ACUs),
		})
	}
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
	for _, c := range lists.ClaimsOf(tx, []int64{issue}) {
		for i := range attempts {
			if a := &attempts[i]; telemetry.SessionKey(a.Session) == c.Session {
				a.Claim, a.Reason, a.Found = telemetry.Optional(c.Said), telemetry.Optional(c.Reason), telemetry.Optional(c.Found)
				a.Unsure, a.ACUs = c.MergeUnknown, telemetry.ACUsOf(c.ACUs)
			}
		}
	}
}
