package figures

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
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

func attemptResults(tx *store.Tx, repo, since int64) []telemetry.AttemptResult {
	condition, args := ofRepo("c.repo_id", repo, since)
	var attempts []telemetry.AttemptResult
	tx.Each(`SELECT c.session, CASE WHEN s.key IS NULL THEN 0 ELSE 1 END, c.issue_id, c.said, c.found, c.merge_unknown, c.nth, c.last,
			c.milli_acus, c.playbook, c.reason, i.family, i.rule, i.severity, r.name,
			CASE WHEN `+lists.Decided(`i.state_rank`)+` THEN 1 ELSE 0 END
		FROM claims c JOIN issues i ON i.id = c.issue_id JOIN repos r ON r.id = c.repo_id LEFT JOIN sessions s ON s.key = c.session
		WHERE c.at >= $1`+condition, args, func(r *store.Row) {
		var a telemetry.AttemptResult
		r.Scan(&a.Session, &a.Known, &a.Issue, &a.Said, &a.Found, &a.Unsure, &a.Nth, &a.Last,
			&a.MilliACUs, &a.Playbook, &a.Reason, &a.Family, &a.Rule, &a.Severity, &a.Repo, &a.Decided)
		attempts = append(attempts, a)
	})
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
