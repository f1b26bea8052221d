package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// eventRows are the beginnings and ends of the lives of issues as events.
const eventRows = `(SELECT CASE WHEN again = 1 THEN 'reopened' ELSE 'opened' END AS event, 'opened' AS way, from_at AS at, from_file AS file, from_run AS run, issue_id, repo_id, severity, family, rule, opened_at FROM lives WHERE opens = 1
	UNION ALL SELECT 'closed', 'closed', to_at, to_file, to_run, issue_id, repo_id, severity, family, rule, opened_at FROM lives WHERE closes = 1)`

// IssueEvents returns when issues were first seen, came back and were no
// longer found, newest first.
func (s *Store) IssueEvents(ctx context.Context, f telemetry.EventFilter, p telemetry.Page) (telemetry.List[telemetry.IssueEvent], error) {
	page, err := pageSQL(p, "at", map[string]order{"at": byDesc("e.at e.event e.issue_id")})
	if err != nil {
		return telemetry.List[telemetry.IssueEvent]{}, err
	}
	var w where
	if f.Event != "" {
		w.and(`e.way = ?`, f.Event)
	}
	if !f.Since.IsZero() {
		w.and(`e.at >= ?`, ms(f.Since))
	}
	if !f.Until.IsZero() {
		w.and(`e.at <= ?`, ms(f.Until))
	}
	if f.Repo != "" {
		w.and(`e.repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	return list(ctx, s, `e.event, e.at, e.file, e.run, e.severity, e.family, e.rule, e.opened_at, i.public_id, o.target_repo`,
		eventRows+` e JOIN issues i ON i.id = e.issue_id JOIN repos o ON o.id = e.repo_id`, w, page, func(r *row, v *telemetry.IssueEvent) {
			var when, opened int64
			r.scan(&v.Event, &when, &v.File, &v.Run, &v.Severity, &v.Family, &v.Rule, &opened, &v.Issue, &v.Repo)
			v.At = at(when)
			if v.Event == "closed" {
				v.OpenedAt = at(opened)
			}
		})
}
