package lists

import (
	"regexp"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Words of is: for issues, beside the states.
const (
	wordOverdue = "overdue"
	wordInTime  = "in_time"
	wordLate    = "late"
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

// issueIs compares states, and whether an issue is overdue, or was closed in time.
func issueIs() *asked {
	state := ranked("{i.state_rank}", statusWords(telemetry.IssueStates()), statusRanks)
	due := is(word{wordOverdue, "i.overdue = 1"}, word{wordInTime, closedInTime}, word{wordLate, closedLate})
	return &asked{kind: query.Keyword(), words: slices.Concat(state.words, due.words), cond: func(m moment, values []query.Value) Cond {
		var states, others []query.Value
		for _, v := range values {
			if slices.Contains(due.words, v.Text) {
				others = append(others, v)
			} else {
				states = append(states, v)
			}
		}
		switch {
		case len(others) == 0:
			return state.cond(m, states)
		case len(states) == 0:
			return due.cond(m, others)
		}
		return anyOf(state.cond(m, states), due.cond(m, others))
	}}
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

// asDue gives issues their due dates as of a time: none where they are not open.
func asDue(m moment, rows []telemetry.IssueRow) {
	for i := range rows {
		r := &rows[i]
		c := telemetry.DueClock{Due: store.Millis(r.DueAt.Time), Paused: store.Millis(r.PausedAt.Time)}
		if r.DueAt = (telemetry.Time{}); r.State.Open() {
			r.DueAt = store.Time(c.At(m.at))
			r.DueSoon = !r.Overdue && c.Due != 0 && c.At(m.at) < m.at+telemetry.DueSoon.Milliseconds()
		}
	}
}

// dueColumnsThen are the columns of due dates of an issue with the interval l at @.
var dueColumnsThen = `COALESCE(` + dueOf("l") + `, 0) AS due_at, ` + pausedOf("l") + ` AS paused_at, ` + overdueThen + ` AS overdue`

// overdueThen is 1 where an issue with the interval l was open and overdue.
var overdueThen = `CASE WHEN l.to_at > @ AND ` + overdueOf("l") + ` AND NOT EXISTS (SELECT 1 FROM base.decided x
	WHERE x.issue_id = l.issue_id AND x.from_at <= @ AND x.to_at > @ AND x.kind IN ('dismissed', 'accepted')) THEN 1 ELSE 0 END`

// dueOf is when the issue of an interval was due at @ by its severity then, by what the
// registry said then and by how long its clock had paused; NULL for never.
func dueOf(l string) string {
	return ofInterval(l, `l.opened_at + (SELECT y.tenth FROM base.due_days y WHERE y.severity = l.severity)
		* COALESCE((SELECT g.factor FROM base.repos y JOIN base.registry_log g ON g.repo_key = y.key AND g.at <= @
			WHERE y.id = l.repo_id ORDER BY g.at DESC LIMIT 1), 10)
		+ COALESCE((SELECT CASE WHEN y.to_at <= @ THEN y.before + y.to_at - y.from_at ELSE y.before END`+lastPause+`), 0)`)
}

// pausedOf is since when its clock paused then, 0 where it ran.
func pausedOf(l string) string {
	return ofInterval(l, `COALESCE((SELECT CASE WHEN y.to_at <= @ THEN 0 ELSE y.from_at END`+lastPause+`), 0)`)
}

// overdueOf is true where the due date had passed.
func overdueOf(l string) string {
	return `COALESCE(` + dueOf(l) + ` < COALESCE(NULLIF(` + pausedOf(l) + `, 0), CAST(@ AS BIGINT)), false)`
}

const lastPause = ` FROM base.due_pauses y WHERE y.issue_id = l.issue_id AND y.from_at <= @ AND y.from_at >= l.opened_at
		ORDER BY y.from_at DESC LIMIT 1`

// ofInterval names the interval of an expression over one that is called l.
func ofInterval(name, expression string) string {
	return intervalName.ReplaceAllString(expression, name+".")
}

var intervalName = regexp.MustCompile(`\bl\.`)
