package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Totals returns the figures over all repositories.
func (s *Store) Totals(ctx context.Context) (telemetry.Totals, error) {
	t, _, err := s.TotalsOf(ctx, "")
	return t, err
}

// TotalsOf returns the figures over all repositories or, with its key, of
// one. found is false for one that no record names.
func (s *Store) TotalsOf(ctx context.Context, repo string) (t telemetry.Totals, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		id, known := repoIDOf(tx, repo)
		if found = known; !known {
			return tx.Err()
		}
		t = totalsOf(loadTally(tx, id))
		condition, args := ofRepo("id", id)
		tx.Each(`SELECT target_repo FROM repos WHERE true`+condition+` ORDER BY last_run DESC, key DESC`, args, func(r *Row) {
			var target string
			r.Scan(&target)
			t.Repos = append(t.Repos, target)
		})
		t.Active = activeNow(tx, id, Millis(s.now()))
		t.PRs = pullsNow(tx, id)
		tx.Row(`SELECT COUNT(*) FROM verifications`).Scan(&t.Verifications)
		tx.Row(`SELECT COUNT(*) FROM files WHERE error <> '' AND gone = 0`).Scan(&t.BrokenFiles)
		return tx.Err()
	})
	return t, found, err
}

// pullsNow counts the pull requests of all repositories, or of one and its
// forks.
func pullsNow(tx *Tx, repo int64) telemetry.PullCounts {
	if repo == everywhere {
		return countPulls(tx)
	}
	return countPullsOfRepo(tx, repo)
}

// totalsOf reads the figures that a tally has.
func totalsOf(n tally) telemetry.Totals {
	t := telemetry.Totals{
		Repos:           []string{},
		Runs:            n["runs"],
		Scans:           n["scans"],
		Dispatches:      n["dispatches"],
		IssuesFound:     n["issues_found"],
		Latest:          n["open"],
		Unlisted:        n["unlisted"],
		LatestSeverity:  n.words("open_severity"),
		LatestCategory:  n.words("open_category"),
		SeveritySum:     n.words("severity_sum"),
		CategorySum:     n.words("category_sum"),
		SessionsByState: map[telemetry.State]int64{},
		SessionsCreated: n["sessions_created"],
		SessionsWithPR:  n["sessions_with_pr"],
	}
	for state, count := range n.words("state") {
		t.SessionsByState[telemetry.State(state)] = count
	}
	t.SessionsFinished = t.SessionsByState[telemetry.StateFinished]
	return t
}

// activeNow counts the active sessions.
func activeNow(tx *Tx, repo, now int64) telemetry.ActiveSessions {
	var a telemetry.ActiveSessions
	condition, args := ofRepo("s.repo_id", repo, now-telemetry.RecordedFor.Milliseconds())
	tx.Each(`SELECT s.state, COUNT(*) FROM sessions s WHERE s.state IN (`+ActiveStates+`) AND `+recent+condition+` GROUP BY s.state`, args, func(r *Row) {
		var state telemetry.State
		var n int64
		r.Scan(&state, &n)
		addActive(&a, state, n)
	})
	return a
}

func addActive(a *telemetry.ActiveSessions, state telemetry.State, n int64) {
	if state == telemetry.StateWaiting {
		a.Waiting += n
	} else {
		a.Working += n
	}
}
