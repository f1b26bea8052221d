package figures

import (
	"context"
	"maps"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// mostPoints bounds the points of a trend, and longest the days of a period:
// one record of the year 1 must not make a page of it.
const (
	mostPoints = 400
	longest    = 10 * 366
)

// Trends returns the figures of a period, those of telemetry.Trends that
// pull requests, sessions and attempts have included. found is false for a
// repository that no record (of that time) names.
func (f *Figures) Trends(ctx context.Context, q telemetry.TrendQuery) (out telemetry.Trends, found bool, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		out = telemetry.Trends{Period: q.Period}
		id, known := lists.RepoID(tx, q.Repo)
		if found = known; known && q.AsOf && id != store.Everywhere {
			found = tx.Has(`SELECT 1 FROM runs WHERE repo_id = $1 AND at <= $2 LIMIT 1`, id, store.Millis(q.Period.Until))
		}
		if !found {
			return tx.Err()
		}
		t := trend{tx: tx, repo: id, asOf: q.AsOf, until: store.Millis(q.Period.Until), out: &out}
		t.openAndWeeks()
		for _, part := range []struct {
			name telemetry.TrendPart
			read func()
		}{
			{telemetry.TrendFix, t.timeToFix}, {telemetry.TrendAges, t.ages}, {telemetry.TrendAges, t.attempts}, // which counts on from ages
			{telemetry.TrendFamilies, t.families}, {telemetry.TrendSessions, t.sessions}, {telemetry.TrendWaiting, t.waiting},
			{telemetry.TrendScans, t.missing}, {telemetry.TrendScans, t.overdue},
		} {
			if q.Asks(part.name) {
				part.read()
			}
		}
		return tx.Err()
	})
	return out, found, err
}

// trend reads the parts of one answer.
type trend struct {
	tx        *store.Tx
	repo      int64
	asOf      bool
	until     int64
	out       *telemetry.Trends
	attempted []attemptCount // see attemptsAsOf
}

// changes returns what changed by day; as of a time within a day, from the intervals.
func (t *trend) changes() store.DayBook {
	if !t.asOf {
		return t.tx.Days(t.repo, ` AND day <= $2`, store.Day(t.until))
	}
	return countedDays(t.tx, t.repo, t.until)
}

// countedDays is what the table days would keep at t: that day from intervals and runs.
func countedDays(tx *store.Tx, repo, t int64) store.DayBook {
	today := store.Day(t)
	b := tx.Days(repo, ` AND day < $2`, today)
	condition, args := ofRepo("repo_id", repo, today*telemetry.DayMillis, t)
	ask := func(of, opened, closed string, net int64) {
		tx.Each(`SELECT severity, COALESCE(SUM(`+opened+`), 0), COALESCE(SUM(`+closed+`), 0), COUNT(*)
			FROM issue_intervals WHERE `+of+condition+` GROUP BY severity`, args, func(r *store.Row) {
			k := store.DayKey{Day: today}
			var c store.DayCount
			r.Scan(&k.Severity, &c.Opened, &c.Closed, &c.Net)
			c.Net *= net
			b.AddTo(k, c)
		})
	}
	ask("opens IN (0, 1) AND from_at >= $1 AND from_at <= $2", "opens", "0", 1)
	ask("to_at >= $1 AND to_at <= $2", "0", "closes", -1)
	for k, c := range tx.UnlistedDays(repo, t) {
		if k.Day == today {
			b.AddTo(k, c)
		}
	}
	for k, c := range tx.DecidedDays(repo, t) {
		if k.Day == today {
			b.AddTo(k, c)
		}
	}
	maps.DeleteFunc(b, func(_ store.DayKey, c store.DayCount) bool { return c == (store.DayCount{}) })
	return b
}

