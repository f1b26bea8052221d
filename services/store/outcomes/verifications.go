package outcomes

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Verified is what has become of a verification, by its id in the store.
type Verified struct {
	ID, Gone, StillThere int64
	Merge                telemetry.MergeState
	Outcome              telemetry.VerificationOutcome
}

// OfVerifications returns what has become of verifications by their ids.
func OfVerifications(tx *store.Tx, ids []int64) map[int64]Verified {
	return judged(tx, tx.In(1, "BIGINT"), store.JSON(ids))
}

// AllVerifications is OfVerifications for all.
func AllVerifications(tx *store.Tx) map[int64]Verified { return judged(tx, "IS NOT NULL") }

// weighed is a verification with what decides its outcome.
type weighed struct {
	telemetry.VerificationFacts
	repo, merged int64
}

// judged says it of those whose id is such; which follows its column.
func judged(tx *store.Tx, which string, args ...any) map[int64]Verified {
	rows, repos := map[int64]*weighed{}, map[int64]bool{}
	tx.Each(`SELECT v.id, v.repo_id, v.targeted, v.fixed, v.remaining, v.unmatched, COALESCE(p.state, ''), COALESCE(p.merged_at, 0)
		FROM base.verifications v LEFT JOIN pulls p ON p.key = v.pull_key WHERE v.id `+which, args, func(r *store.Row) {
		var v weighed
		var id int64
		var state string
		r.Scan(&id, &v.repo, &v.Targeted, &v.Fixed, &v.Remaining, &v.Unmatched, &state, &v.merged)
		v.Merge = mergeState(state, v.merged)
		rows[id], repos[v.repo] = &v, true
	})
	countFixed(tx, rows, which, args)
	references, found := referenceScans(tx, repos), map[int64]Verified{}
	for id, v := range rows {
		v.Rescanned = references[v.repo] > v.merged
		found[id] = Verified{id, v.Gone, v.StillThere, v.Merge, v.Outcome()}
	}
	return found
}

// countFixed counts the issues that verifications call fixed: those that are, and
// those that are not.
func countFixed(tx *store.Tx, rows map[int64]*weighed, which string, args []any) {
	tx.Each(`SELECT a.record_id, CASE WHEN i.closed_at <> 0 THEN 1 ELSE 0 END, COUNT(*) FROM attempts a JOIN issues i ON i.id = a.issue_id
		WHERE a.result = 1 AND a.record_id `+which+` GROUP BY 1, 2`, args, func(r *store.Row) {
		var id, n int64
		var gone bool
		r.Scan(&id, &gone, &n)
		switch v := rows[id]; {
		case v == nil:
		case gone:
			v.Gone += n
		default:
			v.StillThere += n
		}
	})
}

func mergeState(state string, merged int64) telemetry.MergeState {
	switch {
	case merged != 0:
		return telemetry.MergeDone
	case state == "open":
		return telemetry.MergeNot
	case state == "closed":
		return telemetry.MergeClosed
	}
	return telemetry.MergeUnknown
}
