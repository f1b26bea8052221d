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
	return judged(tx, ` WHERE v.id `+tx.In(2, "BIGINT"), store.JSON(ids))
}

// AllVerifications is OfVerifications for all.
func AllVerifications(tx *store.Tx) map[int64]Verified { return judged(tx, "") }

func judged(tx *store.Tx, condition string, args ...any) map[int64]Verified {
	found := map[int64]Verified{}
	const calledFixed = `(SELECT COUNT(*) FROM attempts a JOIN issues i ON i.id = a.issue_id
		WHERE a.record_id = v.id AND a.result = 1 AND i.status_rank `
	tx.Each(`SELECT v.id, v.targeted, v.fixed, v.remaining, v.unmatched, COALESCE(p.state, ''), COALESCE(p.merged_at, 0),
			COALESCE(o.ref_at, 0), `+calledFixed+`= $1), `+calledFixed+`<> $1)
		FROM base.verifications v LEFT JOIN pulls p ON p.key = v.pull_key LEFT JOIN repos o ON o.id = v.repo_id`+condition,
		append([]any{telemetry.StatusFixed.Rank()}, args...), func(r *store.Row) {
			var id, merged, reference int64
			var c telemetry.VerificationFacts
			var state string
			r.Scan(&id, &c.Targeted, &c.Fixed, &c.Remaining, &c.Unmatched, &state, &merged, &reference, &c.Gone, &c.StillThere)
			c.Merge, c.Rescanned = mergeState(state, merged), reference > merged
			found[id] = Verified{id, c.Gone, c.StillThere, c.Merge, c.Outcome()}
		})
	return found
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
