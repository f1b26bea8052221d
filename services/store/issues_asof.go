package store

import (
	"context"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// latestAt is, of each repository o that a condition chooses, the last scan
// with findings data up to $1: found once, not for each issue.
func latestAt(condition string) string {
	return `WITH latest AS MATERIALIZED (SELECT o.id AS repo_id, d.id, d.at, d.file, d.reduced FROM repos o
	JOIN runs d ON d.id = (SELECT n.id FROM runs n WHERE n.repo_id = o.id AND n.kind = 'scan' AND n.has_findings = 1 AND n.at <= $1 ORDER BY n.at DESC, n.file DESC, n.source DESC LIMIT 1)` + condition + `) `
}

// issueAt is each issue i as of $1, with its life l then and the latest scan
// d of its repository. CROSS JOIN makes SQLite go through them repository by
// repository: it would else look up each issue, and its life, by their keys.
const issueAt = `latest d CROSS JOIN issues i CROSS JOIN lives l WHERE i.repo_id = d.repo_id AND l.issue_id = i.id AND l.from_at <= $1 AND l.next_at > $1`

// narrowAt is true where the last scan was scope-reduced and did not name
// the issue.
const narrowAt = `d.reduced = 1 AND NOT EXISTS (SELECT 1 FROM appearances a WHERE a.run_id = d.id AND a.issue_id = i.id)`

// statusAt ranks the status as telemetry.Status.Rank does.
const statusAt = `CASE WHEN l.closes = 1 AND l.to_at <= $1 THEN 4 WHEN ` + narrowAt + ` THEN 3 WHEN l.again = 1 THEN 1
	WHEN i.from_start = 1 OR i.first_at <> d.at OR i.first_file <> d.file THEN 0 ELSE 2 END`

// lastAt is when the issue was last seen.
const lastAt = `CASE WHEN l.closes = 1 AND l.to_at <= $1 THEN l.seen_at WHEN ` + narrowAt + `
	THEN (SELECT MAX(r.at) FROM appearances a JOIN runs r ON r.id = a.run_id WHERE a.issue_id = i.id AND r.at <= $1) ELSE d.at END`

// severityRankAt ranks as telemetry.SeverityRank does.
const severityRankAt = `CASE l.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END`

// issuesAsOf returns issues as they were at a time. Sorts: status, severity,
// last_seen, first_seen.
func (s *Store) issuesAsOf(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
	var out telemetry.List[telemetry.IssueRow]
	q, err := issueQueryAsOf(f, p)
	if err != nil {
		return out, err
	}
	err = s.Read(ctx, func(tx *Tx) error {
		tx.row(q.total, q.args...).scan(&out.Total)
		out.Items = issuesThen(tx, ms(f.AsOf), q.choose(tx))
		return tx.err
	})
	return out, err
}

// eachIssueAsOf hands over all issues of issuesAsOf, some at a time: which
// they are, and what they were, is read at once.
func (s *Store) eachIssueAsOf(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page, do func([]telemetry.IssueRow) error) error {
	p.Number, p.Size = 1, 1<<40
	q, err := issueQueryAsOf(f, p)
	if err != nil {
		return err
	}
	var all []issueThen
	err = s.Read(ctx, func(tx *Tx) error {
		all = q.choose(tx)
		return tx.err
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, exportRows) {
		var items []telemetry.IssueRow
		err := s.Read(ctx, func(tx *Tx) error {
			items = issuesThen(tx, ms(f.AsOf), some)
			return tx.err
		})
		if err == nil {
			err = do(items)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// issuesAsOfQuery chooses, counts and orders issues as of a time.
type issuesAsOfQuery struct {
	total, rows string
	args        []any
}

func (q issuesAsOfQuery) choose(tx *Tx) (then []issueThen) {
	tx.each(q.rows, q.args, func(r *row) {
		var i issueThen
		r.scan(&i.id, &i.status, &i.severity, &i.family, &i.rule, &i.again)
		then = append(then, i)
	})
	return then
}

func issueQueryAsOf(f telemetry.IssueFilter, p telemetry.Page) (q issuesAsOfQuery, err error) {
	t := f.AsOf
	page, err := pageSQL(p, "status", map[string]order{
		"status":     by("status_rank seen_at public_id id"),
		"severity":   by("severity_rank status_rank first_at public_id id"),
		"last_seen":  byDesc("seen_at public_id id"),
		"first_seen": byDesc("first_at public_id id"),
	})
	if err != nil {
		return q, err
	}
	inner, outer := where{args: []any{ms(t)}}, where{}
	latest := latestAt("")
	if f.Repo != "" {
		inner.and(`l.repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo) // $2
		latest = latestAt(` WHERE o.key = $2`)
	}
	anyOf(&inner, "l.severity", f.Severity)
	anyOf(&inner, "l.family", f.Family)
	anyOf(&inner, "l.rule", f.Rule)
	if err := onlyKnown(f.Query, asOfMatchers(ms(t))); err != nil {
		return q, err
	}
	outer.args = inner.args
	if err := outer.query(f.Query, asOfMatchers(ms(t))); err != nil {
		return q, err
	}
	if len(f.Statuses) > 0 {
		var ranks []string
		for _, status := range f.Statuses {
			ranks = append(ranks, string(rune('0'+max(0, status.Rank()))))
		}
		anyOf(&outer, "CAST(status_rank AS TEXT)", ranks)
	}
	from := ` FROM (SELECT i.id, i.public_id, i.repo_id, i.first_at, ` + statusAt + ` AS status_rank, ` + lastAt + ` AS seen_at, ` + severityRankAt + ` AS severity_rank, l.severity, l.family, l.rule, l.again, l.from_at FROM ` + issueAt + strings.Replace(inner.sql(), " WHERE ", " AND ", 1) + `) AS x` + outer.sql()
	total := from
	if len(outer.conditions) == 0 { // what lives say suffices
		total = ` FROM lives l JOIN latest d ON d.repo_id = l.repo_id` + inner.sql() + ` AND l.from_at <= $1 AND l.next_at > $1`
	}
	q.total, q.rows, q.args = latest+`SELECT COUNT(*)`+total, latest+`SELECT id, status_rank, severity, family, rule, again`+from+page, outer.args
	return q, nil
}

// asOfMatchers are what queries of issues as of t understand.
func asOfMatchers(t int64) matchers {
	return matchers{
		"is":       rankIs("status_rank", statusRanks),
		"severity": rankIs("severity_rank", func(word string) []int { return []int{telemetry.SeverityRank(word)} }),
		"family":   textIs("family"),
		"rule":     textIs("rule"),
		"repo":     repoIs("repo_id"),
		"age":      whenIs("first_at", t),
		"first":    whenIs("first_at", t),
		"seen":     whenIs("seen_at", t),
		"attempts": numberIs("(SELECT COUNT(DISTINCT a.session) FROM attempts a WHERE a.issue_id = x.id AND a.session <> '' AND a.at <= $1)"),
		"taken":    takenAt(t),
		"opened":   livedAt("opens", "from_at", t),
		"closed":   livedAt("closes", "to_at", t),
		"no":       wordIs(map[string]string{"family": "family = ''"}),
	}
}

// livedAt is lived as of $1.
func livedAt(flag, column string, now int64) matcher {
	when := whenIs("l."+column, now)
	return func(values []telemetry.QueryValue) condition {
		c := when(values)
		return condition{"x.id IN (SELECT l.issue_id FROM lives l WHERE l." + flag + " = 1 AND l." + column + " <= $1 AND " + c.sql + ")", c.args}
	}
}

// takenAt is taken as of $1.
func takenAt(now int64) matcher {
	when := whenIs("a.at", now)
	return func(values []telemetry.QueryValue) condition {
		c := when(values)
		return condition{"x.id IN (SELECT a.issue_id FROM attempts a WHERE a.session <> '' AND a.at <= $1 AND " + c.sql + ")", c.args}
	}
}

// issueThen is what the lives tell of an issue at a time.
type issueThen struct {
	id, status, again      int64
	severity, family, rule string
}

// issuesThen reads the rows of issues as they were at t: what lives do not
// keep comes from the records of that time.
func issuesThen(tx *Tx, t int64, then []issueThen) []telemetry.IssueRow {
	ids := make([]int64, len(then))
	for n, i := range then {
		ids[n] = i.id
	}
	rows := map[int64]*telemetry.IssueRow{}
	tx.each(`SELECT `+issueColumns+`, (SELECT r.target_repo FROM runs r WHERE r.repo_id = i.repo_id AND r.at <= $2 ORDER BY r.at DESC, r.file DESC LIMIT 1),
			(SELECT COUNT(DISTINCT a.session) FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= $2),
			COALESCE((SELECT a.session FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= $2 ORDER BY a.at DESC, a.session LIMIT 1), '')
		FROM issues i WHERE i.id `+tx.in(1, "BIGINT"), []any{jsonText(ids), t}, func(r *row) {
		v := &telemetry.IssueRow{}
		scanIssueRow(r, v)
		rows[v.StoreID] = v
	})
	later := []int64{}
	for _, i := range ids {
		if rows[i] != nil && ms(rows[i].Last.At) > t {
			later = append(later, i)
		}
	}
	asSeen(tx, t, later, rows)
	out := make([]telemetry.IssueRow, 0, len(then))
	for _, i := range then {
		v := rows[i.id]
		if v == nil {
			continue
		}
		v.Status = telemetry.Statuses()[i.status]
		v.Severity, v.Family, v.Rule = i.severity, i.family, i.rule
		v.EverFixed = i.again == 1 || v.Status == telemetry.StatusFixed
		out = append(out, *v)
	}
	return out
}

// asSeen puts back, in issues that were seen after t, what their last record
// up to t said.
func asSeen(tx *Tx, t int64, ids []int64, rows map[int64]*telemetry.IssueRow) {
	type sight struct{ run, ord int64 }
	last := map[int64]sight{}
	for _, id := range ids {
		rows[id].Appearances, rows[id].Runs = 0, []int64{}
	}
	tx.each(`SELECT a.issue_id, a.run_id, a.ord, r.run_number, r.at, r.file FROM appearances a JOIN runs r ON r.id = a.run_id WHERE r.at <= $2 AND a.issue_id `+tx.in(1, "BIGINT")+` ORDER BY r.at, r.file`, []any{jsonText(ids), t}, func(r *row) {
		var id, when int64
		var seen sight
		var place telemetry.Place
		r.scan(&id, &seen.run, &seen.ord, &place.Run, &when, &place.File)
		place.At = at(when)
		v := rows[id]
		v.Appearances++
		v.Runs = append(v.Runs, place.Run)
		v.Last = place
		last[id] = seen
	})
	records := map[int64][]telemetry.Finding{}
	for _, id := range ids {
		seen := last[id]
		findings, known := records[seen.run]
		if !known {
			findings = findingsOf(tx, seen.run)
			records[seen.run] = findings
		}
		if seen.ord >= int64(len(findings)) {
			continue
		}
		v, f := rows[id], &findings[seen.ord]
		v.Fingerprint, v.File, v.Line, v.LatestIssueID = f.Fingerprint, f.File, f.Line, f.IssueID
		// The fingerprints stand in the order of their first sight.
		if n := slices.Index(v.Prints, f.Fingerprint); n >= 0 {
			v.Prints = v.Prints[:n+1]
		}
	}
}

// findingsOf returns the findings of a stored run.
func findingsOf(tx *Tx, run int64) []telemetry.Finding {
	rec := newDerivation(tx).record(run)
	if rec == nil {
		return nil
	}
	return rec.Findings
}
