package figures

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// The parts of a trend that count issues.

// timeToFix measures the closings, each from when the issue was first seen or came back.
func (t *trend) timeToFix() {
	condition, args := ofRepo("repo_id", t.repo, store.Millis(t.out.Period.Since), t.until)
	// One row of text: tens of thousands of rows cost more to hand over than to read.
	var durations, issues string
	t.tx.Row(`SELECT COALESCE(string_agg(CAST(to_at - opened_at AS TEXT), ' '), ''), COALESCE(string_agg(CAST(issue_id AS TEXT), ' '), '')
		FROM issue_intervals WHERE closes = 1 AND to_at >= $1 AND to_at <= $2`+condition, args...).Scan(&durations, &issues)
	ids := store.Numbers(issues)
	slices.Sort(ids)
	t.out.ClosedIssues = int64(len(slices.Compact(ids)))
	t.out.TimeToFix = telemetry.MeasureOf(store.Numbers(durations))
}

// ages counts what was open at the end by the time since it was first seen.
func (t *trend) ages() {
	bounds := []struct {
		name     string
		from, to int
	}{{"under 7 days", 0, 7}, {"7 to 30 days", 7, 30}, {"30 to 90 days", 30, 90}, {"over 90 days", 90, 0}}
	for _, b := range bounds {
		bucket := telemetry.AgeBucket{Name: b.name}
		if b.from > 0 {
			bucket.Before = minute(t.out.Period.Until).AddDate(0, 0, -b.from)
		}
		if b.to > 0 {
			bucket.Since = minute(t.out.Period.Until).AddDate(0, 0, -b.to)
		}
		t.out.Ages = append(t.out.Ages, bucket)
	}
	// An issue that came back was first seen when its first interval began.
	ages, args, of := t.out.Ages, []any{}, `issues i WHERE i.state_rank < 4`
	for _, bucket := range ages[:3] {
		args = append(args, store.Millis(bucket.Since))
	}
	first, column := `i.first_at`, `i.repo_id`
	if t.asOf {
		first = `CASE WHEN l.again = 0 THEN l.opened_at ELSE (SELECT i.first_at FROM issues i WHERE i.id = l.issue_id) END`
		column, of, args = `l.repo_id`, `issue_intervals l WHERE l.from_at <= $4 AND l.to_at > $4 AND NOT `+decidedAt("$4"), append(args, t.until)
	}
	condition, args := ofRepo(column, t.repo, args...)
	t.tx.Row(`SELECT COUNT(*) FILTER (WHERE x.first_at >= $1), COUNT(*) FILTER (WHERE x.first_at >= $2 AND x.first_at < $1),
			COUNT(*) FILTER (WHERE x.first_at >= $3 AND x.first_at < $2), COUNT(*) FILTER (WHERE x.first_at < $3)
		FROM (SELECT `+first+` AS first_at FROM `+of+condition+`) AS x`, args...).Scan(&ages[0].N, &ages[1].N, &ages[2].N, &ages[3].N)
}

// attemptedWithin is true of an issue i that a session worked on from $1 to $2: its latest
// attempt tells, but where that is later.
const attemptedWithin = `i.attempts > 0 AND i.attempted_at >= $1 AND (i.attempted_at <= $2
	OR EXISTS (SELECT 1 FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at >= $1 AND a.at <= $2))`

// families counts, by CWE family, the issues that sessions worked on, and the fixed of them.
func (t *trend) families() {
	if t.asOf {
		t.familiesThen()
		return
	}
	condition, args := ofRepo("i.repo_id", t.repo, store.Millis(t.out.Period.Since), t.until)
	query := `SELECT i.family, COUNT(*), SUM(CASE WHEN i.state_rank = 4 THEN 1 ELSE 0 END) FROM issues i
		WHERE NOT ` + lists.Decided(`i.state_rank`) + ` AND ` + attemptedWithin + condition + `
		GROUP BY i.family ORDER BY COUNT(*) DESC, i.family`
	t.tx.Each(query, args, func(r *store.Row) {
		var f telemetry.FamilyRate
		r.Scan(&f.Family, &f.Attempted, &f.Closed)
		t.out.Families = append(t.out.Families, f)
	})
}

// decidedAt is true of an interval l whose issue was dismissed or accepted at a time.
func decidedAt(at string) string {
	return `EXISTS (SELECT 1 FROM decided d WHERE d.issue_id = l.issue_id AND d.kind IN ('dismissed', 'accepted')
		AND d.from_at <= ` + at + ` AND d.to_at > ` + at + `)`
}

