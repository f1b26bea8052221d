package lists

// What the statement of outcomes.Needs reads of a past time: it goes through all
// sessions, issues and pull requests several times. So these have only its
// columns, and no row that none of its groups takes.

// forNeeds is a text that only that statement has.
const forNeeds = "u.need AS need"

// needSessionsThen are the sessions that are queued, wait, work, never started, or ended
// without a pull request or by what Devin says of them.
func needSessionsThen() string {
	return `WITH z AS MATERIALIZED (SELECT s.key, s.repo_id, s.run_ref, s.batch_id, s.issue_ids, s.at, s.state AS last_state, s.reason,
			s.pull_key, s.updated_at,
			` + StateThen + ` AS state, ` + StateSinceThen + ` AS since, ` + PolledThen + ` AS polled, ` + LinkedThen + ` AS has_pr
		FROM ` + sessionsNamedThen + ` s)
	SELECT s.key, s.repo_id, s.run_ref, s.batch_id, s.issue_ids, s.at, s.state, s.since, s.polled, s.has_pr,
		CASE WHEN s.state = s.last_state THEN s.reason ELSE '' END AS reason,
		CAST(CASE WHEN s.has_pr = 1 THEN s.pull_key ELSE '' END AS TEXT) AS pull_key, ` + updatedThen + ` AS updated_at
	FROM z s WHERE s.state IN ('queued', 'waiting', 'pr_ready', 'working', 'never_started') OR s.has_pr = 0 OR EXISTS (
		SELECT 1 FROM base.polls o WHERE o.session = s.key)`
}

// needIssuesThen are the issues that were open and that sessions or verifications
// had been about, of which the last scan told first, or that were overdue. What
// chooses them is in indexes, but for the last.
func needIssuesThen() string {
	return `WITH latest AS MATERIALIZED (` + latestScansThen + `),
	chosen AS MATERIALIZED (SELECT l.issue_id FROM base.issue_intervals l CROSS JOIN latest d` + dueJoins + `
		WHERE d.repo_id = l.repo_id AND l.to_at > @ AND l.from_at <= @
			AND (l.severity IN ('critical', 'high') AND (l.again = 1 OR l.opened_at >= d.at OR ` + passedThen + `)
				OR EXISTS (SELECT 1 FROM base.attempts a WHERE a.issue_id = l.issue_id AND a.at <= @)))
	SELECT i.id, i.public_id, i.repo_id, l.rule, i.first_at, ` + statusThen + ` AS status_rank,
		` + stateThen + ` AS state_rank, ` + seenThen + ` AS last_at,
		` + decidedThen("'snoozed'", "1", "0") + ` AS snoozed, ` + severityRankThen + ` AS severity_rank, ` + dueColumnsThen + `,
		CASE WHEN ` + passedThen + ` THEN 1 ELSE 0 END AS overdue,
		` + sessionThen + ` AS session, ` + attemptedThen + ` AS attempted_at
	FROM chosen c CROSS JOIN base.issue_intervals l CROSS JOIN base.issues i CROSS JOIN latest d` + dueJoins + `
	WHERE l.issue_id = c.issue_id AND l.from_at <= @ AND l.to_at > @ AND i.id = c.issue_id AND d.repo_id = l.repo_id`
}

// needPullsThen are the pull requests.
const needPullsThen = `SELECT p.key, p.repo_key, p.draft, p.listed, p.created_at,
		CAST(CASE WHEN ` + namedThen + ` THEN p.session ELSE '' END AS TEXT) AS session,
		CASE WHEN p.merged_at <= @ THEN p.merged_at ELSE 0 END AS merged_at, ` + ShownThen + ` AS shown
	FROM base.pulls p WHERE ` + KnownPullThen + ``
