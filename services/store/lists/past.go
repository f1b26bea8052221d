package lists

import (
	"context"
	"strings"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
)

// ReadAt reads a store as of a time: the tables are those of then, by the
// records' timestamps, GitHub's times, and the logs of states and claims. The
// zero time is now.
func ReadAt(ctx context.Context, s *store.Store, at time.Time, do func(*store.Tx) error) error {
	if at.IsZero() {
		return s.Read(ctx, do)
	}
	return s.ReadAt(ctx, at, relations(), do)
}

// GetAt is ReadAt for what gives a value.
func GetAt[T any](ctx context.Context, s *store.Store, at time.Time, do func(*store.Tx) T) (v T, err error) {
	err = ReadAt(ctx, s, at, func(tx *store.Tx) error {
		v = do(tx)
		return tx.Err()
	})
	return v, err
}

// relations are the tables as they were at @. What is made for a column that
// others are joined by is CAST: SQLite makes an index only for a column that
// has a type.
func relations() []store.Relation {
	return []store.Relation{
		{Name: "issues", For: []string{forNeeds}, Whole: true, SQL: needIssuesThen()},
		{Name: "issues", For: []string{ForTried}, Whole: true, SQL: countedIssuesThen(
			`, (SELECT COUNT(*) ` + attemptsOfThen + `) AS attempts, COALESCE((SELECT MAX(a.at) ` + attemptsOfThen + `), 0) AS attempted_at`)},
		{Name: "issues", For: []string{ForCounts}, Whole: true, SQL: countedIssuesThen("")},
		{Name: "issues", For: []string{ForAttempts}, Light: true, SQL: attemptedIssuesThen},
		{Name: "issues", For: []string{"i.closed_at <> 0", "i.closed_at, a.at"}, Light: true, SQL: closedIssuesThen()},
		{Name: "issues", For: []string{"i.file", "i.line"}, Light: true,
			SQL: issuesThen(attemptedThen + ` AS attempted_at, ` + spotThen("file") + ` AS file, ` + spotThen("line") + ` AS line`)},
		{Name: "issues", SQL: issuesThen(attemptedThen + ` AS attempted_at`)},
		{Name: "sessions", For: []string{forNeeds}, Whole: true, SQL: needSessionsThen()},
		{Name: "sessions", For: []string{verifiedSession, ForAttempts}, Light: true, SQL: sessionIDsThen},
		{Name: "sessions", SQL: sessionsThen()},
		{Name: "pulls", For: []string{forNeeds}, Whole: true, SQL: needPullsThen},
		{Name: "pulls", Light: true, SQL: pullsThen},
		{Name: "links", Light: true, SQL: linksThen},
		{Name: "verifications", For: []string{forNeeds}, Whole: true, SQL: verificationsThen, Rows: verificationRows},
		{Name: "verifications", SQL: verificationsThen, Rows: verificationRows},
		{Name: "claims", SQL: claimsThen, Rows: claimRows},
		{Name: "polls", For: []string{"claim_status", "fixed_n", "blocked_n", "tests"}, SQL: pollsThen() + summedThen, Rows: pollRows},
		{Name: "polls", Light: true, SQL: pollsThen() + pollsNamedThen},
		{Name: "repos", For: []string{"o.due_at", "scan_interval"}, SQL: reposThen("z.reason", "z.at") + dueThen},
		{Name: "repos", For: []string{"w.open"}, Whole: true, SQL: allReposThen()},
		{Name: "repos", For: []string{verificationsFrom, ForAttempts}, Light: true, SQL: namedReposThen},
		{Name: "repos", Light: true, SQL: allReposThen()},
		{Name: "attempts", Light: true, SQL: `SELECT * FROM base.attempts WHERE at <= @`},
		{Name: "mentions", Light: true, SQL: `SELECT * FROM base.mentions WHERE at <= @`},
		{Name: "mention_ids", Light: true, SQL: `SELECT x.* FROM base.mention_ids x WHERE ` + runBy},
		{Name: "appearances", Light: true, SQL: `SELECT x.* FROM base.appearances x WHERE ` + runBy},
		{Name: "issue_intervals", Light: true, SQL: `SELECT * FROM base.issue_intervals WHERE from_at <= @`},
		{Name: "runs", Light: true, SQL: `SELECT * FROM base.runs WHERE at <= @`},
		{Name: "state_log", Light: true, SQL: `SELECT * FROM base.state_log WHERE at <= @`},
		{Name: "claim_log", Light: true, SQL: `SELECT * FROM base.claim_log WHERE at <= @`},
		{Name: "submissions", Light: true, SQL: `SELECT * FROM base.submissions WHERE at <= @`},
		{Name: "log_issues", Light: true, SQL: logIssuesThen},
		{Name: "needs", SQL: needsThen, Rows: needRows},
		{Name: "accepted", Light: true, SQL: `SELECT * FROM base.accepted WHERE at <= @`},
		{Name: "decisions", Light: true, SQL: decisionsThen},
		{Name: "issue_owners", SQL: issueOwnersThen, Rows: issueOwnerRows},
		{Name: "decided", Light: true, SQL: `SELECT * FROM base.decided WHERE from_at <= @`},
	}
}

