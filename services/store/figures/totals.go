package figures

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Totals returns the figures over all repositories.
func (f *Figures) Totals(ctx context.Context) (telemetry.Totals, error) {
	t, _, err := f.TotalsOf(ctx, "")
	return t, err
}

// TotalsOf returns the figures over all repositories or, with its key, of
// one. found is false for one that no record names.
func (f *Figures) TotalsOf(ctx context.Context, repo string) (t telemetry.Totals, found bool, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		id, known := lists.RepoID(tx, repo)
		if found = known; !known {
			return tx.Err()
		}
		t = totalsOf(tx.Counts(id))
		condition, args := ofRepo("id", id)
		tx.Each(`SELECT target_repo FROM repos WHERE true`+condition+` ORDER BY last_run DESC, key DESC`, args, func(r *store.Row) {
			var target string
			r.Scan(&target)
			t.Repos = append(t.Repos, target)
		})
		t.Active = activeNow(tx, id, store.Millis(f.store.Now()))
		t.PRs = pullsNow(tx, id)
		tx.Row(`SELECT COUNT(*) FROM verifications`).Scan(&t.Verifications)
		tx.Row(`SELECT COUNT(*) FROM files WHERE error <> '' AND gone = 0`).Scan(&t.BrokenFiles)
		return tx.Err()
	})
	return t, found, err
}

// pullsNow counts the pull requests of all repositories, or of one and its
// forks.
func pullsNow(tx *store.Tx, repo int64) telemetry.PullCounts {
	var c telemetry.PullCounts
	if repo != store.Everywhere {
		tx.Row(`SELECT prs_total, prs_open, prs_closed, prs_merged, prs_unknown FROM repos WHERE id = $1`, repo).
			Scan(&c.Total, &c.Open, &c.Closed, &c.Merged, &c.Unknown)
		return c
	}
	tx.Each(`SELECT shown, COUNT(*) FROM pulls WHERE listed = 1 GROUP BY shown`, nil, addPulls(&c))
	return c
}

// addPulls adds counts of pull requests by state.
func addPulls(c *telemetry.PullCounts) func(*store.Row) {
	return func(r *store.Row) {
		var shown string
		var n int64
		r.Scan(&shown, &n)
		c.Add(shown, n)
	}
}

// totalsOf reads the figures that counts have.
func totalsOf(n store.Counts) telemetry.Totals {
	t := telemetry.Totals{
		Repos:           []string{},
		Runs:            n["runs"],
		Scans:           n["scans"],
		Dispatches:      n["dispatches"],
		IssuesFound:     n["issues_found"],
		Latest:          n["open"],
		Unlisted:        n["unlisted"],
		LatestSeverity:  n.Words("open_severity"),
		LatestCategory:  n.Words("open_category"),
		SeveritySum:     n.Words("severity_sum"),
		CategorySum:     n.Words("category_sum"),
		SessionsByState: map[telemetry.State]int64{},
		SessionsCreated: n["sessions_created"],
		SessionsWithPR:  n["sessions_with_pr"],
	}
	for state, count := range n.Words("state") {
		t.SessionsByState[telemetry.State(state)] = count
	}
	t.SessionsFinished = t.SessionsByState[telemetry.StateFinished]
	return t
}

// activeNow counts the active sessions.
func activeNow(tx *store.Tx, repo, now int64) telemetry.ActiveSessions {
	var a telemetry.ActiveSessions
	condition, args := ofRepo("s.repo_id", repo, now-telemetry.RecordedFor.Milliseconds())
	tx.Each(`SELECT s.state, COUNT(*) FROM sessions s WHERE s.state IN (`+lists.ActiveStates+`) AND `+lists.KnownUntil+` > $1`+condition+`
		GROUP BY s.state`, args, func(r *store.Row) {
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
