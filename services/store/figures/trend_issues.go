package figures

import (
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// The parts of a trend that count issues.

// timeToFix measures the closings of the period, each from when the issue
// was first seen or came back.
func (t *trend) timeToFix() {
	condition, args := ofRepo("repo_id", t.repo, store.Millis(t.out.Period.Since), t.until)
	// One row of text: tens of thousands of rows would cost more to hand over
	// than to read.
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
	ages, args, of := t.out.Ages, []any{}, `issues i WHERE i.status_rank < 4`
	for _, bucket := range ages[:3] {
		args = append(args, store.Millis(bucket.Since))
	}
	first, column := `i.first_at`, `i.repo_id`
	if t.asOf {
		first = `CASE WHEN l.again = 0 THEN l.opened_at ELSE (SELECT i.first_at FROM issues i WHERE i.id = l.issue_id) END`
		column, of, args = `l.repo_id`, `issue_intervals l WHERE l.from_at <= $4 AND l.to_at > $4`, append(args, t.until)
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

// families counts, by CWE family, the issues that sessions worked on in the
// period, and those of them that are fixed.
func (t *trend) families() {
	if t.asOf {
		t.familiesThen()
		return
	}
	condition, args := ofRepo("i.repo_id", t.repo, store.Millis(t.out.Period.Since), t.until)
	query := `SELECT i.family, COUNT(*), SUM(CASE WHEN i.status_rank = 4 THEN 1 ELSE 0 END) FROM issues i
		WHERE ` + attemptedWithin + condition + ` GROUP BY i.family ORDER BY COUNT(*) DESC, i.family`
	t.tx.Each(query, args, func(r *store.Row) {
		var f telemetry.FamilyRate
		r.Scan(&f.Family, &f.Attempted, &f.Closed)
		t.out.Families = append(t.out.Families, f)
	})
}

// mostAttempts is the last bucket of attempts: so many or more.
const mostAttempts = 3

// attempts counts the open issues, which ages has counted, by how many
// sessions worked on them.
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
		WHERE i.status_rank < 4 AND i.attempts + 0 > 0`+condition+`) AS x GROUP BY x.n`, args, func(r *store.Row) { // the sums: see ages
		var attempts, n int64
		r.Scan(&attempts, &n)
		took(attempts, n)
	})
}
