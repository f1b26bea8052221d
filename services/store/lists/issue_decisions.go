package lists

import (
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// issueDecisions are what queries ask of the decisions on an issue.
func issueDecisions() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "assignee", Help: "who works on it; @me is you", Column: "i.assignee", Into: func(i *row) any { return &i.Assignee },
			CSV: "assignee", Asked: assignedTo("i.assignee"), Values: ofRows("assignee", "issues WHERE assignee <> ''")},
		{Name: "decision", Help: "number of a decision on it", Column: "i.decision", Into: func(i *row) any { return &i.DecisionID },
			Asked: exact(func(n int64) Cond {
				return that("i.id IN (SELECT x.issue_id FROM decision_issues x WHERE x.decision_id = ?)", n)
			})},
		{Name: "dismissed_reason", CSV: "dismissed_reason", Cell: cell(func(i *row) any {
			if i.Decision == nil {
				return ""
			}
			return string(i.Decision.Reason)
		})},
	}
}

// assignedTo compares a column of people: @me is the one who asks.
func assignedTo(column string) *asked {
	a := same(column)
	a.cond = each(func(m moment, v query.Value) Cond {
		if v.Text == telemetry.Me {
			return that(column+" = ?", m.tx.Person())
		}
		return allOf(that(column+" <> ''"), sameText(column, v.Text))
	})
	return a
}

// dismissedFor is true of an issue i that is dismissed for a reason.
func dismissedFor(text string) Cond {
	is := sameText("x.reason", string(telemetry.ReasonOf(text)))
	return is.within("i.decision IN (SELECT x.id FROM decisions x WHERE x.reason <> '' AND ")
}

// readDecided gives issues the decisions by which they are dismissed or accepted.
func readDecided(tx *store.Tx, byID map[int64]*telemetry.IssueRow) {
	ids := []int64{}
	for _, row := range byID {
		if row.DecisionID != 0 {
			ids = append(ids, row.DecisionID)
		}
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	decisions := map[int64]telemetry.Decided{}
	for _, d := range store.Rows(tx, `SELECT id, action, reason, comment, made_by, at, until_at FROM decisions WHERE id `+tx.In(1, "BIGINT"),
		[]any{store.JSON(slices.Compact(ids))}, func(d *telemetry.Decided) []any {
			return []any{&d.ID, &d.Action, &d.Reason, &d.Comment, &d.By, &d.At, &d.Until}
		}) {
		decisions[d.ID] = d
	}
	for _, row := range byID {
		if d, known := decisions[row.DecisionID]; known {
			row.Decision = &d
		}
	}
}

// stateThen ranks the state in which an issue i of the interval l was shown, as
// derive does for now.
const stateThen = `CASE WHEN l.closes = 1 AND l.to_at <= @ THEN 4 WHEN l.to_at <= @ THEN 5
	ELSE COALESCE((SELECT CASE x.kind WHEN 'dismissed' THEN 6 ELSE 7 END` + standingThen + `'dismissed', 'accepted')), ` + statusThen + `) END`

// standingThen begins the times x in which decisions stood on an issue i, of kinds.
const standingThen = ` FROM base.decided x WHERE x.issue_id = i.id AND x.from_at <= @ AND x.to_at > @ AND x.kind IN (`

func decidedThen(kinds, column, none string) string {
	return "COALESCE((SELECT " + column + standingThen + kinds + ")), " + none + ")"
}

// decisionsThen are the decisions that had been made, and whether they had been undone.
const decisionsThen = `SELECT o.id, o.at, o.made_by, o.action, o.reason, o.comment, o.until_at, o.assignee, o.query, o.issues,
		o.need, o.mark,
	CASE WHEN o.undone_at <= @ THEN o.undone_at ELSE 0 END AS undone_at, CASE WHEN o.undone_at <= @ THEN o.undone_by ELSE '' END AS undone_by
	FROM base.decisions o WHERE o.at <= @`