// These name a column in statements that need neither what tells the four open states
// apart nor what lists show: those that count all issues of a time, by their due dates
// (ForCounts) and by attempts, too (ForTried), and those that tell what attempts were at.
const (
	ForCounts   = "AS counted"
	ForTried    = "AS tried"
	ForAttempts = "AS of_attempt"
)

const attemptedIssuesThen = `SELECT l.issue_id AS id, l.repo_id, l.rule, l.severity, l.family, ` + countedStateThen + ` AS state_rank
	FROM base.issue_intervals l WHERE l.from_at <= @ AND l.next_at > @`

// countedIssuesThen are the issues for such statements, with more columns.
func countedIssuesThen(more string) string {
	return withOverdue(`SELECT l.issue_id AS id, l.repo_id, l.rule, l.severity, l.family, ` + closedThen("l.to_at", "0") + ` AS closed_at,
		` + countedStateThen + ` AS state_rank, ` + dueColumnsThen + more + `
	FROM base.issue_intervals l` + dueJoins + ` WHERE l.from_at <= @ AND l.next_at > @`)
}

// countedStateThen is stateThen, where an open issue has the first of the open states.
const countedStateThen = `CASE WHEN l.closes = 1 AND l.to_at <= @ THEN 4 WHEN l.to_at <= @ THEN 5
	ELSE COALESCE((SELECT CASE x.kind WHEN 'dismissed' THEN 6 ELSE 7 END FROM base.decided x
		WHERE x.issue_id = l.issue_id AND x.from_at <= @ AND x.to_at > @ AND x.kind IN ('dismissed', 'accepted')), 0) END`

const attemptsOfThen = `FROM base.attempts a WHERE a.issue_id = l.issue_id AND a.session <> '' AND a.at <= @`

// closedIssuesThen are the issues for what asks whether they were closed.
func closedIssuesThen() string {
	return `SELECT l.issue_id AS id, l.repo_id, ` + closedThen("l.to_at", "0") + ` AS closed_at
	FROM base.issue_intervals l WHERE l.from_at <= @ AND l.next_at > @`
}

// logIssuesThen are the findings of logs by which issues were described: those
// of the newest scan until then are the latest.
const logIssuesThen = `SELECT l.run_id, l.log_id, l.ord, l.issue_id, l.at, l.file, CASE WHEN EXISTS (
		SELECT 1 FROM base.log_issues o WHERE o.issue_id = l.issue_id AND o.at <= @ AND (
			o.at > l.at OR o.at = l.at AND (o.file > l.file OR o.file = l.file AND o.ord < l.ord))) THEN 0 ELSE 1 END AS latest
	FROM base.log_issues l WHERE l.at <= @`

// needsThen are what waited for a person.
const needsThen = `SELECT CAST(e.value ->> 0 AS TEXT) AS need, CAST(e.value ->> 1 AS BIGINT) AS place,
		CAST(e.value ->> 2 AS BIGINT) AS repo_id,
		CAST(e.value ->> 3 AS TEXT) AS subject, CAST(e.value ->> 4 AS TEXT) AS session, CAST(e.value ->> 5 AS TEXT) AS pull,
		CAST(e.value ->> 6 AS BIGINT) AS since, CAST(e.value ->> 7 AS BIGINT) AS from_at, CAST(e.value ->> 8 AS BIGINT) AS until_at,
		CAST(e.value ->> 9 AS BIGINT) AS sessions, CAST(e.value ->> 10 AS BIGINT) AS severity_rank,
		CAST(e.value ->> 11 AS BIGINT) AS rules, CAST(e.value ->> 12 AS TEXT) AS rule, CAST(e.value ->> 13 AS TEXT) AS issue,
		CAST(e.value ->> 14 AS TEXT) AS issues, CAST(e.value ->> 15 AS TEXT) AS ended,
		CAST(e.value ->> 16 AS BIGINT) AS due_at
	FROM rows() WHERE CAST(@ AS BIGINT) > 0`

func needRows(tx *store.Tx) string {
	rows := [][]any{}
	tx.Each(outcomes.Needs(), nil, func(r *store.Row) {
		row := make([]any, len(strings.Fields(outcomes.NeedColumns)))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		r.Scan(into...)
		rows = append(rows, row)
	})
	return store.JSON(rows)
}

