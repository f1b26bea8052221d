package store

import (
	"math"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/telemetry"
)

// never is a time that has not come.
const never int64 = math.MaxInt64

// life is a row of the table lives: what an issue was from one scan to
// another.
type life struct {
	issue                  *telemetry.Issue
	from, to, seen         telemetry.Place
	openedAt               int64
	toAt, nextAt           int64
	opens, again, closes   bool
	severity, family, rule string
}

// lifeBook keeps the lives of a repository's issues while scans are applied.
type lifeBook struct {
	last    map[*telemetry.Issue]*life // each issue's latest, of those known
	changed []*life
	back    []*life // of issues whose former life is in the store only
	days    dayBook
}

// lifeBook returns the book of the ledger's open issues.
func (d *derivation) lifeBook(repo int64, open []*telemetry.Issue) *lifeBook {
	b := &lifeBook{last: map[*telemetry.Issue]*life{}, days: dayBook{}}
	if len(open) == 0 {
		return b
	}
	byID := make(map[int64]*telemetry.Issue, len(open))
	for _, issue := range open {
		byID[issue.StoreID] = issue
	}
	d.tx.Each(`SELECT issue_id, from_at, from_file, from_run, opened_at, opens, again, severity, family, rule FROM lives WHERE repo_id = $1 AND next_at = $2 AND closes = 0`, []any{repo, never}, func(r *Row) {
		l := &life{toAt: never, nextAt: never}
		var id, from int64
		var opens, again int
		r.Scan(&id, &from, &l.from.File, &l.from.Run, &l.openedAt, &opens, &again, &l.severity, &l.family, &l.rule)
		l.from.At, l.opens, l.again = at(from), opens == 1, again == 1
		if l.issue = byID[id]; l.issue != nil {
			b.last[l.issue] = l
		}
	})
	return b
}

// note writes what one scan did into the book.
func (b *lifeBook) note(scan identity.Scan, out identity.Outcome) {
	for ord, m := range out.Matches {
		f, cur := &scan.Findings[ord], b.last[m.Issue]
		switch {
		case cur == nil || cur.closes:
			l := b.begin(m.Issue, scan.Place, f)
			l.opens, l.again, l.openedAt = true, m.Issue.EverFixed, ms(scan.At)
			if cur != nil {
				cur.nextAt = ms(scan.At)
			} else if l.again {
				b.back = append(b.back, l)
			}
			b.days.add(l.openedAt, l.severity, dayCount{opened: 1, net: 1})
		case cur.severity != f.Severity || cur.family != f.Family || cur.rule != f.Rule:
			b.end(cur, scan.Place)
			cur.nextAt = cur.toAt
			l := b.begin(m.Issue, scan.Place, f)
			l.again, l.openedAt = cur.again, cur.openedAt
			b.days.add(cur.toAt, cur.severity, dayCount{net: -1})
			b.days.add(cur.toAt, l.severity, dayCount{net: 1})
		}
	}
	for _, issue := range out.Closed {
		if cur := b.last[issue]; cur != nil {
			b.end(cur, scan.Place)
			cur.closes, cur.seen = true, telemetry.Place(issue.LastSeen)
			b.days.add(cur.toAt, cur.severity, dayCount{closed: 1, net: -1})
		}
	}
}

func (b *lifeBook) begin(issue *telemetry.Issue, place telemetry.Place, f *telemetry.Finding) *life {
	l := &life{issue: issue, from: place, toAt: never, nextAt: never, severity: f.Severity, family: f.Family, rule: f.Rule}
	b.last[issue] = l
	b.changed = append(b.changed, l)
	return l
}

// end lets a life end at a scan. One that was begun in the same transaction
// is in changed already, and stands there twice; saveLives writes it once.
func (b *lifeBook) end(l *life, place telemetry.Place) {
	l.to, l.toAt = place, ms(place.At)
	b.changed = append(b.changed, l)
}

// saveLives writes the book. The issues must have their ids.
func (d *derivation) saveLives(repo int64, b *lifeBook) {
	for _, l := range b.back {
		d.tx.exec(`UPDATE lives SET next_at = $1 WHERE issue_id = $2 AND next_at = $3`, ms(l.from.At), l.issue.StoreID, never)
	}
	rows := make([][]any, 0, len(b.changed))
	type lifeKey struct {
		issue, from int64
		file        string
	}
	at := make(map[lifeKey]int, len(b.changed))
	for _, l := range b.changed {
		key := lifeKey{l.issue.StoreID, ms(l.from.At), l.from.File}
		n, twice := at[key]
		if !twice {
			n = len(rows)
			at[key], rows = n, append(rows, nil)
		}
		rows[n] = []any{l.issue.StoreID, repo, ms(l.from.At), l.from.File, l.from.Run, l.openedAt, flag(l.opens), flag(l.again), l.toAt, l.to.File, l.to.Run, flag(l.closes),
			ms(l.seen.At), l.seen.File, l.seen.Run, l.nextAt, l.severity, l.family, l.rule}
	}
	d.tx.bulk("lives", []string{"issue_id BIGINT", "repo_id BIGINT", "from_at BIGINT", "from_file TEXT", "from_run BIGINT", "opened_at BIGINT", "opens SMALLINT", "again SMALLINT",
		"to_at BIGINT", "to_file TEXT", "to_run BIGINT", "closes SMALLINT", "seen_at BIGINT", "seen_file TEXT", "seen_run BIGINT", "next_at BIGINT", "severity TEXT", "family TEXT", "rule TEXT"}, rows,
		`ON CONFLICT (issue_id, from_at, from_file) DO UPDATE SET to_at = excluded.to_at, to_file = excluded.to_file, to_run = excluded.to_run, closes = excluded.closes,
			seen_at = excluded.seen_at, seen_file = excluded.seen_file, seen_run = excluded.seen_run, next_at = excluded.next_at`)
	d.saveDays(repo, b.days)
}

// dropLives forgets the lives of a repository before it is replayed.
func (d *derivation) dropLives(repo int64) {
	d.dropDays(repo)
	d.tx.exec(`DELETE FROM lives WHERE repo_id = $1`, repo)
}
