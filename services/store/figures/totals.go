package figures

import (
	"context"
	"math"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Totals returns the figures over all repositories.
func (f *Figures) Totals(ctx context.Context) (telemetry.Totals, error) {
	t, _, err := f.TotalsOf(ctx, "")
	return t, err
}

// TotalsOf returns the figures over all repositories, or of one; found is false for an unknown one.
func (f *Figures) TotalsOf(ctx context.Context, repo string) (t telemetry.Totals, found bool, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		id, known := lists.RepoID(tx, repo)
		if found = known; !known {
			return tx.Err()
		}
		t = totalsOf(tx, id)
		t.Active = activeNow(tx, id, store.Millis(f.store.Now()))
		t.PRs = pullsNow(tx, id)
		countRecords(tx, id, math.MaxInt64, &t)
		return tx.Err()
	})
	return t, found, err
}

// countRecords counts verifications and broken files up to a time. A broken
// file belongs to the repository that its last readable version names.
func countRecords(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	key := store.One[string](tx, `SELECT key FROM repos WHERE id = $1`, repo) // "" for all
	condition, args := ofRepo("repo_id", repo, t)
	tx.Row(`SELECT COUNT(*) FROM verifications WHERE at <= $1`+condition, args...).Scan(&out.Verifications)
	tx.Row(`SELECT COUNT(*) FROM files WHERE error <> '' AND gone = 0 AND fetched_at <= $1 AND ($2 = '' OR repo_key = $2)`, t, key).
		Scan(&out.BrokenFiles)
}

// pullsNow counts the pull requests of all repositories, or of one and its forks.
func pullsNow(tx *store.Tx, repo int64) telemetry.PullCounts {
	var c telemetry.PullCounts
	if repo != store.Everywhere {
		tx.Row(`SELECT prs_total, prs_open, prs_closed, prs_merged, prs_unknown FROM repos WHERE id = $1`, repo).
			Scan(&c.Total, &c.Open, &c.Closed, &c.Merged, &c.Unknown)
		return c
	}
	return countPulls(tx, `SELECT shown, COUNT(*) FROM pulls WHERE listed = 1 GROUP BY shown`)
}

// countPulls adds up counts of pull requests by state.
func countPulls(tx *store.Tx, query string, args ...any) (c telemetry.PullCounts) {
	for shown, n := range store.Map[string, int64](tx, query, args...) {
		c.Add(shown, n)
	}
	return c
}

// totalsOf adds up the rows of repositories, and counts sessions by state.
func totalsOf(tx *store.Tx, repo int64) telemetry.Totals {
	t := telemetry.Totals{
		Repos:          []string{},
		LatestSeverity: map[string]int64{},
		LatestCategory: map[string]int64{},
		OpenSeverity:   map[string]int64{},
		OpenCategory:   map[string]int64{},
		SeveritySum:    map[string]int64{},
		CategorySum:    map[string]int64{},
	}
	condition, args := ofRepo("id", repo)
	tx.Each(`SELECT target_repo, scans, dispatches, issues_found, open, CASE WHEN listed = 1 THEN 0 ELSE open END,
			open_severity, open_category, dismissed, accepted, decided_severity, decided_category,
			severity_sum, category_sum, sessions_created, sessions_with_pr
		FROM repos WHERE true`+condition+` ORDER BY last_run DESC, key DESC`, args, func(r *store.Row) {
		var target string
		var scans, dispatches, found, open, unlisted, dismissed, accepted, created, withPR int64
		r.Scan(&target, &scans, &dispatches, &found, &open, &unlisted, store.SumOf(t.OpenSeverity), store.SumOf(t.OpenCategory),
			&dismissed, &accepted, store.SumOf(t.LatestSeverity), store.SumOf(t.LatestCategory),
			store.SumOf(t.SeveritySum), store.SumOf(t.CategorySum), &created, &withPR)
		t.Repos = append(t.Repos, target)
		t.Runs, t.Scans, t.Dispatches, t.IssuesFound = t.Runs+scans+dispatches, t.Scans+scans, t.Dispatches+dispatches, t.IssuesFound+found
		t.Open, t.Unlisted, t.Dismissed, t.Accepted = t.Open+open, t.Unlisted+unlisted, t.Dismissed+dismissed, t.Accepted+accepted
		t.SessionsCreated, t.SessionsWithPR = t.SessionsCreated+created, t.SessionsWithPR+withPR
	})
	t.AddOpen()
	condition, args = ofRepo("repo_id", repo)
	t.SessionsByState = store.Map[telemetry.State, int64](tx,
		`SELECT state, COUNT(*) FROM sessions WHERE true`+condition+` GROUP BY state`, args...)
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

// RepoDays returns how repositories went over the last days up to until. What
// was open at the end of the last day counts all of that day.
func (f *Figures) RepoDays(ctx context.Context, keys []string, until time.Time, days int) (map[string]telemetry.RepoDays, error) {
	last := store.Day(store.Millis(until))
	return store.Get(ctx, f.store, func(tx *store.Tx) map[string]telemetry.RepoDays {
		out := map[string]telemetry.RepoDays{}
		net := map[string][]int64{}
		for key, open := range store.Map[string, int64](tx, `SELECT key, open FROM repos WHERE key `+tx.In(1, "TEXT"), store.JSON(keys)) {
			net[key] = make([]int64, days)
			out[key] = telemetry.RepoDays{Before: open}
		}
		tx.Each(`SELECT o.key, d.day, SUM(d.net + d.unlisted - d.dismissed - d.accepted), SUM(d.closed)
			FROM repos o JOIN days d ON d.repo_id = o.id
			WHERE o.key `+tx.In(1, "TEXT")+` AND d.day > $2 GROUP BY o.key, d.day`,
			[]any{store.JSON(keys), last - int64(days)}, func(r *store.Row) {
				var key string
				var day, change, closed int64
				r.Scan(&key, &day, &change, &closed)
				v := out[key]
				if v.Before -= change; day < last {
					v.Closed += closed
				}
				out[key] = v
				if day <= last {
					net[key][max(day-last+int64(days)-1, 0)] += change
				}
			})
		for key, closed := range closedOn(tx, keys, store.Millis(until)) {
			v := out[key]
			v.Closed += closed
			out[key] = v
		}
		for key, changes := range net {
			v := out[key]
			open := v.Before
			for _, n := range changes {
				open += n
				v.Open = append(v.Open, open)
			}
			out[key] = v
		}
		return out
	})
}

// closedOn counts by repository the issues closed on the day of a time, up to it.
func closedOn(tx *store.Tx, keys []string, until int64) map[string]int64 {
	return store.Map[string, int64](tx, `SELECT o.key, COUNT(*) FROM repos o JOIN issue_intervals i ON i.repo_id = o.id
		WHERE o.key `+tx.In(1, "TEXT")+` AND i.closes = 1 AND i.to_at >= $2 AND i.to_at <= $3 GROUP BY o.key`,
		store.JSON(keys), store.Day(until)*(24*time.Hour).Milliseconds(), until)
}
