package store

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// The events are the beginnings of the lives of issues, and their ends, each
// in the order of an index.
const (
	opensRows  = `SELECT CASE WHEN again = 1 THEN 'reopened' ELSE 'opened' END AS event, from_at AS at, issue_id, from_file AS file, from_run AS run, repo_id, severity, family, rule, opened_at FROM lives`
	closesRows = `SELECT 'closed' AS event, to_at AS at, issue_id, to_file AS file, to_run AS run, repo_id, severity, family, rule, opened_at FROM lives`
)

// IssueEvents returns when issues were first seen, came back and were no
// longer found, newest first.
func (s *Store) IssueEvents(ctx context.Context, f telemetry.EventFilter, p telemetry.Page) (telemetry.List[telemetry.IssueEvent], error) {
	var out telemetry.List[telemetry.IssueEvent]
	page, err := pageSQL(p, "at", map[string]order{"at": byDesc("at issue_id event")})
	if err != nil {
		return out, err
	}
	var w where
	var arms, counts []string
	for _, arm := range [...]struct{ event, rows, flag, at string }{{"opened", opensRows, "opens", "from_at"}, {"closed", closesRows, "closes", "to_at"}} {
		if f.Event == "" || f.Event == arm.event {
			of := eventConditions(&w, f, arm.flag, arm.at)
			arms, counts = append(arms, arm.rows+of), append(counts, `(SELECT COUNT(*) FROM lives`+of+`)`)
		}
	}
	rows := strings.Join(arms, " UNION ALL ")
	err = s.Read(ctx, func(tx *Tx) error {
		out = telemetry.List[telemetry.IssueEvent]{Items: []telemetry.IssueEvent{}}
		out.Total = countEvents(tx, f, `SELECT `+strings.Join(counts, " + "), w.args)
		tx.each(`SELECT e.event, e.at, e.file, e.run, e.severity, e.family, e.rule, e.opened_at, i.public_id, o.target_repo FROM (`+rows+page+`) AS e
			JOIN issues i ON i.id = e.issue_id JOIN repos o ON o.id = e.repo_id ORDER BY e.at DESC, e.issue_id DESC, e.event DESC`, w.args, func(r *row) {
			out.Items = append(out.Items, scanEvent(r))
		})
		return tx.err
	})
	return out, err
}

// countEvents counts by day where no part of a day is asked for.
func countEvents(tx *Tx, f telemetry.EventFilter, total string, args []any) (n int64) {
	if !f.Since.IsZero() || !f.Until.IsZero() {
		tx.row(total, args...).scan(&n)
		return n
	}
	id, known := repoIDOf(tx, f.Repo)
	if !known {
		return 0
	}
	var opened, closed int64
	tx.row(`SELECT COALESCE(SUM(opened), 0), COALESCE(SUM(closed), 0) FROM days WHERE repo_id = $1`, id).scan(&opened, &closed)
	switch f.Event {
	case "opened":
		return opened
	case "closed":
		return closed
	}
	return opened + closed
}

func scanEvent(r *row) telemetry.IssueEvent {
	var v telemetry.IssueEvent
	var when, opened int64
	r.scan(&v.Event, &when, &v.File, &v.Run, &v.Severity, &v.Family, &v.Rule, &opened, &v.Issue, &v.Repo)
	v.At = at(when)
	if v.Event == "closed" {
		v.OpenedAt = at(opened)
	}
	return v
}

// eventConditions adds the filter's conditions on one arm, the events of a
// flag. One repository's rows are few: its index serves them.
func eventConditions(w *where, f telemetry.EventFilter, flag, column string) string {
	arm := where{args: w.args}
	if f.Repo != "" {
		flag += ` + 0`
		arm.and(`repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	arm.and(flag + ` = 1`)
	if !f.Since.IsZero() {
		arm.and(column+` >= ?`, ms(f.Since))
	}
	if !f.Until.IsZero() {
		arm.and(column+` <= ?`, ms(f.Until))
	}
	w.args = arm.args
	return arm.sql()
}
