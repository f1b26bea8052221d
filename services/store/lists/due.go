package lists

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// Words of is: for issues, beside the states.
const (
	wordOverdue = "overdue"
	wordInTime  = "in_time"
	wordLate    = "late"

	wordUnderWay = "under_way"
)

// issueDue are when issues are due.
func issueDue() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "due", Help: "when it is due: a date, or in how long, with what is overdue", Column: "i.due_at",
			Into: func(i *row) any { return &i.DueAt }, CSV: "due_at", Asked: ahead(dueNow).offers("<7d", "<30d"),
			Sort: up("CASE WHEN " + isDue + " THEN 0 ELSE 1 END | " + dueNow + " | " + issueLast)},
		{Name: "paused", Column: "i.paused_at", Into: func(i *row) any { return &i.PausedAt }},
		{Name: "overdue", Column: "i.overdue", Into: func(i *row) any { return &i.Overdue }},
	}
}

// isDue is true of an issue i that is open and has a due date, which is dueNow: while
// its clock pauses, that moves on with the time.
const (
	isDue  = `(i.state_rank < 4 AND i.due_at <> 0)`
	dueNow = `(CASE WHEN ` + isDue + ` THEN i.due_at + CASE WHEN i.paused_at = 0 THEN 0 ELSE CAST(@ AS BIGINT) - i.paused_at END ELSE 0 END)`
)

// issueIs compares states, whether an issue is overdue, or was closed in time, and
// whether somebody works on it.
func issueIs() *asked {
	state := ranked("{i.state_rank}", statusWords(telemetry.IssueStates()), statusRanks)
	due := is(word{wordOverdue, "i.overdue = 1"}, word{wordInTime, closedInTime}, word{wordLate, closedLate})
	others := append(due.words, wordUnderWay)
	return &asked{kind: query.Keyword(), words: slices.Concat(state.words, others), cond: func(m moment, values []query.Value) Cond {
		var states, dates []query.Value
		var any []Cond
		for _, v := range values {
			switch {
			case v.Text == wordUnderWay:
				any = append(any, that(underWay(m)))
			case slices.Contains(due.words, v.Text):
				dates = append(dates, v)
			default:
				states = append(states, v)
			}
		}
		if len(states) > 0 {
			any = append(any, state.cond(m, states))
		}
		if len(dates) > 0 {
			any = append(any, due.cond(m, dates))
		}
		return anyOf(any...)
	}}
}

// underWay is true of an issue i that is open, and on which a session works or a
// pull request of one is open.
func underWay(m moment) string {
	of := outcomes.UnderWay
	if m.past { // the rows of then do not have it
		of = strings.ReplaceAll(of, "i.attempted_at",
			"(SELECT MAX(a.at) FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= @)")
	}
	return "(i.state_rank < 4 AND " + of + ")"
}

// closedInTime is true of an issue i that is fixed, and was by its due date, and
// closedLate where it was not.
const (
	closedInTime = `i.state_rank = 4 AND i.due_at <> 0 AND i.closed_at <= i.due_at`
	closedLate   = `i.state_rank = 4 AND i.due_at <> 0 AND i.closed_at > i.due_at`
)

// ahead compares a column of times, 0 being none, by calendar or by how long from now.
func ahead(column string) *asked {
	return &asked{kind: query.Ahead(), cond: each(func(m moment, v query.Value) Cond {
		s := *v.Span
		if s.Ago {
			const minute = 60_000
			now := m.at - m.at%minute
			s = query.Span{Low: now + s.Low, HasLow: s.HasLow, High: now + s.High, HasHigh: s.HasHigh}
		}
		return allOf(that(column+" <> 0"), within(column, s))
	})}
}

// asDue gives issues their due dates as of a time: none where they are not open. While
// a clock pauses, the date moves on with the minutes.
func asDue(m moment, rows []telemetry.IssueRow) {
	const minute = 60_000
	at := m.at - m.at%minute
	for i := range rows {
		r := &rows[i]
		c := telemetry.DueClock{Due: store.Millis(r.DueAt.Time), Paused: store.Millis(r.PausedAt.Time)}
		if r.DueAt = (telemetry.Time{}); r.State.Open() {
			r.DueAt = store.Time(c.At(at))
			r.DueSoon = !r.Overdue && c.Due != 0 && c.At(m.at) < m.at+telemetry.DueSoon.Milliseconds()
		}
	}
}

// dueJoins joins an interval l at @ with what its due date is made of: at most one row
// of each, and no query in a query, of which SQLite takes only so many in a statement.
const dueJoins = ` LEFT JOIN base.due_days dd ON dd.severity = l.severity LEFT JOIN base.repos dr ON dr.id = l.repo_id
	LEFT JOIN base.registry_log dg ON dg.repo_key = dr.key AND dg.at <= @ AND dg.until > @
	LEFT JOIN base.due_pauses dp ON dp.issue_id = l.issue_id AND dp.from_at >= l.opened_at AND dp.from_at <= @ AND dp.next_at > @`

// issueDueThen is when the issue of an interval l was due by its severity then, by what the
// registry said then and by how long its clock had paused, NULL for never; pausedThen
// since when that paused, 0 where it ran; passedThen is true where the date had passed.
const (
	issueDueThen = `l.opened_at + dd.tenth * COALESCE(dg.factor, 10)
		+ COALESCE(CASE WHEN dp.to_at <= @ THEN dp.before + dp.to_at - dp.from_at ELSE dp.before END, 0)`
	pausedThen     = `CASE WHEN dp.to_at > @ THEN dp.from_at ELSE 0 END`
	passedThen     = `COALESCE(` + issueDueThen + ` < CASE WHEN dp.to_at > @ THEN dp.from_at ELSE CAST(@ AS BIGINT) END, false)`
	dueColumnsThen = `COALESCE(` + issueDueThen + `, 0) AS due_at, ` + pausedThen + ` AS paused_at`
)

// withOverdue adds to issues at @ whether they were overdue.
func withOverdue(issues string) string {
	return `SELECT y.*, CASE WHEN y.state_rank < 4 AND y.due_at <> 0
		AND y.due_at < CASE WHEN y.paused_at = 0 THEN CAST(@ AS BIGINT) ELSE y.paused_at END THEN 1 ELSE 0 END AS overdue
	FROM (` + issues + `) y`
}
