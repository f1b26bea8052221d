package figures

import (
	"context"
	"maps"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// Effectiveness returns what had come at a time, zero for now, of the attempts
// that began in a period, of a repository by its key, or of all. found is false
// for a repository that no record named.
func (f *Figures) Effectiveness(
	ctx context.Context, p telemetry.Period, repo string, at time.Time,
) (e telemetry.Effectiveness, found bool, err error) {
	err = lists.ReadAt(ctx, f.store, at, func(tx *store.Tx) error {
		e = telemetry.Effectiveness{}
		id, known := lists.RepoID(tx, repo)
		if found = known; !known {
			return tx.Err()
		}
		e = telemetry.NewEffectiveness(p, attemptResults(tx, id, store.Millis(p.Since)))
		e.ThrownAway = thrownAway(tx, id, store.Millis(p.Since))
		return tx.Err()
	})
	return e, found, err
}

// attemptResults are the claims of a period with what is told of their issues.
func attemptResults(tx *store.Tx, repo, since int64) []telemetry.AttemptResult {
	claims := outcomes.Since(tx, repo, since)
	ofIssues, ofSessions := map[int64]*telemetry.AttemptResult{}, map[string]bool{}
	for _, c := range claims {
		ofIssues[c.Issue], ofSessions[c.Session] = nil, false
	}
	tx.Each(`SELECT i.id, i.family, i.rule, i.severity, CASE WHEN `+lists.Decided(`i.state_rank`)+` THEN 1 ELSE 0 END,
			r.name `+lists.ForAttempts+`
		FROM issues i JOIN repos r ON r.id = i.repo_id WHERE i.id `+tx.In(1, "BIGINT"), []any{store.JSON(slices.Sorted(maps.Keys(ofIssues)))},
		func(r *store.Row) {
			var a telemetry.AttemptResult
			r.Scan(&a.Issue, &a.Family, &a.Rule, &a.Severity, &a.Decided, &a.Repo)
			ofIssues[a.Issue] = &a
		})
	tx.Each(`SELECT s.key `+lists.ForAttempts+` FROM sessions s WHERE s.key `+tx.In(1, "TEXT"),
		[]any{store.JSON(slices.Sorted(maps.Keys(ofSessions)))}, func(r *store.Row) {
			var key string
			r.Scan(&key)
			ofSessions[key] = true
		})
	attempts := make([]telemetry.AttemptResult, 0, len(claims))
	for _, c := range claims {
		if ofIssues[c.Issue] == nil {
			continue
		}
		a := *ofIssues[c.Issue]
		a.Session, a.Known, a.Said, a.Found, a.Unsure = c.Session, ofSessions[c.Session], c.Said, c.Found, c.MergeUnknown
		a.Nth, a.Last, a.MilliACUs, a.Playbook, a.Reason = c.Nth, c.Last, c.ACUs, c.Playbook, c.Reason
		attempts = append(attempts, a)
	}
	return attempts
}

// thrownAway are the pull requests of attempts whose fix was not merged.
func thrownAway(tx *store.Tx, repo, since int64) []telemetry.ThrownAway {
	condition, args := ofRepo("c.repo_id", repo, since, string(telemetry.FoundThrownAway))
	list := []telemetry.ThrownAway{}
	tx.Each(`SELECT s.key, p.key, p.repo, p.number, p.url, p.closed_at, COUNT(*), SUM(c.milli_acus), MIN(c.milli_acus),
			COALESCE((SELECT v.fixed FROM verifications v WHERE v.session = s.key AND v.current = 1
				ORDER BY v.at DESC, v.file DESC, v.source DESC LIMIT 1), -1)
		FROM claims c JOIN sessions s ON s.key = c.session JOIN pulls p ON p.key = s.pull_key
		WHERE c.at >= $1 AND c.found = $2`+condition+`
		GROUP BY s.key, p.key, p.repo, p.number, p.url, p.closed_at ORDER BY p.closed_at DESC, s.key`, args, func(r *store.Row) {
		var t telemetry.ThrownAway
		var least int64
		r.Scan(&t.Session, &t.PullKey, &t.Repo, &t.Number, &t.URL, &t.ClosedAt, &t.Issues, &t.MilliACUs, &least, &t.Verified)
		if least < 0 {
			t.MilliACUs = -1
		}
		list = append(list, t)
	})
	return list
}

// Odds is what came of earlier attempts in a repository, by its key.
func (f *Figures) Odds(ctx context.Context, repo string) (odds telemetry.Odds, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		odds = lists.OddsOf(tx, repo, "", "")
		return tx.Err()
	})
	return odds, err
}
