package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// TotalsAsOf returns the figures as of t over all repositories or, with its
// key, of one. found is false for a repository that no record of that time
// names.
func (s *Store) TotalsAsOf(ctx context.Context, t time.Time, repo string) (out telemetry.Totals, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		id, known := repoIDOf(tx, repo)
		if !known {
			return tx.Err()
		}
		n := tallyAsOf(tx, id, Millis(t))
		out = totalsOf(n)
		listRepos(tx, id, Millis(t), &out)
		countSessionsAt(tx, id, Millis(t), &out)
		countPullsAt(tx, id, Millis(t), &out)
		tx.Row(`SELECT COUNT(*) FROM verifications WHERE at <= $1`, Millis(t)).Scan(&out.Verifications)
		tx.Row(`SELECT COUNT(*) FROM files WHERE error <> '' AND gone = 0 AND fetched_at <= $1`, Millis(t)).Scan(&out.BrokenFiles)
		found = repo == "" || len(out.Repos) > 0
		return tx.Err()
	})
	return out, found, err
}

// repoIDOf returns a repository's id, everywhere for "".
func repoIDOf(tx *Tx, key string) (id int64, known bool) {
	if key == "" {
		return everywhere, true
	}
	known = tx.Row(`SELECT id FROM repos WHERE key = $1`, key).Scan(&id).Found
	return id, known
}

// ofRepo adds a condition on the repository to a query with n arguments.
func ofRepo(column string, repo int64, args ...any) (condition string, all []any) {
	if repo == everywhere {
		return "", args
	}
	args = append(args, repo)
	return " AND " + column + " = $" + strconv.Itoa(len(args)), args
}

// tallyAsOf takes later runs out of the tally, and counts what was open.
func tallyAsOf(tx *Tx, repo, t int64) tally {
	n := loadTally(tx, repo)
	condition, args := ofRepo("repo_id", repo, t)
	severities, categories := map[string]int64{}, map[string]int64{} // how often each text stands there
	tx.Each(`SELECT kind, issues_found, severity, category FROM runs WHERE at > $1`+condition, args, func(r *Row) {
		var kind telemetry.Kind
		var found int64
		var severity, category string
		r.Scan(&kind, &found, &severity, &category)
		n["runs"]--
		if kind == telemetry.KindScan {
			n["scans"]--
		} else {
			n["dispatches"]--
		}
		n["issues_found"] -= found
		severities[severity]++
		categories[category]++
	})
	later := tally{}
	for name, texts := range map[string]map[string]int64{"severity_sum": severities, "category_sum": categories} {
		sum := map[string]int64{}
		AddCounts(tx, sum, texts)
		later.family(name, sum)
	}
	for name, count := range later {
		n[name] -= count
	}
	for name := range n {
		if strings.HasPrefix(name, "open") || name == "unlisted" {
			delete(n, name)
		}
	}
	tx.Each(`SELECT severity, family, COUNT(*) FROM lives WHERE from_at <= $1 AND to_at > $1`+condition+` GROUP BY severity, family`, args, func(r *Row) {
		var severity, family string
		var count int64
		r.Scan(&severity, &family, &count)
		n["open"] += count
		n["open_severity:"+severity] += count
		n["open_category:"+family] += count
	})
	for _, u := range unlistedAt(tx, repo, t) {
		n["open"] += u.found
		n["unlisted"] += u.found
		n.family("open_severity", FromJSON[map[string]int64](tx, u.severity))
		n.family("open_category", FromJSON[map[string]int64](tx, u.category))
	}
	return n
}

// unlistedScan is the latest scan of a repository none of whose scans named
// its findings.
type unlistedScan struct {
	found              int64
	severity, category string
}

func unlistedAt(tx *Tx, repo, t int64) map[int64]unlistedScan {
	condition, args := ofRepo("p.id", repo, never, t)
	open, listed := map[int64]unlistedScan{}, map[int64]bool{}
	tx.Each(unlistedQuery+condition+` ORDER BY r.repo_id, r.at, r.file`, args, func(r *Row) {
		var id, when int64
		var has int
		var u unlistedScan
		r.Scan(&id, &when, &has, &u.severity, &u.found, &u.category)
		if has == 1 {
			listed[id] = true
			delete(open, id)
		}
		if !listed[id] {
			open[id] = u
		}
	})
	return open
}

func listRepos(tx *Tx, repo, t int64, out *telemetry.Totals) {
	condition, args := ofRepo("p.id", repo, t)
	tx.Each(`SELECT r.target_repo FROM repos p JOIN runs r ON r.id = (SELECT n.id FROM runs n WHERE n.repo_id = p.id AND n.at <= $1 ORDER BY n.at DESC, n.file DESC LIMIT 1)
		WHERE true`+condition+` ORDER BY r.at DESC, p.key DESC`, args, func(r *Row) {
		var target string
		r.Scan(&target)
		out.Repos = append(out.Repos, target)
	})
}

// countSessionsAt asks for each session's state once: it is most of the work.
func countSessionsAt(tx *Tx, repo, t int64, out *telemetry.Totals) {
	condition, args := ofRepo("s.repo_id", repo, t, t-telemetry.RecordedFor.Milliseconds())
	out.SessionsByState, out.SessionsCreated, out.SessionsWithPR, out.Active = map[telemetry.State]int64{}, 0, 0, telemetry.ActiveSessions{}
	tx.Each(asOf(`WITH x AS MATERIALIZED (SELECT `+StateThen+` AS state, `+StateSinceThen+` AS since, `+LinkedThen+` AS linked,
			CASE WHEN s.id <> '' THEN 1 ELSE 0 END AS created, s.polled
		FROM sessions s WHERE `+KnownSessionThen+condition+`) SELECT state, COUNT(*), SUM(linked), SUM(created), SUM(CASE WHEN state IN (`+ActiveStates+`) AND (polled = 1 OR since > $2) THEN 1 ELSE 0 END) FROM x GROUP BY state`), args, func(r *Row) {
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

func countPullsAt(tx *Tx, repo, t int64, out *telemetry.Totals) {
	query, args := asOf(`SELECT x.shown, COUNT(*) FROM (SELECT `+ShownThen+` AS shown FROM pulls p WHERE `+KnownPullThen), []any{t}
	if repo != everywhere {
		query += ` AND p.repo_key ` + tx.In(2, "TEXT")
		args = append(args, JSON(homesAt(tx, repo, t)))
	}
	out.PRs = telemetry.PullCounts{}
	tx.Each(query+`) AS x GROUP BY x.shown`, args, func(r *Row) { addPulls(r, &out.PRs) })
}
