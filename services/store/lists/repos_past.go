package lists

import (
	"strconv"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// reposPast are the repositories that a record named at @, or one of them, with
// the sums over what was known then. finishRepos reads the counts by severity
// and family.
func reposPast(repo int64) string {
	pulls, where := "", ""
	if repo != store.Everywhere {
		pulls = ` AND p.repo_key IN (SELECT h.key FROM base.pull_repos h WHERE true` + only("h.repo_id", repo) + `)`
		where = ` WHERE true` + only("o.id", repo)
	}
	return `(SELECT o.id, o.key, o.name, last.target_repo, o.fork, o.fork_key, o.fork_url,
		n.runs, n.scans, n.runs - n.scans AS dispatches, n.issues_found, n.at AS last_run,
		COALESCE(x.created, 0) AS sessions_created, COALESCE(x.finished, 0) AS sessions_finished, COALESCE(x.linked, 0) AS sessions_with_pr,
		COALESCE(x.never, 0) AS never_started,
		COALESCE(q.total, 0) AS prs_total, COALESCE(q.open, 0) AS prs_open, COALESCE(q.closed, 0) AS prs_closed,
		COALESCE(q.merged, 0) AS prs_merged, COALESCE(q.unknown, 0) AS prs_unknown,
		n.severity AS severity_sum, n.category AS category_sum, '{}' AS open_category, '{}' AS decided_severity, '{}' AS decided_category,
		CASE WHEN named.id IS NULL AND ` + InUseThen + ` THEN COALESCE(scan.severity, '{}') ELSE '{}' END AS open_severity,
		CASE WHEN named.id IS NULL AND ` + InUseThen + ` THEN COALESCE(scan.issues_found, 0) ELSE COALESCE(i.open, 0) END AS open,
		COALESCE(i.dismissed, 0) AS dismissed, COALESCE(i.accepted, 0) AS accepted, COALESCE(i.overdue, 0) AS overdue,
		CASE WHEN named.id IS NULL AND ` + InUseThen + ` THEN ` + criticalHighOf + `
			ELSE COALESCE(i.critical, 0) + COALESCE(i.high, 0) END AS critical_high,
		COALESCE(i.critical, 0) AS critical, COALESCE(i.high, 0) AS high, COALESCE(i.medium, 0) AS medium, COALESCE(i.low, 0) AS low,
		CASE WHEN named.id IS NULL THEN 0 ELSE 1 END AS listed,
		` + retiredThen + `,
		CASE WHEN scan.has_findings = 0 THEN 1 ELSE 0 END AS without_findings,
		COALESCE(scan.at, 0) AS latest_at, COALESCE(scan.file, '') AS latest_file, COALESCE(scan.run_number, 0) AS latest_run,
		COALESCE(named.reduced, 0) AS data_reduced, COALESCE(named.lost, '') AS lost,
		COALESCE(ref.at, 0) AS ref_at, COALESCE(ref.file, '') AS ref_file, COALESCE(ref.run_number, 0) AS ref_run
	FROM base.repos o` + JoinRetired + JoinSums + ` JOIN base.runs last ON last.id = n.run_id
	LEFT JOIN base.runs scan ON scan.id = (SELECT e.id FROM base.runs e
		WHERE e.repo_id = o.id AND e.kind = 'scan' AND e.at <= @` + newestFirst + `)
	LEFT JOIN base.runs named ON named.id = (SELECT e.id FROM base.runs e
		WHERE e.repo_id = o.id AND e.kind = 'scan' AND e.has_findings = 1 AND e.at <= @` + newestFirst + `)
	LEFT JOIN base.runs ref ON ref.id = (SELECT e.id FROM base.runs e
		WHERE e.repo_id = o.id AND e.kind = 'scan' AND e.has_findings = 1 AND e.reduced = 0 AND e.at <= @` + newestFirst + `)
	LEFT JOIN (SELECT l.repo_id, COUNT(*) FILTER (WHERE x.kind IS NULL) AS open,
			COUNT(*) FILTER (WHERE x.kind = 'dismissed') AS dismissed, COUNT(*) FILTER (WHERE x.kind = 'accepted') AS accepted,
			COUNT(*) FILTER (WHERE x.kind IS NULL AND ` + passedThen + `) AS overdue,
			` + openOf("critical") + `, ` + openOf("high") + `, ` + openOf("medium") + `, ` + openOf("low") + `
		FROM base.issue_intervals l LEFT JOIN base.decided x ON x.issue_id = l.issue_id AND x.from_at <= @ AND x.to_at > @
			AND x.kind IN ('dismissed', 'accepted')
		` + dueJoins + ` WHERE l.from_at <= @ AND l.to_at > @` + only("l.repo_id", repo) + ` GROUP BY l.repo_id) i ON i.repo_id = o.id
	LEFT JOIN (WITH s AS MATERIALIZED (SELECT s.repo_id, s.id, ` + StateThen + ` AS state, ` + LinkedThen + ` AS has_pr
			FROM base.sessions s WHERE ` + KnownSessionThen + only("s.repo_id", repo) + `)
		SELECT repo_id, COUNT(*) FILTER (WHERE id <> '') AS created, COUNT(*) FILTER (WHERE state = 'finished') AS finished,
			SUM(has_pr) AS linked, COUNT(*) FILTER (WHERE state = 'never_started') AS never
		FROM s GROUP BY repo_id) x ON x.repo_id = o.id
	LEFT JOIN (WITH p AS MATERIALIZED (SELECT p.repo_key, ` + ShownThen + ` AS shown FROM base.pulls p WHERE ` + KnownPullThen + pulls + `)
		SELECT h.repo_id, COUNT(*) AS total, COUNT(*) FILTER (WHERE shown = 'open') AS open,
			COUNT(*) FILTER (WHERE shown = 'closed') AS closed, COUNT(*) FILTER (WHERE shown = 'merged') AS merged,
			COUNT(*) FILTER (WHERE shown = 'unknown') AS unknown
		FROM p JOIN base.pull_repos h ON h.key = p.repo_key GROUP BY h.repo_id) q ON q.repo_id = o.id` + where + `) AS r`
}

// openOf counts the intervals l of a severity that were open and not decided.
func openOf(severity string) string {
	return "COUNT(*) FILTER (WHERE x.kind IS NULL AND l.severity = '" + severity + "') AS " + severity
}

// only is the condition on the repository of a row, none for all.
func only(column string, repo int64) string {
	if repo == store.Everywhere {
		return ""
	}
	return " AND " + column + " = " + strconv.FormatInt(repo, 10)
}

// JoinRetired joins a repository o with its retirement z, InUseThen is true where
// it was not retired, and retiredThen are why it was and since when.
const (
	JoinRetired = ` LEFT JOIN base.retirements z ON z.github_id = o.github_id AND z.at <= @ AND z.until > @`
	InUseThen   = `z.at IS NULL`
	retiredThen = `COALESCE(z.reason, '') AS retired, COALESCE(z.at, 0) AS retired_at`
)

// JoinSums joins a repository o with the sums n over its runs up to @; one without
// a run until then is left out.
const JoinSums = ` JOIN base.run_sums n ON n.run_id = (SELECT e.run_id FROM base.run_sums e
	WHERE e.repo_id = o.id AND e.at <= @` + newestFirst + `)`

const newestFirst = ` ORDER BY e.at DESC, e.file DESC, e.source DESC LIMIT 1`

// criticalHighOf is what the latest scan counts as critical and high.
const criticalHighOf = `CAST(COALESCE(scan.severity::jsonb ->> 'critical', '0') AS BIGINT)
	+ CAST(COALESCE(scan.severity::jsonb ->> 'high', '0') AS BIGINT)`

// activeThen joins each repository's sessions that were active at a past time.
func activeThen(m moment) Cond {
	return that(` LEFT JOIN (WITH s AS MATERIALIZED (SELECT s.repo_id, `+PolledThen+` AS polled, `+StateThen+` AS state,
			`+StateSinceThen+` AS since
			FROM base.sessions s WHERE `+KnownSessionThen+only("s.repo_id", m.repo)+`)
		SELECT s.repo_id, COUNT(*) AS n, SUM(CASE WHEN s.state = 'waiting' THEN 1 ELSE 0 END) AS waiting
		FROM s WHERE s.state IN (`+ActiveStates+`) AND `+KnownUntil+` > ? GROUP BY s.repo_id) active
		ON active.repo_id = r.id`,
		m.at-telemetry.RecordedFor.Milliseconds())
}

// finishRepos gives repositories their counts by severity and family as of a
// past time, and what scans alone name as open.
func finishRepos(tx *store.Tx, m moment, rows []telemetry.RepoRow) {
	if m.past {
		countThen(tx, m, rows)
	}
	for i := range rows {
		r := &rows[i]
		r.Latest = r.Open + r.Dismissed + r.Accepted
		store.Add(r.LatestSeverity, r.OpenSeverity, 1)
		store.Add(r.LatestCategory, r.OpenCategory, 1)
	}
}

// fewRepos are so few that their intervals are looked up.
const fewRepos = 50

func countThen(tx *store.Tx, m moment, rows []telemetry.RepoRow) {
	keys, byKey := make([]string, len(rows)), map[string]*telemetry.RepoRow{}
	for i := range rows {
		r := &rows[i]
		keys[i], byKey[r.Name.Key()] = r.Name.Key(), r
		if r.OpenCategory = map[string]int64{}; r.Listed {
			r.OpenSeverity = map[string]int64{}
		}
	}
	args := []any{m.at, store.JSON(keys)}
	// Many are counted by the times of all intervals, of which an index has everything.
	of := "l.repo_id"
	if len(rows) > fewRepos && tx.WantsHints() {
		of += " + 0"
	}
	tx.Each(`SELECT o.key, l.severity, l.family, COUNT(*) FROM issue_intervals l JOIN repos o ON o.id = `+of+`
		WHERE l.from_at <= $1 AND l.to_at > $1 AND o.key `+tx.In(2, "TEXT")+` GROUP BY 1, 2, 3`, args, func(r *store.Row) {
		var key, severity, family string
		var n int64
		r.Scan(&key, &severity, &family, &n)
		byKey[key].OpenSeverity[severity] += n
		byKey[key].OpenCategory[family] += n
	})
	tx.Each(`SELECT (SELECT o.key FROM repos o WHERE o.id = y.repo_id), y.severity, y.family, COUNT(*)`+AsOf(DecidedOpenThen)+`
		AND y.repo_id IN (SELECT o.id FROM repos o WHERE o.key `+tx.In(2, "TEXT")+`) GROUP BY 1, 2, 3`, args, func(r *store.Row) {
		var key, severity, family string
		var n int64
		r.Scan(&key, &severity, &family, &n)
		row := byKey[key]
		store.Move(row.LatestSeverity, row.OpenSeverity, severity, n)
		store.Move(row.LatestCategory, row.OpenCategory, family, n)
	})
	for _, r := range byKey {
		if !r.Listed && r.LatestFile != "" && r.Retired == "" {
			category := store.One[string](tx, `SELECT r.category FROM runs r JOIN repos o ON o.id = r.repo_id
				WHERE o.key = $1 AND r.kind = 'scan' AND r.at <= $2 ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1`, r.Name.Key(), m.at)
			store.AddCounts(tx, r.OpenCategory, map[string]int64{category: 1})
		}
	}
}
