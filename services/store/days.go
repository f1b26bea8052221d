package store

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// everywhere stands for all repositories in the table days.
const everywhere int64 = 0

// dayKey is a day (since 1970, UTC) and a severity.
type dayKey struct {
	day      int64
	severity string
}

// dayCount is what changed on a day.
type dayCount struct{ opened, closed, net, unlisted int64 }

func (c dayCount) minus(o dayCount) dayCount {
	return dayCount{c.opened - o.opened, c.closed - o.closed, c.net - o.net, c.unlisted - o.unlisted}
}

// dayBook collects changes by day.
type dayBook map[dayKey]dayCount

func (b dayBook) add(at int64, severity string, c dayCount) {
	k := dayKey{dayOf(at), severity}
	b[k] = b[k].minus(dayCount{}.minus(c))
}

// dayOf is the day (since 1970, UTC) of a time in milliseconds.
func dayOf(at int64) int64 {
	day := at / telemetry.DayMillis
	if at%telemetry.DayMillis < 0 {
		day--
	}
	return day
}

const dayColumns = `day, severity, opened, closed, net, unlisted`

func scanDay(r *Row) (k dayKey, c dayCount) {
	r.Scan(&k.day, &k.severity, &c.opened, &c.closed, &c.net, &c.unlisted)
	return k, c
}

// saveDays adds the changes to the repository's days and to those of all.
func (d *derivation) saveDays(repo int64, b dayBook) {
	d.addDays(repo, b)
	d.addDays(everywhere, b)
}

func (d *derivation) addDays(repo int64, b dayBook) {
	var rows [][]any
	keys := slices.SortedFunc(maps.Keys(b), func(a, b dayKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.severity, b.severity))
	})
	for _, k := range keys {
		if c := b[k]; c != (dayCount{}) {
			rows = append(rows, []any{repo, k.day, k.severity, c.opened, c.closed, c.net, c.unlisted})
		}
	}
	d.tx.Bulk("days", []string{"repo_id BIGINT", "day BIGINT", "severity TEXT", "opened BIGINT", "closed BIGINT", "net BIGINT", "unlisted BIGINT"}, rows,
		`ON CONFLICT (repo_id, day, severity) DO UPDATE SET opened = days.opened + excluded.opened, closed = days.closed + excluded.closed, net = days.net + excluded.net, unlisted = days.unlisted + excluded.unlisted`)
}

// dropDays takes a repository's days away, and out of those of all.
func (d *derivation) dropDays(repo int64) {
	b := dayBook{}
	d.tx.Each(`SELECT `+dayColumns+` FROM days WHERE repo_id = $1`, []any{repo}, func(r *Row) {
		k, c := scanDay(r)
		b[k] = dayCount{}.minus(c)
	})
	d.tx.Exec(`DELETE FROM days WHERE repo_id = $1`, repo)
	d.addDays(everywhere, b)
	d.tx.Exec(`DELETE FROM days WHERE repo_id = $1 AND opened = 0 AND closed = 0 AND net = 0 AND unlisted = 0`, everywhere)
}

// countUnlisted brings the days up to date with what scans without findings
// data counted before the repository's first scan with them: each such scan
// stands for what is open until the next scan.
func (d *derivation) countUnlisted(repo int64) {
	want, have := dayBook{}, dayBook{}
	d.tx.Each(`SELECT `+dayColumns+` FROM days WHERE repo_id = $1 AND unlisted <> 0`, []any{repo}, func(r *Row) {
		k, c := scanDay(r)
		have[k] = dayCount{unlisted: c.unlisted}
	})
	d.tx.Each(unlistedQuery+` AND p.id = $3 ORDER BY r.repo_id, r.at, r.file`, []any{never, never, repo}, unlistedDays(d.tx, want))
	for k, c := range have {
		want[k] = want[k].minus(c)
	}
	d.saveDays(repo, want)
}

// unlistedQuery asks for the scans of repositories up to the first with
// findings data (and those of the same time), in order.
const unlistedQuery = `SELECT r.repo_id, r.at, r.has_findings, r.severity, r.issues_found, r.category FROM repos p JOIN runs r ON r.repo_id = p.id + 0 AND r.kind = 'scan'
		AND r.at <= COALESCE((SELECT e.at FROM runs e WHERE e.repo_id = p.id AND e.kind = 'scan' AND e.has_findings = 1 ORDER BY e.at LIMIT 1), $1)
	WHERE p.saw_unnamed = 1 AND r.at <= $2`

// unlistedDays reads the rows of unlistedQuery, of one repository after the
// other, into a book.
func unlistedDays(tx *Tx, into dayBook) func(*Row) {
	var repo int64
	var listed bool
	open := map[string]int64{}
	return func(r *Row) {
		var id, when, found int64
		var has int
		var text, category string
		r.Scan(&id, &when, &has, &text, &found, &category)
		if id != repo {
			repo, listed, open = id, false, map[string]int64{}
		}
		if listed {
			return
		}
		for severity, n := range open {
			into.add(when, severity, dayCount{unlisted: -n})
		}
		open, listed = map[string]int64{}, has == 1
		if !listed {
			open = unlistedSeverity(FromJSON[map[string]int64](tx, text), found)
		}
		for severity, n := range open {
			into.add(when, severity, dayCount{unlisted: n})
		}
	}
}

// unlistedSeverity is what a scan without findings data counts by severity.
// What its breakdown leaves out of issues_found has the severity "".
func unlistedSeverity(counts map[string]int64, found int64) map[string]int64 {
	rest := found
	for _, n := range counts {
		rest -= n
	}
	if rest != 0 {
		counts = maps.Clone(counts)
		if counts == nil {
			counts = map[string]int64{}
		}
		counts[""] += rest
	}
	return counts
}