// mostAttempts is the last bucket of attempts: so many or more.
const mostAttempts = 3

// attempts counts the open issues, which ages has counted, by how many sessions worked on them.
func (t *trend) attempts() {
	t.out.Attempts = make([]int64, mostAttempts+1)
	for _, bucket := range t.out.Ages { // all that is open
		t.out.Attempts[0] += bucket.N
	}
	took := func(attempts, n int64) {
		t.out.Attempts[0] -= n
		t.out.Attempts[min(attempts, mostAttempts)] += n
	}
	if t.asOf {
		for _, c := range t.attemptsAsOf() {
			if c.open {
				took(c.attempts, c.n)
			}
		}
		return
	}
	condition, args := ofRepo("i.repo_id", t.repo)
	t.tx.Each(`SELECT x.n, COUNT(*) FROM (SELECT i.attempts + 0 AS n FROM issues i
		WHERE i.state_rank < 4 AND i.attempts + 0 > 0`+condition+`) AS x GROUP BY x.n`, args, func(r *store.Row) { // the sums: see ages
		var attempts, n int64
		r.Scan(&attempts, &n)
		took(attempts, n)
	})
}

// attemptCount counts issues that sessions worked on as they were at a time.
type attemptCount struct {
	family   string
	within   bool  // of the period
	closed   bool  // by then
	open     bool  // then
	attempts int64 // up to then
	n        int64
}

// attemptsAsOf counts the issues that sessions worked on by their intervals at the
// end: families and attempts count from it, since going through the intervals is
// most of the work of either.
func (t *trend) attemptsAsOf() []attemptCount {
	if t.attempted != nil {
		return t.attempted
	}
	t.attempted = []attemptCount{}
	condition, args := ofRepo("i.repo_id", t.repo, store.Millis(t.out.Period.Since), t.until)
	// Intervals lie in the order of issues, and so are they looked up; the sum
	// keeps SQLite from reading all issues in that order, MATERIALIZED from
	// counting attempts at each place that n stands at.
	t.tx.Each(`WITH i AS MATERIALIZED (SELECT i.id, i.attempted_at, i.attempts FROM issues i WHERE i.attempts > 0 AND i.attempted_at >= 0
			AND (i.attempted_at <= $2 OR EXISTS (SELECT 1 FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= $2))`+condition+`
			ORDER BY i.id + 0),
		x AS MATERIALIZED (SELECT l.family, (CASE WHEN `+attemptedWithin+` THEN 1 ELSE 0 END)
				+ (CASE WHEN l.closes = 1 AND l.to_at <= $2 THEN 2 ELSE 0 END) + (CASE WHEN l.to_at > $2 THEN 4 ELSE 0 END) AS bits,
			CASE WHEN i.attempted_at <= $2 THEN i.attempts ELSE (
				SELECT COUNT(DISTINCT a.session) FROM attempts a WHERE a.issue_id = i.id AND a.session <> '' AND a.at <= $2) END AS n
			FROM i CROSS JOIN issue_intervals l WHERE l.issue_id = i.id AND l.from_at <= $2 AND l.next_at > $2
				AND NOT (l.to_at > $2 AND `+decidedAt("$2")+`))
		SELECT family, bits, n, COUNT(*) FROM x GROUP BY family, bits, n`, args, func(r *store.Row) {
		var c attemptCount
		var bits int
		r.Scan(&c.family, &bits, &c.attempts, &c.n)
		c.within, c.closed, c.open = bits&1 != 0, bits&2 != 0, bits&4 != 0
		t.attempted = append(t.attempted, c)
	})
	return t.attempted
}

// familiesThen is families as of a time.
func (t *trend) familiesThen() {
	rates := map[string]*telemetry.FamilyRate{}
	for _, c := range t.attemptsAsOf() {
		if !c.within {
			continue
		}
		f := rates[c.family]
		if f == nil {
			f = &telemetry.FamilyRate{Family: c.family}
			rates[c.family] = f
		}
		f.Attempted += c.n
		if c.closed {
			f.Closed += c.n
		}
	}
	for _, f := range rates {
		t.out.Families = append(t.out.Families, *f)
	}
	slices.SortFunc(t.out.Families, func(a, b telemetry.FamilyRate) int {
		return cmp.Or(cmp.Compare(b.Attempted, a.Attempted), cmp.Compare(a.Family, b.Family))
	})
}
