package figures

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

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
			FROM i CROSS JOIN issue_intervals l WHERE l.issue_id = i.id AND l.from_at <= $2 AND l.next_at > $2)
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