// runBy is true of what is of a run by then.
const runBy = `(SELECT r.at FROM base.runs r WHERE r.id = x.run_id) <= @`

// spotThen is where the last scan by then found an issue i. An appearance has
// no file where it is that of the one before.
func spotThen(column string) string {
	return `COALESCE((SELECT x.` + column + ` FROM base.appearances x JOIN base.runs r ON r.id = x.run_id
		WHERE x.issue_id = i.id AND r.at <= @ AND x.` + column + ` IS NOT NULL ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1), i.` +
		column + `)`
}

// linksThen are the links that were known.
const linksThen = `SELECT k.* FROM base.links k WHERE k.known_at <= @`

// verificationsThen are the verifications with what had become of them. The
// latest of a session counts or, where no record had named it, of a pull request.
const verificationsThen = `SELECT v.id, v.session, v.pull_key, v.pull_repo, v.pr_number, v.pr_url, v.pr_title, v.source_run, v.family, v.at,
		v.file, v.targeted, v.fixed, v.remaining, v.source, v.repo_id, v.scan_id, v.issue_ids, v.unmatched,
		x.gone_n, x.there_n, x.merge_state, x.outcome,
		CASE WHEN EXISTS (SELECT 1 FROM base.verifications n WHERE n.session = v.session AND n.at <= @
			AND (n.pull_key = v.pull_key OR v.session <> ''
				AND EXISTS (SELECT 1 FROM base.mentions m WHERE m.session = v.session AND m.at <= @))
			AND (n.at, n.file, n.source) > (v.at, v.file, v.source)) THEN 0 ELSE 1 END AS current
	FROM base.verifications v JOIN (SELECT CAST(e.value ->> 0 AS BIGINT) AS id, CAST(e.value ->> 1 AS BIGINT) AS gone_n,
			CAST(e.value ->> 2 AS BIGINT) AS there_n, CAST(e.value ->> 3 AS TEXT) AS merge_state, CAST(e.value ->> 4 AS TEXT) AS outcome
		FROM rows()) x ON x.id = v.id
	WHERE v.at <= @`

func verificationRows(tx *store.Tx) string {
	rows := [][]any{}
	for id, v := range outcomes.AllVerifications(tx) {
		rows = append(rows, []any{id, v.Gone, v.StillThere, string(v.Merge), string(v.Outcome)})
	}
	return store.JSON(rows)
}

// claimsThen are what had come of attempts.
const claimsThen = `SELECT CAST(e.value ->> 0 AS TEXT) AS session, CAST(e.value ->> 1 AS BIGINT) AS issue_id,
		CAST(e.value ->> 2 AS BIGINT) AS repo_id, CAST(e.value ->> 3 AS BIGINT) AS at, CAST(e.value ->> 4 AS BIGINT) AS nth,
		CAST(e.value ->> 5 AS BIGINT) AS last, CAST(e.value ->> 6 AS TEXT) AS said, CAST(e.value ->> 7 AS TEXT) AS reason,
		CAST(e.value ->> 8 AS TEXT) AS found, CAST(e.value ->> 9 AS BIGINT) AS merge_unknown,
		CAST(e.value ->> 10 AS BIGINT) AS milli_acus, CAST(e.value ->> 11 AS TEXT) AS playbook
	FROM rows() WHERE CAST(@ AS BIGINT) > 0`

func claimRows(tx *store.Tx) string {
	rows := [][]any{}
	for _, c := range outcomes.All(tx) {
		rows = append(rows, []any{c.Session, c.Issue, c.Repo, c.At, c.Nth, store.Flag(c.Last), string(c.Said), c.Reason, string(c.Found),
			store.Flag(c.MergeUnknown), c.ACUs, c.Playbook})
	}
	return store.JSON(rows)
}

// pollsThen are what polling had learned of sessions, by the log of claims.
func pollsThen() string {
	last := func(column, where string) string {
		return "(SELECT l." + column + " FROM base.claim_log l WHERE l.session = o.session AND l.at <= @" + where + " ORDER BY l.id DESC LIMIT 1)"
	}
	const said = " AND l.output IS NOT NULL"
	return `SELECT o.session, o.api, o.url, ` + last("title", "") + ` AS title, ` + last("tags", "") + ` AS tags,
		` + last("playbook", "") + ` AS playbook, ` + last("milli_acus", "") + ` AS milli_acus, o.created_at,
		CASE WHEN o.changed_at <= @ THEN o.changed_at ELSE ` + last("at", "") + ` END AS changed_at,
		CASE WHEN o.missing_since <= @ THEN o.missing_since ELSE 0 END AS missing_since,
		COALESCE(` + last("output", said) + `, '') AS output, COALESCE(` + last("at", said) + `, 0) AS said_at`
}