func (t *trend) openAndWeeks() {
	changes := t.changes()
	keys := slices.SortedFunc(maps.Keys(changes), func(a, b store.DayKey) int { return int(a.Day - b.Day) })
	last := store.Day(t.until)
	first := last
	switch {
	case !t.out.Period.Since.IsZero():
		first = store.Day(store.Millis(t.out.Period.Since))
	case len(keys) > 0:
		first = max(keys[0].Day, last-longest)
	}
	if t.out.Period.Since.IsZero() {
		t.out.Period.Since = dayTime(first)
	}
	step := (last - first + mostPoints) / mostPoints
	t.out.StepDays = max(step, 1)
	open, unlisted, next := map[string]int64{}, map[string]int64{}, 0
	var dismissed, accepted int64
	advance := func(day int64) telemetry.DayPoint {
		for ; next < len(keys) && keys[next].Day <= day; next++ {
			c := changes[keys[next]]
			open[keys[next].Severity] += c.Open()
			unlisted[keys[next].Severity] += c.Unlisted
			dismissed, accepted = dismissed+c.Dismissed, accepted+c.Accepted
		}
		point := telemetry.NewDayPoint(dayTime(day), open, unlisted)
		point.Dismissed, point.Accepted = dismissed, accepted
		return point
	}
	t.out.Before = advance(first - 1)
	// The points end on the last day, whatever the step.
	for day := last - (last-first)/t.out.StepDays*t.out.StepDays; day <= last; day += t.out.StepDays {
		t.out.Open = append(t.out.Open, advance(day))
	}
	t.weeks(changes, first, last)
}

// weeks sums opened and closed by the weeks that the period touches, each whole.
func (t *trend) weeks(changes store.DayBook, first, last int64) {
	at := map[int64]int{}
	for monday := store.Day(store.Millis(telemetry.Monday(dayTime(first)))); monday <= last; monday += 7 {
		at[monday] = len(t.out.Weeks)
		t.out.Weeks = append(t.out.Weeks, telemetry.WeekPoint{Monday: dayTime(monday)})
	}
	for k, c := range changes {
		if n, within := at[store.Day(store.Millis(telemetry.Monday(dayTime(k.Day))))]; within {
			t.out.Weeks[n].Opened += c.Opened
			t.out.Weeks[n].Closed += c.Closed
		}
		if k.Day >= first {
			t.out.Opened += c.Opened
			t.out.Closed += c.Closed
		}
	}
}

func dayTime(day int64) time.Time { return time.UnixMilli(day * telemetry.DayMillis).UTC() }

// minute drops seconds: an answer's links must not change with each of them.
func minute(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }

// sessions counts the sessions of the period's records by what became of them.
func (t *trend) sessions() {
	condition, args := ofRepo("s.repo_id", t.repo, t.until, store.Millis(t.out.Period.Since))
	state, linked, named := "s.state", "s.has_pr", "s.at <= $1 AND s.at >= $2"
	if t.asOf {
		state, linked, named = lists.AsOf(lists.StateThen), lists.AsOf(lists.LinkedThen),
			lists.AsOf(lists.KnownSessionThen+" AND "+lists.NamedThen)+" >= $2"
	}
	counts := map[telemetry.SessionOutcome]int64{}
	t.tx.Each(`SELECT x.state, x.linked, COUNT(*) FROM (SELECT `+state+` AS state, `+linked+` AS linked FROM sessions s
		WHERE `+named+condition+`) AS x GROUP BY x.state, x.linked`, args, func(r *store.Row) {
		var o telemetry.SessionOutcome
		var has int
		var n int64
		r.Scan(&o.State, &has, &n)
		o.WithPR = has == 1
		counts[o] = n
	})
	for _, state := range telemetry.States() {
		for _, with := range [...]bool{true, false} {
			o := telemetry.SessionOutcome{State: state, WithPR: with}
			if n := counts[o]; n > 0 {
				o.N = n
				t.out.Sessions = append(t.out.Sessions, o)
			}
		}
	}
}

