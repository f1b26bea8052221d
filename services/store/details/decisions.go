package details

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// decisionsOn are all decisions on an issue, oldest first, with when each stopped
// being in force.
func decisionsOn(tx *store.Tx, issue int64) []telemetry.IssueDecision {
	list := store.Rows(tx, `SELECT d.id, d.action, d.reason, d.comment, d.made_by, d.at, d.until_at, d.assignee, d.issues, d.query,
			d.needs, d.undone_at, d.undone_by, COALESCE((SELECT MAX(x.to_at) FROM decided x WHERE x.issue_id = $1 AND x.decision_id = d.id), 0)
		FROM decisions d WHERE d.id IN (SELECT o.decision_id FROM decision_issues o WHERE o.issue_id = $1) ORDER BY d.at, d.id`,
		[]any{issue}, func(d *telemetry.IssueDecision) []any {
			return []any{&d.ID, &d.Action, &d.Reason, &d.Comment, &d.By, &d.At, &d.Until, &d.Assignee, &d.Issues, &d.Query,
				store.ListOf(&d.Needs), &d.UndoneAt, &d.UndoneBy, &d.EndedAt}
		})
	now := tx.Now()
	for i := range list {
		if end := &list[i].EndedAt; end.After(now) {
			*end = telemetry.Time{}
			list[i].Standing = true
		}
	}
	return list
}
