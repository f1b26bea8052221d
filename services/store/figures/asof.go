package figures

import (
	"context"
	"maps"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// TotalsAsOf returns the figures as of t over all repositories or, with its
// key, of one. found is false for a repository that no record of that time
// names.
func (f *Figures) TotalsAsOf(ctx context.Context, t time.Time, repo string) (out telemetry.Totals, found bool, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		id, known := lists.RepoID(tx, repo)
		if !known {
			return tx.Err()
		}
		out = totalsOf(tx, id)
		sumRunsAt(tx, id, store.Millis(t), &out)
		countOpenAt(tx, id, store.Millis(t), &out)
		listRepos(tx, id, store.Millis(t), &out)
		countSessionsAt(tx, id, store.Millis(t), &out)
		countPullsAt(tx, id, store.Millis(t), &out)
		countRecords(tx, id, store.Millis(t), &out)
		found = repo == "" || len(out.Repos) > 0
		return tx.Err()
	})
	return out, found, err
}

// sumRunsAt sums the runs up to a time.
func sumRunsAt(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	condition, args := ofRepo("o.id", repo, t)
	out.Runs, out.Scans, out.Dispatches, out.IssuesFound = 0, 0, 0, 0
	out.SeveritySum, out.CategorySum = map[string]int64{}, map[string]int64{}
	tx.Each(lists.AsOf(`SELECT n.runs, n.scans, n.issues_found, n.severity, n.category
		FROM base.repos o`+lists.JoinSums)+` WHERE true`+condition, args, func(r *store.Row) {
		var runs, scans, found int64
		r.Scan(&runs, &scans, &found, store.SumOf(out.SeveritySum), store.SumOf(out.CategorySum))
		out.Runs, out.Scans = out.Runs+runs, out.Scans+scans
		out.Dispatches, out.IssuesFound = out.Dispatches+runs-scans, out.IssuesFound+found
	})
}

// countOpenAt counts what was open.
func countOpenAt(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	out.Open, out.Unlisted, out.Dismissed, out.Accepted = 0, 0, 0, 0
	out.OpenSeverity, out.OpenCategory = map[string]int64{}, map[string]int64{}
	out.LatestSeverity, out.LatestCategory = map[string]int64{}, map[string]int64{}
	condition, args := ofRepo("l.repo_id", repo, t)
	tx.Each(`SELECT l.severity, l.family, COUNT(*) FROM issue_intervals l WHERE l.from_at <= $1 AND l.to_at > $1`+condition+`
		GROUP BY l.severity, l.family`, args, func(r *store.Row) {
		var severity, family string
		var count int64
		r.Scan(&severity, &family, &count)
		out.Open += count
		out.OpenSeverity[severity] += count
		out.OpenCategory[family] += count
	})
	condition, args = ofRepo("y.repo_id", repo, t)
	tx.Each(lists.AsOf(`SELECT x.kind, y.severity, y.family, COUNT(*)`+lists.DecidedOpenThen)+condition+`
		GROUP BY x.kind, y.severity, y.family`, args, func(r *store.Row) {
		var kind telemetry.DecidedKind
		var severity, family string
		var count int64
		if r.Scan(&kind, &severity, &family, &count); kind == telemetry.KindDismissed {
			out.Dismissed += count
		} else {
			out.Accepted += count
		}
		out.Open -= count
		store.Move(out.LatestSeverity, out.OpenSeverity, severity, count)
		store.Move(out.LatestCategory, out.OpenCategory, family, count)
	})
	for _, u := range unlistedAt(tx, repo, t) {
		out.Open, out.Unlisted = out.Open+u.Found, out.Unlisted+u.Found
		store.Add(out.OpenSeverity, u.Severity, 1)
		store.Add(out.OpenCategory, u.Category, 1)
	}
	out.AddOpen()
}

// unlistedAt returns the latest scans of repositories none of whose scans named findings.
func unlistedAt(tx *store.Tx, repo, t int64) map[int64]store.UnlistedScan {
	open, named := map[int64]store.UnlistedScan{}, map[int64]bool{}
	tx.UnlistedScans(repo, t, func(s store.UnlistedScan) {
		if s.Named {
			named[s.Repo] = true
			delete(open, s.Repo)
		}
		if !named[s.Repo] {
			open[s.Repo] = s
		}
	})
	retired := tx.Retired(repo)
	maps.DeleteFunc(open, func(id int64, _ store.UnlistedScan) bool { return retired[id].Hold(t) })
	return open
}

func listRepos(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	condition, args := ofRepo("p.id", repo, t)
	out.Repos = store.All[string](tx, `SELECT r.target_repo FROM repos p JOIN runs r ON r.id = (
			SELECT n.id FROM runs n WHERE n.repo_id = p.id AND n.at <= $1 ORDER BY n.at DESC, n.file DESC LIMIT 1)
		WHERE true`+condition+` ORDER BY r.at DESC, p.key DESC`, args...)
}

// countSessionsAt asks for each session's state once: it is most of the work.
func countSessionsAt(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	condition, args := ofRepo("s.repo_id", repo, t, t-telemetry.RecordedFor.Milliseconds())
	out.SessionsByState, out.SessionsCreated, out.SessionsWithPR = map[telemetry.State]int64{}, 0, 0
	out.Active = telemetry.ActiveSessions{}
	tx.Each(lists.AsOf(`WITH x AS MATERIALIZED (SELECT `+lists.StateThen+` AS state,
			`+lists.StateSinceThen+` AS since, `+lists.LinkedThen+` AS linked,
			CASE WHEN s.id <> '' THEN 1 ELSE 0 END AS created, `+lists.PolledThen+` AS polled
		FROM sessions s WHERE `+lists.KnownSessionThen+condition+`) 
		SELECT state, COUNT(*), SUM(linked), SUM(created),
			SUM(CASE WHEN state IN (`+lists.ActiveStates+`) AND (polled = 1 OR since > $2) THEN 1 ELSE 0 END)
		FROM x GROUP BY state`), args, func(r *store.Row) {
		var state telemetry.State
		var n, linked, created, active int64
		r.Scan(&state, &n, &linked, &created, &active)
		out.SessionsByState[state] = n
		out.SessionsWithPR += linked
		out.SessionsCreated += created
		addActive(&out.Active, state, active)
	})
	out.SessionsFinished = out.SessionsByState[telemetry.StateFinished]
}

func countPullsAt(tx *store.Tx, repo, t int64, out *telemetry.Totals) {
	query, args := lists.AsOf(`SELECT x.shown, COUNT(*) FROM (SELECT `+lists.ShownThen+` AS shown
		FROM pulls p WHERE `+lists.KnownPullThen), []any{t}
	if repo != store.Everywhere {
		query += ` AND p.repo_key ` + tx.In(2, "TEXT")
		args = append(args, store.JSON(lists.PullReposThen(tx, repo, t)))
	}
	out.PRs = countPulls(tx, query+`) AS x GROUP BY x.shown`, args...)
}
