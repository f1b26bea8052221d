package derive

import (
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// A repository that was archived or deleted is retired: its open issues count as
// retired, from when that was learned until GitHub says otherwise.

// retiredNow says which repositories are retired, by numeric id, and why.
func retiredNow(lookups map[string]*lookup) map[int64]telemetry.Retired {
	n, retired := namesOf(lookups), map[int64]telemetry.Retired{}
	for id, newest := range n.newest {
		switch {
		case n.deleted(id):
			retired[id] = telemetry.RetiredDeleted
		case newest.archived:
			retired[id] = telemetry.RetiredArchived
		}
	}
	return retired
}

// deleted reports whether GitHub no longer has a repository that it once showed.
// One 404 proves nothing, and neither do several of a token that sees nothing
// else.
func (n names) deleted(id int64) bool {
	for _, l := range n.lookups {
		if l.id == id && (l.misses < 2 || l.asked-l.missing < askSoon.Milliseconds() || !n.seesOthers(l)) {
			return false
		}
	}
	return true
}

func (n names) seesOthers(missing *lookup) bool {
	for _, l := range n.lookups {
		if l.id != missing.id && l.shown >= missing.missing {
			return true
		}
	}
	return false
}

// noteRetirements keeps since when repositories are retired, and until when they
// were.
func noteRetirements(tx *store.Tx, lookups map[string]*lookup) {
	now, at := retiredNow(lookups), store.Millis(tx.Now())
	before := store.Map[int64, telemetry.Retired](tx, `SELECT github_id, reason FROM retirements WHERE until = $1`, store.Never)
	if !maps.Equal(now, before) { // also of a fork, which has no row of its own
		tx.Touch(telemetry.TopicRecords)
		tx.Touch(telemetry.TopicPulls)
	}
	for _, id := range sorted(before) {
		switch {
		case now[id] == "":
			tx.Exec(`UPDATE retirements SET until = CASE WHEN at > $2 THEN at ELSE CAST($2 AS BIGINT) END WHERE github_id = $1 AND until = $3`,
				id, at, store.Never)
		case now[id] != before[id]:
			tx.Exec(`UPDATE retirements SET reason = $2 WHERE github_id = $1 AND until = $3`, id, string(now[id]), store.Never)
		}
	}
	for _, id := range sorted(now) {
		if before[id] == "" { // not before the last one ended, whatever the clock says
			from := max(at, store.One[int64](tx, `SELECT COALESCE(MAX(until), 0) FROM retirements WHERE github_id = $1`, id))
			tx.Exec(`INSERT INTO retirements (github_id, at, until, reason) VALUES ($1, $2, $3, $4)
				ON CONFLICT (github_id, at) DO UPDATE SET until = excluded.until, reason = excluded.reason`, id, from, store.Never, string(now[id]))
		}
	}
}

// describeLookups writes what GitHub says of repositories into their rows, and
// which entry of the registry applies to each. It returns those that were retired,
// or are no longer.
func describeLookups(r *records) set[int64] {
	tx, lookups, changed := r.tx, readLookups(r.tx), set[int64]{}
	ids, entries := githubIDs(lookups), registryEntries(r, lookups)
	type retirement struct {
		since  int64
		reason telemetry.Retired
	}
	retired, ever := map[int64]retirement{}, set[int64]{}
	tx.Each(`SELECT github_id, at, until, reason FROM retirements`, nil, func(row *store.Row) {
		var id, until int64
		var v retirement
		row.Scan(&id, &v.since, &until, &v.reason)
		if ever[id] = true; until == store.Never {
			retired[id] = v
		}
	})
	type described struct {
		id, github, since int64
		key, entry        string
		reason            telemetry.Retired
	}
	const stored = `SELECT id, key, github_id, retired, retired_at, registry_key FROM repos`
	for _, old := range store.Rows(tx, stored, nil, func(d *described) []any {
		return []any{&d.id, &d.key, &d.github, &d.reason, &d.since, &d.entry}
	}) {
		now := described{id: old.id, key: old.key, github: ids[old.key], entry: entries[old.key]}
		if now.github != 0 {
			now.since, now.reason = retired[now.github].since, retired[now.github].reason
		}
		if now == old {
			continue
		}
		tx.Touch(telemetry.TopicRecords)
		tx.Exec(`UPDATE repos SET github_id = $1, retired = $2, retired_at = $3, registry_key = $4 WHERE id = $5`,
			now.github, string(now.reason), now.since, now.entry, now.id)
		if now.since != old.since || now.github != old.github && (ever[now.github] || ever[old.github]) {
			changed[now.id] = true
		}
	}
	return changed
}

// githubIDs are the numeric ids of repositories, by the key of their present name.
func githubIDs(lookups map[string]*lookup) map[string]int64 {
	n, ids := namesOf(lookups), map[string]int64{}
	for _, key := range sorted(lookups) {
		if id := lookups[key].id; id != 0 && n.now(key) == n.newest[id].name {
			ids[n.now(key).Key()] = id
		}
	}
	return ids
}

// registryEntries says which entry of the registry applies to a repository, by
// key: its own, also under a former name, or that of the repository of which it
// is, on GitHub, the only fork that is scanned.
func registryEntries(r *records, lookups map[string]*lookup) map[string]string {
	entries, forks := map[string]string{}, map[string][]string{}
	registered := store.All[string](r.tx, `SELECT repo_key FROM registry ORDER BY repo_key`)
	if len(registered) == 0 {
		return entries
	}
	n := namesOf(lookups)
	for _, key := range store.All[string](r.tx, `SELECT key FROM repos`) {
		if l := lookups[key]; l != nil && l.parent != "" {
			parent := n.now(l.parent.Key()).Key()
			forks[parent] = append(forks[parent], key)
		}
	}
	for _, key := range registered {
		if of := forks[n.now(key).Key()]; len(of) == 1 {
			entries[of[0]] = key
		}
	}
	for _, key := range registered {
		entries[r.repoOf(n.now(key)).Key()] = key
	}
	for _, key := range registered {
		entries[key] = key // that of the name itself before all others
	}
	return entries
}

// retire ends what is open of a repository while it was retired: intervals end
// without closing an issue, those that scans found meanwhile have no length, and
// what is still open when it is in use again begins anew, without being opened.
// That a scan closed one meanwhile is kept.
func (b *intervals) retire(retired store.Spans) {
	for _, r := range retired {
		seen := map[*interval]bool{}
		for _, l := range b.changed {
			if seen[l] || l.toAt <= r.From || store.Millis(l.from.At) >= r.Until {
				continue
			}
			seen[l] = true
			b.rest(l, r)
		}
	}
}

// rest ends an interval at the beginning of a time at which it was not open.
func (b *intervals) rest(l *interval, r store.Span) {
	after := *l
	end := max(store.Millis(l.from.At), r.From)
	b.days.Add(end, l.severity, store.DayCount{Net: -1})
	switch {
	case l.toAt > r.Until: // it goes on
		after.from, after.opens = telemetry.ScanPosition{At: store.Time(r.Until)}, false
		b.days.Add(r.Until, l.severity, store.DayCount{Net: 1})
		b.changed = append(b.changed, &after)
		l.nextAt = r.Until
	case l.toAt != store.Never:
		b.days.Add(l.toAt, l.severity, store.DayCount{Net: 1})
		if l.closes {
			after.from, after.opens = l.to, false
			b.changed = append(b.changed, &after)
			l.nextAt = l.toAt
		}
	}
	l.to, l.toAt, l.closes, l.seen = telemetry.ScanPosition{}, end, false, telemetry.ScanPosition{}
}
