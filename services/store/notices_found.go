package store

import (
	"slices"
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// found selects what a rule tells of as things are, with the columns of notices from
// subject to since, and repo_key. Parameters: $1 the key of the repository and $2 the
// owner, "" for any. Things that are snoozed, or of a retired repository, are not found.
func found(tx *Tx, r telemetry.NotifyRule) string {
	now := tx.Now()
	inner := ""
	switch r.Event {
	case telemetry.NotifyNew:
		inner = issuesFound(r, `''`, `i.first_at`, `i.state_rank < 4 AND i.status_rank <> 1`)
	case telemetry.NotifyReopened:
		inner = issuesFound(r, LastOpened, LastOpened, `i.state_rank = 1`)
	case telemetry.NotifyOverdue:
		inner = issuesFound(r, `i.due_at`, `i.due_at`, `i.overdue = 1`)
	case telemetry.NotifyDueSoon:
		inner = issuesFound(r, `i.due_at`, `i.due_at`,
			`i.overdue = 0 AND i.paused_at = 0 AND i.state_rank < 4 AND i.due_at <> 0 AND i.due_at <= `+millisAt(now.Add(telemetry.NotifyDueWithin)))
	case telemetry.NotifyWaiting:
		inner = needsFound(r, `n.since`, `n.since <= `+millisAt(now.Add(-time.Duration(r.Hours)*time.Hour))+` AND n.until_at > `+millisAt(now))
	case telemetry.NotifyPullReady:
		inner = needsFound(r, `''`, `n.until_at > `+millisAt(now))
	case telemetry.NotifyStillThere:
		inner = needsFound(r, `''`, `n.until_at > `+millisAt(now))
	case telemetry.NotifyScanOverdue:
		inner = `SELECT o.key AS subject, CAST(o.due_at AS TEXT) AS occurrence, '' AS owner, o.name AS repo, 9 AS severity_rank, o.name AS title,
			'' AS ref, o.due_at AS since, o.key AS repo_key FROM repos o WHERE o.retired = '' AND o.due_at <> 0 AND o.due_at < ` + millisAt(now)
	case telemetry.NotifyJobFailing:
		inner = jobsFailing
	case telemetry.NotifyBudget:
		inner = campaignsFound(tx)
	}
	return `SELECT f.subject, f.occurrence, ` + ownerKept(r) + ` AS owner, f.repo, f.severity_rank, f.title, f.ref, f.since
		FROM (` + inner + `) f WHERE ($1 = '' OR f.repo_key = $1) AND ($2 = '' OR fold(f.owner) = fold($2))`
}

// ownerKept is the owner of a notice: a digest has one for each owner.
func ownerKept(r telemetry.NotifyRule) string {
	if r.DigestAt == "" {
		return `''`
	}
	return `f.owner`
}

// byOwner reports whether owners matter to a rule.
func byOwner(r telemetry.NotifyRule) bool { return r.Owner != "" || r.DigestAt != "" }

func issuesFound(r telemetry.NotifyRule, occurrence, since, cond string) string {
	owner, join := `''`, ``
	if byOwner(r) {
		owner, join = `COALESCE(w.owner, '')`, ` LEFT JOIN issue_owners w ON w.issue_id = i.id`
	}
	return `SELECT i.public_id AS subject, CAST((` + occurrence + `) AS TEXT) AS occurrence, ` + owner + ` AS owner, o.name AS repo,
		i.severity_rank AS severity_rank, i.rule || ' in ' || i.file || ':' || i.line AS title, '' AS ref,
		(` + since + `) AS since, o.key AS repo_key
	FROM issues i JOIN repos o ON o.id = i.repo_id AND o.retired = ''` + join + `
	WHERE i.snoozed = 0 AND i.severity_rank <= ` + mostRank(r.Severity) + ` AND ` + cond
}

// needsFound selects rows of what waits for a person, with the owners of their issues.
func needsFound(r telemetry.NotifyRule, occurrence, cond string) string {
	owner, join := `''`, ``
	if byOwner(r) {
		owner, join = `COALESCE(w.owner, '')`, ` LEFT JOIN issues i ON i.repo_id = n.repo_id AND n.issues <> ''
			AND ' ' || n.issues || ' ' LIKE '% ' || i.public_id || ' %' LEFT JOIN issue_owners w ON w.issue_id = i.id`
	}
	return `SELECT DISTINCT n.subject AS subject, CAST(` + occurrence + ` AS TEXT) AS occurrence, ` + owner + ` AS owner,
		COALESCE(o.name, p.repo, '') AS repo, n.severity_rank AS severity_rank,
		COALESCE(NULLIF(CASE WHEN n.pull <> '' THEN p.title ELSE s.title END, ''), n.subject) AS title,
		CASE WHEN n.pull <> '' THEN COALESCE(p.repo || '/' || p.number, '') ELSE n.session END AS ref,
		n.since AS since, COALESCE(o.key, p.repo_key, '') AS repo_key
	FROM needs n LEFT JOIN repos o ON o.id = n.repo_id LEFT JOIN pulls p ON p.key = n.pull AND n.pull <> ''
		LEFT JOIN sessions s ON s.key = n.session AND n.session <> ''` + join + `
	WHERE n.need = '` + string(r.Event) + `' AND COALESCE(o.retired, '') = '' AND n.severity_rank <= ` + mostRank(r.Severity) + ` AND ` + cond
}

// jobsFailing selects the kinds of jobs of which the last one failed: one occurrence from
// one success to the next.
const jobsFailing = `SELECT j.kind AS subject,
		CAST(COALESCE((SELECT MAX(k.started) FROM jobs k WHERE k.kind = j.kind AND k.state = 'done'), 0) AS TEXT)
		AS occurrence, '' AS owner, '' AS repo, 9 AS severity_rank, j.kind || ': ' || j.error AS title,
		j.id AS ref, j.started AS since, '' AS repo_key
	FROM jobs j WHERE j.state = 'failed'
		AND NOT EXISTS (SELECT 1 FROM jobs k WHERE k.kind = j.kind AND k.state IN ('done', 'failed')
			AND (k.started > j.started OR k.started = j.started AND k.id > j.id))`

// campaignsFound selects the open campaigns that have used nearly all of a budget: once
// for each budget.
func campaignsFound(tx *Tx) string {
	columns := Names(CampaignFields(&telemetry.Campaign{}))
	open := Rows(tx, `SELECT `+columns+` FROM campaigns WHERE closed_at = 0 AND (max_sessions > 0 OR max_acus > 0) ORDER BY id`, nil,
		func(c *telemetry.Campaign) []any { return Pointers(CampaignFields(c)) })
	ids := "0"
	for _, c := range open {
		use := CampaignUse(tx, c)
		if c.MaxSessions > 0 && use.Sessions*100 >= c.MaxSessions*telemetry.BudgetNearly ||
			c.MaxACUs > 0 && (use.MilliACU+use.Reserved)*100 >= c.MaxACUs*1000*telemetry.BudgetNearly {
			ids += ", " + strconv.FormatInt(c.ID, 10)
		}
	}
	return `SELECT CAST(c.id AS TEXT) AS subject, c.max_sessions || ' ' || c.max_acus AS occurrence,
		'' AS owner, '' AS repo, 9 AS severity_rank, c.name AS title, '' AS ref, c.at AS since, '' AS repo_key
		FROM campaigns c WHERE c.id IN (` + ids + `)`
}

// mostRank is the highest rank of a severity that is at least this one; 9 has none.
func mostRank(severity string) string {
	if rank := slices.Index(telemetry.Severities(), severity); rank >= 0 {
		return strconv.Itoa(rank)
	}
	return "9"
}

func millisAt(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
