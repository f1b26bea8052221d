package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// issueLogs are what logs say of an issue.
func issueLogs() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "cwe", Help: "CWE id, for example 79 or CWE-79", Column: "i.cwes", Into: func(i *row) any { return store.ListOf(&i.CWEs) },
			CSV: "cwes",
			Asked: &asked{kind: query.Text(), cond: each(func(m moment, v query.Value) Cond {
				return among(logged(m, "cwes", "'[]'"), telemetry.CWEName(v.Text), glob, "")
			})}},
		{Name: "score", Help: "CVSS score, where a run log names it", Column: "i.score",
			Into: func(i *row) any { return scoreOf(&i.Score) }, CSV: "score",
			Asked: scored().offers(">=9", ">=7", "4..6.9", "none"),
			Sort:  down("i.score | " + issueLast).afterThen(func(m moment) Cond { return that(logged(m, "score", "-1")) })},
		{Name: "title", Column: "COALESCE((SELECT u.title FROM rules u WHERE u.rule = i.rule), '')",
			Into: func(i *row) any { return &i.Title }, CSV: "title"},
	}
}

// logged is a column that the log of an issue i gave: of the newest that names it or,
// at a past time, the newest until then; none is without one.
func logged(m moment, column, none string) string {
	if !m.past {
		return "i." + column
	}
	return `COALESCE((SELECT f.` + column + ` FROM base.log_issues l JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord
		WHERE l.issue_id = i.id AND l.at <= @ ORDER BY l.at DESC, l.file DESC, l.ord LIMIT 1), ` + none + `)`
}

// scored compares scores in tenths, negative where there is none.
func scored() *asked {
	return &asked{kind: query.Score(), cond: each(func(m moment, v query.Value) Cond {
		column := logged(m, "score", "-1")
		if v.Span == nil {
			return that(column + " < 0")
		}
		return allOf(that(column+" >= 0"), within(column, *v.Span))
	})}
}

// scoreOf reads a score that is kept in tenths.
func scoreOf(into **float64) any {
	return store.Column{Read: func(v any) error {
		tenths, err := store.Whole(v)
		*into = telemetry.ScoreOf(tenths)
		return err
	}, Value: func() any { return *into }}
}

// logWordsThen are the findings f of logs by which issues were described at @.
const logWordsThen = `(` + logIssuesThen + `) l JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord WHERE l.latest = 1`

// messageHas holds where a text stands in the message of an issue.
func messageHas(m moment, text string) Cond {
	if m.past {
		return contains("f.message", text).within("i.id IN (SELECT l.issue_id FROM " + logWordsThen + " AND ")
	}
	return contains("i.message", text)
}

// asLogged gives issues what logs said of them at a past time.
func asLogged(tx *store.Tx, m moment, byID map[int64]*telemetry.IssueRow, ids []int64) {
	st := (&statement{at: m.at}).add(`SELECT l.issue_id, f.score, f.cwes FROM ` + logWordsThen)
	st.add(` AND l.issue_id ` + tx.In(len(st.args)+1, "BIGINT") + ` ORDER BY l.issue_id, f.score, f.message DESC, f.cwes DESC`)
	tx.Each(st.text.String(), append(st.args, store.JSON(ids)), func(r *store.Row) {
		var id, score int64
		var cwes []string
		r.Scan(&id, &score, store.ListOf(&cwes))
		byID[id].Score, byID[id].CWEs = telemetry.ScoreOf(score), cwes
	})
}
