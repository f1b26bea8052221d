package details

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// dueOf is how the due date of an issue came about, as of the time of the transaction.
func dueOf(tx *store.Tx, issue telemetry.IssueRow) telemetry.Due {
	at := store.Millis(tx.Now())
	due := telemetry.Due{Factor: telemetry.DueFactorNone, Overdue: issue.Overdue}
	var start, repo, tenth int64
	tx.Row(`SELECT l.opened_at, l.repo_id FROM issue_intervals l WHERE l.issue_id = $1 ORDER BY l.from_at DESC, l.from_file DESC LIMIT 1`,
		issue.StoreID).Scan(&start, &repo)
	tx.Row(`SELECT tenth FROM due_days WHERE severity = $1`, issue.Severity).Scan(&tenth)
	tx.Row(`SELECT g.factor FROM registry_log g JOIN repos r ON r.key = g.repo_key WHERE r.id = $1 AND g.at <= $2 ORDER BY g.at DESC LIMIT 1`,
		repo, at).Scan(&due.Factor)
	pauses := store.Rows(tx, `SELECT from_at, to_at, before FROM due_pauses
		WHERE issue_id = $1 AND from_at >= $2 AND from_at <= $3 ORDER BY from_at`,
		[]any{issue.StoreID, start, at}, func(p *telemetry.DuePause) []any { return []any{&p.From, &p.To, &p.Before} })
	clock := telemetry.DueClockAt(start, tenth*int64(due.Factor), pauses, at)
	due.Start, due.Days, due.Since = store.Time(start), tenth/telemetry.DueTenth(1), store.Time(clock.Paused)
	if clock.Due == 0 {
		return due
	}
	due.Paused = (clock.At(at) - start - tenth*int64(due.Factor)) / 1000
	switch {
	case issue.State.Open():
		due.At = store.Time(clock.At(at))
	case issue.State == telemetry.StatusFixed:
		met := store.Millis(issue.Closed.At.Time) <= clock.Due
		due.At, due.Met = store.Time(clock.Due), &met
	}
	return due
}
