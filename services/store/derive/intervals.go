package derive

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/identity"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// interval is a row of issue_intervals: what an issue was from one scan to another.
type interval struct {
	issue                  *telemetry.Issue
	from, to, seen         telemetry.ScanPosition
	openedAt               int64
	toAt, nextAt           int64
	opens, again, closes   bool
	severity, family, rule string
}

// intervals are those of a repository's issues while scans are applied.
type intervals struct {
	last    map[*telemetry.Issue]*interval // each issue's latest, of those known
	changed []*interval
	back    []*interval // of issues whose former interval is in the store only
	days    store.DayBook
}

// loadIntervals returns the book of a ledger's open issues.
func loadIntervals(tx *store.Tx, repo int64, open []*telemetry.Issue) *intervals {
	b := &intervals{last: map[*telemetry.Issue]*interval{}, days: store.DayBook{}}
	if len(open) == 0 {
		return b
	}
	byID := make(map[int64]*telemetry.Issue, len(open))
	for _, issue := range open {
		byID[issue.StoreID] = issue
	}
	tx.Each(`SELECT issue_id, from_at, from_file, from_run, opened_at, opens, again, severity, family, rule FROM issue_intervals
		WHERE repo_id = $1 AND next_at = $2 AND closes = 0`, []any{repo, store.Never}, func(r *store.Row) {
		l := &interval{toAt: store.Never, nextAt: store.Never}
		var id int64
		r.Scan(&id, &l.from.At, &l.from.File, &l.from.Run, &l.openedAt, &l.opens, &l.again, &l.severity, &l.family, &l.rule)
		if l.issue = byID[id]; l.issue != nil {
			b.last[l.issue] = l
		}
	})
	return b
}

// note writes what one scan did into the book.
func (b *intervals) note(scan identity.Scan, out identity.ScanResult) {
	for ord, m := range out.Matches {
		f, cur := &scan.Findings[ord], b.last[m.Issue]
		switch {
		case cur == nil || cur.closes:
			l := b.begin(m.Issue, scan.ScanPosition, f)
			l.opens, l.again, l.openedAt = true, m.Issue.EverFixed, store.Millis(scan.At)
			if cur != nil {
				cur.nextAt = store.Millis(scan.At)
			} else if l.again {
				b.back = append(b.back, l)
			}
			b.days.Add(l.openedAt, l.severity, store.DayCount{Opened: 1, Net: 1})
		case cur.severity != f.Severity || cur.family != f.Family || cur.rule != f.Rule:
			b.end(cur, scan.ScanPosition)
			cur.nextAt = cur.toAt
			l := b.begin(m.Issue, scan.ScanPosition, f)
			l.again, l.openedAt = cur.again, cur.openedAt
			b.days.Add(cur.toAt, cur.severity, store.DayCount{Net: -1})
			b.days.Add(cur.toAt, l.severity, store.DayCount{Net: 1})
		}
	}
	for _, issue := range out.Closed {
		if cur := b.last[issue]; cur != nil {
			b.end(cur, scan.ScanPosition)
			cur.closes, cur.seen = true, telemetry.ScanPosition(issue.LastSeen)
			b.days.Add(cur.toAt, cur.severity, store.DayCount{Closed: 1, Net: -1})
		}
	}
}

func (b *intervals) begin(issue *telemetry.Issue, place telemetry.ScanPosition, f *telemetry.Finding) *interval {
	l := &interval{issue: issue, from: place, toAt: store.Never, nextAt: store.Never, severity: f.Severity, family: f.Family, rule: f.Rule}
	b.last[issue] = l
	b.changed = append(b.changed, l)
	return l
}

// end ends an interval at a scan. One begun in this transaction then stands twice in changed; save writes it once.
func (b *intervals) end(l *interval, place telemetry.ScanPosition) {
	l.to, l.toAt = place, store.Millis(place.At)
	b.changed = append(b.changed, l)
}

// save writes the book. The issues must have their ids.
func (b *intervals) save(tx *store.Tx, repo int64) {
	for _, l := range b.back {
		tx.Exec(`UPDATE issue_intervals SET next_at = $1 WHERE issue_id = $2 AND next_at = $3`,
			store.Millis(l.from.At), l.issue.StoreID, store.Never)
	}
	rows := make([][]store.Field, 0, len(b.changed))
	type key struct {
		issue, from int64
		file        string
	}
	at := make(map[key]int, len(b.changed))
	for _, l := range b.changed {
		k := key{l.issue.StoreID, store.Millis(l.from.At), l.from.File}
		if n, twice := at[k]; twice {
			rows[n] = l.fields(repo)
			continue
		}
		at[k] = len(rows)
		rows = append(rows, l.fields(repo))
	}
	tx.Put("issue_intervals", "issue_id, from_at, from_file", rows...)
	saveDays(tx, repo, b.days)
}