const pollsNamedThen = ` FROM base.polls o WHERE EXISTS (SELECT 1 FROM base.claim_log l WHERE l.session = o.session AND l.at <= @)`

// summedThen adds what the outputs of then claim. What rows() gives has a row
// for each: SQLite makes no index for it, so that a LEFT JOIN would read it anew
// for each row.
const summedThen = `, COALESCE(x.claim_status, '') AS claim_status,
		COALESCE(x.fixed_n, 0) AS fixed_n, COALESCE(x.blocked_n, 0) AS blocked_n, COALESCE(x.tests, -1) AS tests
	FROM (SELECT * ` + pollsNamedThen + `) o JOIN (SELECT CAST(e.value ->> 0 AS TEXT) AS session,
		CAST(e.value ->> 1 AS TEXT) AS claim_status, CAST(e.value ->> 2 AS BIGINT) AS fixed_n, CAST(e.value ->> 3 AS BIGINT) AS blocked_n,
		CAST(e.value ->> 4 AS BIGINT) AS tests FROM rows()) x ON x.session = o.session`

// pollRows are what the outputs of then claim.
func pollRows(tx *store.Tx) string {
	rows := [][]any{}
	tx.Each(`SELECT d.session, COALESCE((SELECT l.output FROM claim_log l WHERE l.session = d.session AND l.output IS NOT NULL
			ORDER BY l.id DESC LIMIT 1), '') FROM (SELECT DISTINCT session FROM claim_log) d`, nil,
		func(r *store.Row) {
			var session, output string
			r.Scan(&session, &output)
			s := outcomes.SummaryOf([]byte(output))
			rows = append(rows, []any{session, s.Status, s.Fixed, s.Blocked, s.Tests})
		})
	return store.JSON(rows)
}

// reposThen are the repositories with what single scans tell of them; reason and
// since are why and when they were retired, NULL where they were not.
func reposThen(reason, since string) string {
	return `SELECT o.id, o.key, o.name, o.target_repo, o.fork, o.fork_key, o.fork_url, o.registry_key,
	COALESCE(` + reason + `, '') AS retired, COALESCE(` + since + `, 0) AS retired_at,
	COALESCE((SELECT MAX(r.at) FROM base.runs r WHERE r.repo_id = o.id AND r.at <= @), 0) AS last_run,
	COALESCE((SELECT MAX(r.at) FROM base.runs r WHERE r.repo_id = o.id AND r.kind = 'scan' AND r.at <= @), 0) AS latest_at,
	COALESCE((SELECT r.at ` + refThen + `), 0) AS ref_at, COALESCE((SELECT r.file ` + refThen + `), '') AS ref_file,
	CASE WHEN EXISTS (SELECT 1 FROM base.runs r WHERE r.repo_id = o.id AND r.kind = 'scan' AND r.has_findings = 1 AND r.at <= @)
		THEN (SELECT COUNT(*) FROM base.issue_intervals l WHERE l.repo_id = o.id AND l.from_at <= @ AND l.to_at > @)
			- (SELECT COUNT(*)` + DecidedOpenThen + ` AND x.repo_id = o.id)
		WHEN ` + since + ` IS NULL THEN COALESCE((SELECT r.issues_found FROM base.runs r WHERE r.repo_id = o.id AND r.kind = 'scan' AND r.at <= @
			ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1), 0) ELSE 0 END AS open`
}

func allReposThen() string {
	return reposThen("z.reason", "z.at") + ` FROM base.repos o` + JoinRetired + reposNamedThen
}

// namedReposThen are the repositories for what shows their names and reference scans alone.
const namedReposThen = `SELECT o.id, o.key, o.name, o.target_repo, COALESCE((SELECT r.at ` + refThen + `), 0) AS ref_at
	FROM base.repos o` + reposNamedThen

// DecidedOpenThen are the times x in which decisions took issues out of what was
// open, with their intervals y.
const DecidedOpenThen = ` FROM base.decided x JOIN base.issue_intervals y ON y.issue_id = x.issue_id AND y.from_at <= @ AND y.to_at > @
	WHERE x.kind IN ('dismissed', 'accepted') AND x.from_at <= @ AND x.to_at > @`

// refThen reads the reference scan of a repository o.
const refThen = `FROM base.runs r WHERE r.repo_id = o.id AND r.kind = 'scan' AND r.has_findings = 1 AND r.reduced = 0 AND r.at <= @
	ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1`

const reposNamedThen = ` WHERE EXISTS (SELECT 1 FROM base.runs r WHERE r.repo_id = o.id AND r.at <= @)`

// dueThen adds when their next scan was due.
const dueThen = `, n.scan_interval, CASE WHEN z.at IS NULL THEN n.due_at ELSE 0 END AS due_at FROM base.repos o` + JoinRetired + JoinSums
