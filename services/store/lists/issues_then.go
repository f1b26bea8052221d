package lists

// issuesPast are the issues from their intervals at @, repository by repository
// (CROSS JOIN makes SQLite take that order), with the last scan d that had
// findings data by then.
func issuesPast() string {
	return `(` + withOverdue(`WITH latest AS MATERIALIZED (`+latestScansThen+`)
	`+issueThen("i.file, i.line")+`
	FROM latest d CROSS JOIN base.issues i CROSS JOIN base.issue_intervals l`+dueJoins+`
	WHERE i.repo_id = d.repo_id AND l.issue_id = i.id AND l.from_at <= @ AND l.next_at > @`) + `) AS i`
}

// issuesThen are the same with all their columns, for those that are asked for
// one by one. There is a last scan d wherever there is an interval: LEFT JOIN
// spares SQLite to look for it where no column needs it.
func issuesThen(more string) string { return withOverdue(issueThen(more) + oneByOne) }

const oneByOne = `
	FROM base.issues i JOIN base.issue_intervals l ON l.issue_id = i.id AND l.from_at <= @ AND l.next_at > @
		LEFT JOIN base.runs d ON d.id = (` + latestNamed + `i.repo_id` + newestNamed + `)` + dueJoins + `
	WHERE true`

// latestScansThen are these scans of all repositories.
const latestScansThen = `SELECT o.id AS repo_id, d.id, d.at, d.file, d.reduced, d.lost
	FROM base.repos o JOIN base.runs d ON d.id = (` + latestNamed + `o.id` + newestNamed + `)`

// latestNamed and newestNamed are around a repository, and read the last scan
// that had findings data.
const (
	latestNamed = `SELECT n.id FROM base.runs n WHERE n.kind = 'scan' AND n.has_findings = 1 AND n.at <= @ AND n.repo_id = `
	newestNamed = ` ORDER BY n.at DESC, n.file DESC, n.source DESC LIMIT 1`
)

// issueThen selects an issue i as of the interval l with more columns, but for
// those that finishIssues puts back.
func issueThen(more string) string {
	return `SELECT i.id, i.public_id, i.repo_id, i.fingerprint, i.fingerprints, l.rule, l.severity, l.family, i.latest_issue_id,
		i.first_at, i.first_file, i.first_run, i.first_ord, i.from_start,
		` + closedThen("l.to_at", "0") + ` AS closed_at, ` + closedThen("l.to_file", "''") + ` AS closed_file,
		` + closedThen("l.to_run", "0") + ` AS closed_run,
		i.last_file, i.last_run, i.appearances, i.runs, -1 AS score, '[]' AS cwes, '[]' AS owners,
		CASE WHEN l.again = 1 OR (l.closes = 1 AND l.to_at <= @) THEN 1 ELSE 0 END AS ever_fixed,
		` + statusThen + ` AS status_rank,
		` + stateThen + ` AS state_rank, ` + seenThen + ` AS last_at,
		` + decidedThen("'dismissed', 'accepted'", "x.decision_id", "0") + ` AS decision,
		` + decidedThen("'assigned'", "x.assignee", "''") + ` AS assignee, ` + decidedThen("'snoozed'", "1", "0") + ` AS snoozed,
		` + severityRankThen + ` AS severity_rank, ` + dueColumnsThen + `,
		CASE WHEN i.attempts = 0 THEN 0 ELSE (SELECT COUNT(DISTINCT a.session) ` + attemptsThen + `) END AS attempts,
		` + sessionThen + ` AS session, ` + more
}

// What sessions had worked on an issue i: most never had one.
const (
	attemptsThen = `FROM base.attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= @`

	sessionThen = `CAST(CASE WHEN i.attempts = 0 THEN '' ELSE
		COALESCE((SELECT a.session ` + attemptsThen + ` ORDER BY a.at DESC, a.session LIMIT 1), '') END AS TEXT)`

	attemptedThen = `CASE WHEN i.attempts = 0 THEN 0 ELSE COALESCE((SELECT MAX(a.at) ` + attemptsThen + `), 0) END`
)

// severityRankThen ranks the severity as telemetry.SeverityRank does.
const severityRankThen = `CASE l.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END`

// closedThen is a column of the scan that had closed an issue.
func closedThen(column, none string) string {
	return "CASE WHEN l.closes = 1 AND l.to_at <= @ THEN " + column + " ELSE " + none + " END"
}

// reducedThen is true where the last scan was scope-reduced, or did not look at
// the issue's language, and did not name the issue. What it closed is asked before.
const reducedThen = `(d.reduced = 1 OR d.lost <> '')
	AND NOT EXISTS (SELECT 1 FROM base.appearances a WHERE a.run_id = d.id AND a.issue_id = i.id)`

// statusThen ranks the status as telemetry.Status.Rank does.
const statusThen = `CASE WHEN l.closes = 1 AND l.to_at <= @ THEN 4 WHEN l.to_at <= @ THEN 5
	WHEN ` + reducedThen + ` THEN 3 WHEN l.again = 1 THEN 1
	WHEN i.from_start = 1 OR i.first_at <> d.at OR i.first_file <> d.file THEN 0 ELSE 2 END`

// seenThen is when the issue was last seen.
const seenThen = `CASE WHEN l.closes = 1 AND l.to_at <= @ THEN l.seen_at WHEN ` + reducedThen + `
	THEN (SELECT MAX(r.at) FROM base.appearances a JOIN base.runs r ON r.id = a.run_id WHERE a.issue_id = i.id AND r.at <= @) ELSE d.at END`