// waiting measures how long the open pull requests wait.
func (t *trend) waiting() {
	query, args := `SELECT p.created_at FROM pulls p WHERE p.shown = 'open' AND p.listed = 1`, []any{}
	if t.asOf {
		query, args = lists.AsOf(`SELECT p.created_at FROM pulls p WHERE `+lists.ShownThen+` = 'open' AND `+lists.KnownPullThen), []any{t.until}
	}
	if t.repo != store.Everywhere {
		pullRepos := lists.PullRepos(t.tx, t.repo)
		if t.asOf {
			pullRepos = lists.PullReposThen(t.tx, t.repo, t.until)
		}
		args = append(args, store.JSON(pullRepos))
		query += ` AND p.repo_key ` + t.tx.In(len(args), "TEXT")
	}
	var waits []int64
	for _, created := range store.All[int64](t.tx, query, args...) {
		if created == 0 {
			created = t.until
		}
		waits = append(waits, max(0, t.until-created))
	}
	t.out.PRsWaiting = telemetry.MeasureOf(waits)
}

// mostRanges bounds the gaps that an answer names.
const mostRanges = 100

// missing finds the gaps in the run numbers of each action repository, over all records.
func (t *trend) missing() {
	// One row of text a source: a hundred thousand rows cost more to hand over than to read.
	texts := store.Map[string, string](t.tx, `SELECT source, string_agg(CAST(run_number AS TEXT), ' ') FROM runs
		WHERE run_number > 0 AND at <= $1 GROUP BY source`, t.until)
	for _, source := range slices.Sorted(maps.Keys(texts)) {
		numbers := store.Numbers(texts[source])
		slices.Sort(numbers)
		t.out.Missing = append(t.out.Missing, gapsOf(source, slices.Compact(numbers)))
	}
}

// gapsOf finds what lacks among run numbers, in order and each once.
func gapsOf(source string, numbers []int64) telemetry.MissingRuns {
	m := telemetry.MissingRuns{
		Source:  source,
		First:   numbers[0],
		Last:    numbers[len(numbers)-1],
		Numbers: int64(len(numbers)),
		Ranges:  [][2]int64{},
	}
	for i, n := range numbers[1:] {
		if gap := n - numbers[i] - 1; gap > 0 {
			m.N += gap
			if len(m.Ranges) < mostRanges {
				m.Ranges = append(m.Ranges, [2]int64{numbers[i] + 1, n - 1})
			}
		}
	}
	return m
}

// overdue finds the repositories whose next scan is late.
func (t *trend) overdue() {
	if t.asOf {
		t.overdueThen()
		return
	}
	condition, args := ofRepo("id", t.repo, t.until)
	t.tx.Each(`SELECT target_repo, name, latest_at, due_at, scan_interval FROM repos WHERE due_at <> 0 AND due_at < $1`+condition+`
		ORDER BY due_at, key`, args, func(r *store.Row) {
		var o telemetry.OverdueScan
		var interval int64
		r.Scan(&o.Repo, &o.Name, &o.LastScan, &o.Due, &interval)
		o.Interval = time.Duration(interval) * time.Millisecond
		t.out.Overdue = append(t.out.Overdue, o)
	})
}

// overdueThen is overdue by the scans up to a time.
func (t *trend) overdueThen() {
	condition, args := ofRepo("o.id", t.repo, t.until)
	late := map[int64]telemetry.OverdueScan{}
	t.tx.Each(lists.AsOf(`SELECT o.id, n.due_at, n.scan_interval FROM base.repos o`+lists.JoinRetired+lists.JoinSums+`
		WHERE `+lists.InUseThen)+` AND n.due_at <> 0 AND n.due_at < $1`+condition, args, func(r *store.Row) {
		var id, interval int64
		var o telemetry.OverdueScan
		r.Scan(&id, &o.Due, &interval)
		o.Interval = time.Duration(interval) * time.Millisecond
		late[id] = o
	})
	for _, id := range slices.Sorted(maps.Keys(late)) {
		o := late[id]
		t.tx.Row(`SELECT r.target_repo, o.name, r.at FROM runs r JOIN repos o ON o.id = r.repo_id
			WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.at <= $2
			ORDER BY r.at DESC, r.file DESC LIMIT 1`, id, t.until).Scan(&o.Repo, &o.Name, &o.LastScan)
		t.out.Overdue = append(t.out.Overdue, o)
	}
	slices.SortStableFunc(t.out.Overdue, func(a, b telemetry.OverdueScan) int { return a.Due.Compare(b.Due.Time) })
}
