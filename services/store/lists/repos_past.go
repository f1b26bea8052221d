package lists

import (
	"maps"
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
		n.runs, n.scans, n.dispatches, n.issues_found, n.last_run,
		COALESCE(x.created, 0) AS sessions_created, COALESCE(x.finished, 0) AS sessions_finished, COALESCE(x.linked, 0) AS sessions_with_pr,
		COALESCE(x.never, 0) AS never_started,
		COALESCE(q.total, 0) AS prs_total, COALESCE(q.open, 0) AS prs_open, COALESCE(q.closed, 0) AS prs_closed,
		COALESCE(q.merged, 0) AS prs_merged, COALESCE(q.unknown, 0) AS prs_unknown,
		'{}' AS severity_sum, '{}' AS category_sum, '{}' AS open_category, '{}' AS decided_severity, '{}' AS decided_category,
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
	FROM base.repos o` + JoinRetired + ` JOIN (SELECT repo_id, COUNT(*) AS runs, COUNT(*) FILTER (WHERE kind = 'scan') AS scans,
			COUNT(*) FILTER (WHERE kind <> 'scan') AS dispatches, SUM(issues_found) AS issues_found, MAX(at) AS last_run
		FROM base.runs WHERE at <= @` + only("repo_id", repo) + ` GROUP BY repo_id) n ON n.repo_id = o.id
	JOIN base.runs last ON last.id = (SELECT e.id FROM base.runs e WHERE e.repo_id = o.id AND e.at <= @` + newestFirst + `)
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

func countThen(tx *store.Tx, m moment, rows []telemetry.RepoRow) {
	keys, byKey := make([]string, len(rows)), map[string]*telemetry.RepoRow{}
	for i := range rows {
		r := &rows[i]
		keys[i], byKey[r.Name.Key()] = r.Name.Key(), r
		r.SeveritySum, r.CategorySum = map[string]int64{}, map[string]int64{}
		if r.OpenCategory = map[string]int64{}; r.Listed {
			r.OpenSeverity = map[string]int64{}
		}
	}
	args := []any{m.at, store.JSON(keys)}
	tx.Each(`SELECT o.key, i.severity, i.family, CASE WHEN x.kind IS NULL THEN 1 ELSE 0 END, COUNT(*)
		FROM repos o JOIN issue_intervals i ON i.repo_id = o.id LEFT JOIN decided x ON x.issue_id = i.issue_id
			AND x.from_at <= $1 AND x.to_at > $1 AND x.kind IN ('dismissed', 'accepted')
		WHERE i.from_at <= $1 AND i.to_at > $1 AND o.key `+tx.In(2, "TEXT")+` GROUP BY 1, 2, 3, 4`, args, func(r *store.Row) {
		var key, severity, family string
		var open bool
		var n int64
		r.Scan(&key, &severity, &family, &open, &n)
		row := byKey[key]
		if open {
			row.OpenSeverity[severity] += n
			row.OpenCategory[family] += n
			return
		}
		row.LatestSeverity[severity] += n
		row.LatestCategory[family] += n
	})
	tx.Each(`SELECT o.key, r.severity, r.category, COUNT(*) FROM repos o JOIN runs r ON r.repo_id = o.id
		WHERE r.at <= $1 AND o.key `+tx.In(2, "TEXT")+` GROUP BY o.key, r.severity, r.category`, args, func(r *store.Row) {
		var key, severity, category string
		var n int64
		r.Scan(&key, &severity, &category, &n)
		store.AddCounts(tx, byKey[key].SeveritySum, map[string]int64{severity: n})
		store.AddCounts(tx, byKey[key].CategorySum, map[string]int64{category: n})
	})
	for _, r := range byKey {
		if !r.Listed && r.LatestFile != "" && r.Retired == "" {
			category := store.One[string](tx, `SELECT r.category FROM runs r JOIN repos o ON o.id = r.repo_id
				WHERE o.key = $1 AND r.kind = 'scan' AND r.at <= $2 ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1`, r.Name.Key(), m.at)
			store.AddCounts(tx, r.OpenCategory, map[string]int64{category: 1})
		}
		dropZero(r.SeveritySum)
		dropZero(r.CategorySum)
	}
}

// dropZero leaves out what no run counts.
func dropZero(sum map[string]int64) {
	maps.DeleteFunc(sum, func(_ string, n int64) bool { return n == 0 })
}
