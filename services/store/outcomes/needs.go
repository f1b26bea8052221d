package outcomes

import (
	"strconv"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// NeedColumns are the columns of the table needs.
const NeedColumns = `need, place, repo_id, subject, session, pull, since, from_at, until_at, sessions, severity_rank,
	rules, rule, issue, issues, ended, due_at`

// Needs selects the rows of the table needs: what waits for a person. Sessions
// that ended for one cause in one repository, and issues of one rule, are one
// row. It waits after from_at and before until_at, so that only the clock is
// compared when the rows are read.
func Needs() string { return foldedNeeds(needsOf{}) }

// NeedsOf selects those of repositories; repos follows the column of their id,
// for example "= $1".
func NeedsOf(repos string) string {
	return foldedNeeds(needsOf{
		sessions: ` AND s.repo_id ` + repos, issues: ` AND i.repo_id ` + repos,
		pulls: ` AND p.repo_key IN (SELECT h.key FROM pull_repos h WHERE h.repo_id ` + repos + `) AND ` + RepoOfPull + ` ` + repos,
	})
}

// NeedsElsewhere selects those of pull requests of no known repository.
func NeedsElsewhere() string {
	return foldedNeeds(needsOf{sessions: ` AND 1 = 0`, issues: ` AND 1 = 0`,
		pulls: ` AND NOT EXISTS (SELECT 1 FROM pull_repos h WHERE h.key = p.repo_key)`})
}

// needsOf are further conditions on sessions s, issues i and pull requests p.
type needsOf struct{ sessions, issues, pulls string }

// stillThere are issues i, attempts a and verifications v, in the order that reads the
// least: CROSS JOIN makes SQLite keep to it.
func (of needsOf) stillThere() string {
	if of.issues == "" {
		return `verifications v CROSS JOIN attempts a CROSS JOIN issues i`
	}
	return `issues i CROSS JOIN attempts a CROSS JOIN verifications v`
}

// foldedNeeds folds what waits. A session that a record alone tells of is of
// today for telemetry.RecordedFor.
func foldedNeeds(of needsOf) string {
	return `SELECT u.need AS need, u.place AS place, u.repo AS repo_id, u.subject AS subject, MAX(u.session) AS session, MAX(u.pull) AS pull,
		MIN(u.since) AS since, MIN(u.from_at) AS from_at, MAX(u.until_at) AS until_at,
		COUNT(DISTINCT NULLIF(u.session, '')) AS sessions, MIN(u.severity_rank) AS severity_rank,
		COUNT(DISTINCT NULLIF(u.rule, '')) AS rules, MAX(u.rule) AS rule, COALESCE(MIN(x.public_id), '') AS issue,
		COALESCE(string_agg(x.public_id, ' ' ORDER BY x.severity_rank, x.first_at, x.public_id), '') AS issues,
		COALESCE(string_agg(CASE WHEN u.need = 'gave_up' THEN u.session END, ' ' ORDER BY u.session), '') AS ended,
		COALESCE(MIN(CASE WHEN x.due_at <> 0 AND x.state_rank < 3 THEN x.due_at END), 0) AS due_at
	FROM (` + needsUnion(of) + `) u LEFT JOIN issues x ON x.id = u.issue GROUP BY u.place, u.repo, u.subject, u.need`
}

// needsUnion is what waits for a person and is folded: a row an issue, where
// issues are known. What is folded has the same subject.
func needsUnion(of needsOf) string {
	recordedUntil := `CASE WHEN s.polled = 1 THEN ` + always + ` ELSE s.since + ` + millis(telemetry.RecordedFor) + ` END`
	return `SELECT 'waiting' AS need, 0 AS place, s.repo_id AS repo, s.key AS subject, s.key AS session, '' AS pull, s.since AS since,
		0 AS from_at, ` + recordedUntil + ` AS until_at,
		COALESCE(i.id, 0) AS issue, COALESCE(i.severity_rank, 9) AS severity_rank, COALESCE(i.rule, '') AS rule
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state = 'waiting' AND (i.id IS NOT NULL OR ` + noAttempt + `)` + of.sessions + `
UNION ALL SELECT 'new', 1, i.repo_id, CASE WHEN i.overdue = 1 THEN '` + OverdueSubject + `' || i.rule ELSE i.rule END, '', '',
		CASE WHEN i.overdue = 1 THEN i.due_at ELSE ` + store.LastOpened + ` END, 0, ` + always + `, i.id, i.severity_rank, i.rule
	FROM issues i WHERE i.severity_rank IN (0, 1) AND i.state_rank IN (0, 1, 2) AND i.snoozed = 0
		AND (i.overdue = 1 AND NOT ` + UnderWay + ` OR i.overdue = 0 AND i.state_rank <> 0
			AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.issue_id = i.id AND a.at >= ` + store.LastOpened + `))` + of.issues + `
UNION ALL SELECT 'pr_ready', 2, ` + RepoOfPull + `, p.key, p.session, p.key, p.created_at, 0, ` + always + `, ` + theirs + `
	FROM pulls p LEFT JOIN issues i ON i.session = p.session AND i.session <> '' AND i.state_rank < 4 AND i.snoozed = 0
	WHERE p.shown = 'open' AND p.listed = 1 AND NOT ` + verifiedPull + `
		AND (p.draft = 0 OR EXISTS (SELECT 1 FROM sessions s WHERE s.key = p.session AND s.state = 'pr_ready'))` + of.pulls + `
UNION ALL SELECT 'pr_ready', 2, s.repo_id, p.key, s.key, p.key, s.since, 0, ` + recordedUntil + `, ` + theirs + `
	FROM sessions s CROSS JOIN pulls p LEFT JOIN issues i ON ` + leftTo + `
	WHERE p.key = s.pull_key AND s.state = 'pr_ready' AND p.shown = 'unknown'` + of.sessions + `
UNION ALL SELECT 'verified', 3, ` + RepoOfPull + `, v.file || ' ' || v.source, v.session, p.key, p.created_at,
		0, ` + always + `, ` + theirs + `
	FROM verifications v JOIN pulls p ON p.key = v.pull_key LEFT JOIN attempts a ON a.record_id = v.id AND a.result = 1
		LEFT JOIN issues i ON i.id = a.issue_id AND i.state_rank < 4 AND i.snoozed = 0
	WHERE v.current = 1 AND v.outcome = 'verified_not_merged' AND p.shown = 'open'` + of.pulls + `
UNION ALL SELECT 'still_there', 4, i.repo_id, p.key, i.session, p.key, p.merged_at, 0, ` + always + `, i.id, i.severity_rank, i.rule
	FROM issues i JOIN links k ON k.session = i.session AND k.ambiguous = 0 JOIN pulls p ON p.key = k.pull_key
	WHERE i.session <> '' AND i.state_rank = 0 AND i.snoozed = 0 AND p.merged_at > 0 AND i.last_at > p.merged_at` + of.issues + `
UNION ALL SELECT 'still_there', 4, i.repo_id, CASE WHEN v.pull_key <> '' THEN v.pull_key ELSE v.file || ' ' || v.source END,
		v.session, v.pull_key, CASE WHEN p.merged_at > 0 THEN p.merged_at ELSE v.at END, 0, ` + always + `, i.id, i.severity_rank, i.rule
	FROM ` + of.stillThere() + ` LEFT JOIN pulls p ON p.key = v.pull_key
	WHERE a.issue_id = i.id AND a.record_id = v.id AND a.result = 1 AND v.current = 1 AND v.outcome = 'verified_still_there'
		AND i.state_rank = 0 AND i.snoozed = 0
		AND (i.session = v.session OR i.attempted_at <= v.at)` + of.issues + `
UNION ALL SELECT 'gave_up', 5, s.repo_id, CASE WHEN ` + saysBlocked + ` THEN 'blocked' ELSE s.state || ' ' || s.reason END,
		s.key, '', s.since, 0, ` + always + `, ` + theirs + `
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state IN (` + endedStates + `) AND (s.state <> 'unknown' AND s.has_pr = 0 OR ` + blockedAlone + `)
		AND (i.id IS NOT NULL OR ` + noAttempt + ` AND ` + unnamed + `)` + of.sessions + `
UNION ALL SELECT 'never_started', 6, s.repo_id, s.reason, s.key, '', s.since, 0, ` + always + `, ` + theirs + `
	FROM sessions s LEFT JOIN attempts a ON a.record_id = s.run_ref AND a.session = '' AND a.batch_id = s.batch_id
		LEFT JOIN issues i ON i.id = a.issue_id AND i.state_rank < 4 AND i.snoozed = 0 AND i.attempted_at < a.at
			AND a.at >= ` + store.LastOpened + `
	WHERE s.state = 'never_started' AND (i.id IS NOT NULL OR a.issue_id IS NULL AND ` + unnamed + `)` + of.sessions + `
UNION ALL SELECT 'stuck', 7, s.repo_id, s.key, s.key, '', ` + touchedAt + `,
		` + touchedAt + ` + ` + millis(telemetry.StuckAfter) + `, ` + always + `, ` + theirs + `
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state = 'working' AND s.polled = 1 AND (i.id IS NOT NULL OR ` + noAttempt + `)` + of.sessions
}

// OverdueSubject begins the subject of a row of overdue issues: their rule follows.
const OverdueSubject = "overdue "

// UnderWay is true of an issue i of which the latest session, since it was opened, is
// active by what Devin says, or has an open pull request.
const UnderWay = `(i.session <> '' AND i.attempted_at >= ` + store.LastOpened + ` AND
	EXISTS (SELECT 1 FROM sessions s LEFT JOIN pulls p ON p.key = s.pull_key WHERE s.key = i.session
		AND (s.polled = 1 AND s.state IN ('queued', 'working', 'waiting') OR p.shown = 'open')))`

// leftTo is true of the issues i that are open, and that a session s was the
// last to work on. The index of sessions holds those of a name alone.
const leftTo = `i.session = s.key AND i.session <> '' AND i.state_rank < 4 AND i.snoozed = 0 AND i.attempted_at >= ` + store.LastOpened

// unnamed is true of a session s of whose issues no record says which they
// are, while one of their ids was in no later session, and the repository has
// open issues.
const unnamed = `EXISTS (SELECT 1 FROM repos w WHERE w.id = s.repo_id AND w.open > 0) AND (s.issue_ids = '[]'
	OR EXISTS (SELECT 1 FROM texts(s.issue_ids)texts WHERE NOT EXISTS (SELECT 1 FROM mention_ids y JOIN runs r ON r.id = y.run_id
		WHERE y.issue_id = upper(e.value) AND y.session <> s.key AND r.repo_id = s.repo_id AND r.at > s.at)))`

const (
	noAttempt = `NOT EXISTS (SELECT 1 FROM attempts a WHERE a.session = s.key)`

	// RepoOfPull is the id of the repository of a pull request p, 0 for none.
	RepoOfPull = `COALESCE((SELECT MIN(o.id) FROM repos o WHERE o.key = p.repo_key),
	(SELECT MIN(h.repo_id) FROM pull_repos h WHERE h.key = p.repo_key), 0)`

	// verifiedPull is true of a pull request p whose session's latest
	// verification found all that it targeted gone.
	verifiedPull = `EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key AND v.current = 1 AND v.outcome = 'verified_not_merged')`

	// theirs are columns of an issue i that may be missing.
	theirs = `COALESCE(i.id, 0), COALESCE(i.severity_rank, 9), COALESCE(i.rule, '')`

	// saysBlocked is true of a session s whose structured output says that it
	// is blocked.
	saysBlocked = `EXISTS (SELECT 1 FROM polls b WHERE b.session = s.key AND b.claim_status = 'blocked')`

	// endedStates are those in which a session no longer works or waits.
	endedStates = `'failed', 'suspended', 'expired', 'finished', 'unknown'`

	// blockedAlone is true of such a session whose pull request is neither open
	// nor merged.
	blockedAlone = saysBlocked + `
		AND NOT EXISTS (SELECT 1 FROM pulls h WHERE h.key = s.pull_key AND (h.merged_at > 0 OR h.shown IN ('open', 'unknown')))`

	// always is a time that never comes.
	always = `9223372036854775807`

	// touchedAt is when Devin last updated a session s.
	touchedAt = `CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END`
)

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
