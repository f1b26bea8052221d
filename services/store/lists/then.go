package lists

import "strings"

// What was at a past time, @: records count up to it by their timestamps, pull
// requests by GitHub's times, and sessions by the log of their states. What a
// record of later time says changes none of them.

// AsOf is a statement whose @ is its first argument.
func AsOf(statement string) string { return strings.ReplaceAll(statement, "@", "$1") }

// KnownPullThen is true of a pull request p that something named by then. One whose
// title names an issue is known by the first run of its repository, too.
const KnownPullThen = `p.listed = 1 AND (p.known_at <= @ OR p.issue_ids <> '[]' AND p.created_at <= @ AND EXISTS (
	SELECT 1 FROM base.pull_repos h JOIN base.runs r ON r.repo_id = h.repo_id WHERE h.key = p.repo_key AND r.at <= @))`

// ShownThen is the state of a pull request p.
const ShownThen = `CASE WHEN p.merged_at <> 0 AND p.merged_at <= @ THEN 'merged' WHEN p.closed_at <> 0 AND p.closed_at <= @ THEN 'closed'
	WHEN p.fetched = 0 OR p.shown = 'unknown' THEN 'unknown' WHEN p.shown = 'closed' AND p.closed_at = 0 THEN 'closed' ELSE 'open' END`

// KnownSessionThen is true of a session s that a record named by then.
const KnownSessionThen = `(s.at <= @ OR (s.id <> '' AND EXISTS (SELECT 1 FROM base.mentions m WHERE m.session = s.key AND m.at <= @)))`

// PolledThen is 1 where Devin had been asked for a session s: its first answer is
// the first of the log of claims.
const PolledThen = `CASE WHEN s.polled = 1
	AND EXISTS (SELECT 1 FROM base.claim_log l WHERE l.session = s.key AND l.at <= @) THEN 1 ELSE 0 END`

// NamedThen is when the newest record by then named a session s.
const NamedThen = `CASE WHEN s.at <= @ THEN s.at ELSE (SELECT MAX(m.at) FROM base.mentions m WHERE m.session = s.key AND m.at <= @) END`

// StateThen is the state of a session s. One that began by then is the last
// that the log has; where the log does not go back so far, the newest record
// by then says it. One that waits does so by what its pull requests were at
// the time (telemetry.StateOf).
const StateThen = `(SELECT CASE WHEN y.state IN ('waiting', 'pr_ready') THEN ` + waitingThen + ` ELSE y.state END
	FROM (SELECT CASE WHEN s.since <= @ OR s.id = '' THEN s.state ELSE COALESCE(
		(SELECT g.state` + loggedThen + `, (SELECT m.state` + recordedThen + `, 'unknown') END AS state) y)`

// loggedThen reads the last change of a session s that the log has, and
// recordedThen what the newest record says of it.
const (
	loggedThen   = ` FROM base.state_log g WHERE g.session = s.key AND g.at <= @ ORDER BY g.id DESC LIMIT 1)`
	recordedThen = ` FROM base.mentions m JOIN base.runs r ON r.id = m.run_id WHERE m.session = s.key AND r.at <= @
		ORDER BY r.at DESC, r.file DESC, m.ord LIMIT 1)`
)

// StateSinceThen is when that state began.
const StateSinceThen = `CASE WHEN s.since <= @ OR s.id = '' THEN s.since
	ELSE COALESCE((SELECT g.at FROM base.state_log g WHERE g.session = s.key AND g.at <= @ ORDER BY g.id DESC LIMIT 1), s.at) END`

// waitingThen is what a session s that stopped for its user waited for.
const waitingThen = `CASE WHEN s.has_pr = 0 THEN 'waiting'
	WHEN EXISTS (` + linkedPullsThen + ` AND ` + ShownThen + ` IN ('open', 'unknown')) THEN 'pr_ready'
	WHEN EXISTS (` + linkedPullsThen + ` AND ` + ShownThen + ` = 'merged') THEN 'finished' ELSE 'waiting' END`

// LinkedThen is 1 where a session s had a pull request.
const LinkedThen = `CASE WHEN s.has_pr = 1 AND EXISTS (
	SELECT 1 FROM base.links k WHERE k.session = s.key AND k.ambiguous = 0 AND k.known_at <= @) THEN 1 ELSE 0 END`

// linkedPullsThen are the pull requests p that a session s had. CROSS JOIN keeps
// SQLite from beginning with all pull requests.
const linkedPullsThen = `SELECT 1 FROM base.links k CROSS JOIN base.pulls p
	WHERE k.session = s.key AND k.ambiguous = 0 AND k.known_at <= @ AND p.key = k.pull_key`

// ActiveStates are the states of a session that is active.
const ActiveStates = `'queued', 'working', 'waiting'`

// KnownUntil is up to when the state of a session s says something of today,
// less telemetry.RecordedFor: for ever if it was polled. An index has it.
const KnownUntil = `CASE WHEN s.polled = 1 THEN 9223372036854775807 ELSE s.since END`