func (l *interval) fields(repo int64) []store.Field {
	return []store.Field{
		store.Fixed("issue_id BIGINT", l.issue.StoreID), store.Fixed("repo_id BIGINT", repo),
		store.Fixed("from_at BIGINT", store.Millis(l.from.At)), store.Fixed("from_file TEXT", l.from.File),
		store.Fixed("from_run BIGINT", l.from.Run), store.Fixed("opened_at BIGINT", l.openedAt),
		store.Fixed("opens SMALLINT", store.Flag(l.opens)), store.Fixed("again SMALLINT", store.Flag(l.again)),
		store.Col("to_at BIGINT", l.toAt), store.Col("to_file TEXT", l.to.File), store.Col("to_run BIGINT", l.to.Run),
		store.Col("closes SMALLINT", store.Flag(l.closes)), store.Col("seen_at BIGINT", store.Millis(l.seen.At)),
		store.Col("seen_file TEXT", l.seen.File), store.Col("seen_run BIGINT", l.seen.Run),
		store.Col("next_at BIGINT", l.nextAt), store.Fixed("severity TEXT", l.severity),
		store.Fixed("family TEXT", l.family), store.Fixed("rule TEXT", l.rule),
	}
}

// dropIntervals forgets the intervals of a repository before it is replayed.
func dropIntervals(tx *store.Tx, repo int64) {
	dropDays(tx, repo)
	tx.Exec(`DELETE FROM issue_intervals WHERE repo_id = $1`, repo)
}

// saveDays adds the changes to the repository's days and to those of all.
func saveDays(tx *store.Tx, repo int64, b store.DayBook) {
	addDays(tx, repo, b)
	addDays(tx, store.Everywhere, b)
}

func addDays(tx *store.Tx, repo int64, b store.DayBook) {
	var rows [][]store.Field
	keys := slices.SortedFunc(maps.Keys(b), func(a, b store.DayKey) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Severity, b.Severity))
	})
	for _, k := range keys {
		if c := b[k]; c != (store.DayCount{}) {
			rows = append(rows, []store.Field{
				store.Col("repo_id BIGINT", repo), store.Col("day BIGINT", k.Day), store.Col("severity TEXT", k.Severity),
				store.Col("opened BIGINT", c.Opened), store.Col("closed BIGINT", c.Closed), store.Col("net BIGINT", c.Net),
				store.Col("unlisted BIGINT", c.Unlisted), store.Col("dismissed BIGINT", c.Dismissed),
				store.Col("accepted BIGINT", c.Accepted),
			})
		}
	}
	tx.Insert("days", `ON CONFLICT (repo_id, day, severity) DO UPDATE SET opened = days.opened + excluded.opened,
		closed = days.closed + excluded.closed, net = days.net + excluded.net, unlisted = days.unlisted + excluded.unlisted,
		dismissed = days.dismissed + excluded.dismissed, accepted = days.accepted + excluded.accepted`, rows...)
}

// dropDays takes a repository's days away, and out of those of all.
func dropDays(tx *store.Tx, repo int64) {
	b := store.DayBook{}
	for k, c := range tx.Days(repo, "") {
		b[k] = store.DayCount{}.Minus(c)
	}
	tx.Exec(`DELETE FROM days WHERE repo_id = $1`, repo)
	addDays(tx, store.Everywhere, b)
	tx.Exec(`DELETE FROM days WHERE repo_id = $1 AND opened = 0 AND closed = 0 AND net = 0 AND unlisted = 0
		AND dismissed = 0 AND accepted = 0`, store.Everywhere)
}

// countUnlisted brings the days up to date with what scans without findings
// data counted before the repository's first scan with them.
func countUnlisted(tx *store.Tx, repo int64) {
	want := tx.UnlistedDays(repo, store.Never)
	for k, c := range tx.Days(repo, ` AND unlisted <> 0`) {
		want[k] = want[k].Minus(store.DayCount{Unlisted: c.Unlisted})
	}
	saveDays(tx, repo, want)
}
