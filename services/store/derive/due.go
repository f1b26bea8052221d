package derive

import (
	"context"
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// When issues are due (docs/rules.md#due-dates): the pauses of their clocks follow
// from scans, decisions and retirements; the dates also from SLA_DAYS, which the
// table due_days has, and from the registry, of which the table registry_log has what
// it said at which time. What becomes overdue without a record is found by the clock.

// putDue brings the due dates of issues up to date.
func putDue(tx *store.Tx, issues set[int64]) {
	if len(issues) == 0 {
		return
	}
	now := store.Millis(tx.Now())
	clocks, still := readClocks(tx, issues), stillOf(tx, issues)
	tenths := store.Map[string, int64](tx, `SELECT severity, tenth FROM due_days`)
	var pauses, dues [][]store.Field
	tx.Each(`SELECT i.id, i.repo_id, i.severity, i.state_rank, COALESCE(g.importance, ''), COALESCE(g.score, -1)
		FROM issues i JOIN repos r ON r.id = i.repo_id LEFT JOIN registry g ON g.repo_key = r.registry_key
		WHERE i.id `+tx.In(1, "BIGINT"), []any{list(issues)}, func(r *store.Row) {
		var id, repo, score int64
		var severity, importance string
		var rank int
		r.Scan(&id, &repo, &severity, &rank, &importance, &score)
		var clock telemetry.DueClock
		for _, c := range clocks[id] {
			of := telemetry.DuePauses(c.Stretch, append(c.still, still[id]...))
			for n, p := range of {
				next := store.Never
				if n+1 < len(of) {
					next = of[n+1].From
				}
				pauses = append(pauses, []store.Field{
					store.Col("issue_id BIGINT", id), store.Col("from_at BIGINT", p.From), store.Col("to_at BIGINT", p.To),
					store.Col("before BIGINT", p.Before), store.Col("next_at BIGINT", next), store.Col("repo_id BIGINT", repo),
				})
			}
			clock = telemetry.DueClockAt(c.From, tenths[severity]*telemetry.DueFactor(importance, score), of, now)
		}
		dues = append(dues, []store.Field{
			store.Col("id BIGINT", id), store.Col("due_at BIGINT", clock.Due), store.Col("paused_at BIGINT", clock.Paused),
			store.Col("overdue SMALLINT", store.Flag(rank < telemetry.StatusFixed.Rank() && clock.Overdue(now))),
		})
	})
	tx.Exec(`DELETE FROM due_pauses WHERE issue_id `+tx.In(1, "BIGINT"), list(issues))
	tx.Put("due_pauses", "", pauses...)
	tx.Change("issues", dues...)
}

// dueFactors are those of repositories with an entry in the registry, and
// DueFactorNone for all others.
func dueFactors(tx *store.Tx) map[int64]int64 {
	factors := map[int64]int64{}
	tx.Each(`SELECT r.id, COALESCE(g.importance, ''), COALESCE(g.score, -1) FROM repos r LEFT JOIN registry g ON g.repo_key = r.registry_key`,
		nil, func(r *store.Row) {
			var id, score int64
			var importance string
			r.Scan(&id, &importance, &score)
			factors[id] = telemetry.DueFactor(importance, score)
		})
	return factors
}

// dueClock is a time in which an issue was open, with the times at which its
// repository was retired meanwhile.
type dueClock struct {
	telemetry.Stretch
	still []telemetry.Stretch
}

// readClocks reads the times in which issues were open, in order.
func readClocks(tx *store.Tx, issues set[int64]) map[int64][]*dueClock {
	clocks := map[int64][]*dueClock{}
	last := map[int64]int64{} // where the issue's latest interval ended, without closing it
	tx.Each(`SELECT issue_id, opened_at, from_at, to_at, closes FROM issue_intervals WHERE issue_id `+tx.In(1, "BIGINT")+`
		ORDER BY issue_id, from_at, from_file`, []any{list(issues)}, func(r *store.Row) {
		var id, opened, from, to int64
		var closes bool
		r.Scan(&id, &opened, &from, &to, &closes)
		of := clocks[id]
		if len(of) == 0 || of[len(of)-1].From != opened {
			of = append(of, &dueClock{Stretch: telemetry.Stretch{From: opened, To: store.Never}})
			clocks[id], last[id] = of, opened
		}
		c := of[len(of)-1]
		if from > last[id] {
			c.still = append(c.still, telemetry.Stretch{From: last[id], To: from})
		}
		if last[id] = to; closes {
			c.To = to
		}
	})
	for id, of := range clocks {
		if c := of[len(of)-1]; c.To == store.Never && last[id] != store.Never { // it is retired
			c.still = append(c.still, telemetry.Stretch{From: last[id], To: store.Never})
		}
	}
	return clocks
}

// stillOf are the times at which issues were dismissed, accepted or not scanned.
func stillOf(tx *store.Tx, issues set[int64]) map[int64][]telemetry.Stretch {
	still := map[int64][]telemetry.Stretch{}
	tx.Each(`SELECT issue_id, from_at, to_at FROM decided WHERE kind IN ('dismissed', 'accepted') AND issue_id `+tx.In(1, "BIGINT"),
		[]any{list(issues)}, func(r *store.Row) {
			var id int64
			var s telemetry.Stretch
			r.Scan(&id, &s.From, &s.To)
			still[id] = append(still[id], s)
		})
	for _, repo := range sorted(reposDecided(tx, issues)) {
		notScanned(tx, repo, issues, still)
	}
	return still
}

// notScanned adds the times at which the issues of a repository were not scanned:
// from a scan that did not look at all, and did not name them, to the next that names
// them. A scan that closes an issue ends its clock.
func notScanned(tx *store.Tx, repo int64, issues set[int64], still map[int64][]telemetry.Stretch) {
	type place struct {
		id, at int64
		file   string
	}
	scans := store.Rows(tx, `SELECT id, at, file FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1
		AND (reduced = 1 OR lost <> '') ORDER BY at, file, source`, []any{repo}, func(p *place) []any { return []any{&p.id, &p.at, &p.file} })
	if len(scans) == 0 {
		return
	}
	named := map[int64][]place{}
	tx.Each(`SELECT a.issue_id, r.id, r.at, r.file FROM appearances a JOIN runs r ON r.id = a.run_id
		WHERE r.repo_id = $1 AND r.at >= $2 AND a.issue_id `+tx.In(3, "BIGINT")+` ORDER BY r.at, r.file, r.source`,
		[]any{repo, scans[0].at, list(issues)}, func(r *store.Row) {
			var id int64
			var p place
			r.Scan(&id, &p.id, &p.at, &p.file)
			named[id] = append(named[id], p)
		})
	of := set[int64]{}
	of.addRows(tx, `SELECT id FROM issues WHERE repo_id = $1 AND id `+tx.In(2, "BIGINT"), repo, list(issues))
	for id := range of {
		next := 0 // of those that name it
		for _, s := range scans {
			for next < len(named[id]) && (named[id][next].at < s.at || named[id][next].at == s.at && named[id][next].file < s.file) {
				next++
			}
			switch {
			case next == len(named[id]):
				still[id] = append(still[id], telemetry.Stretch{From: s.at, To: store.Never})
			case named[id][next].id != s.id:
				still[id] = append(still[id], telemetry.Stretch{From: s.at, To: named[id][next].at})
			}
		}
	}
}

// dropDue forgets the pauses of a repository before it is replayed.
func dropDue(tx *store.Tx, repo int64) { tx.Exec(`DELETE FROM due_pauses WHERE repo_id = $1`, repo) }

// countDue counts what is overdue in repositories.
func countDue(tx *store.Tx, repos set[int64]) {
	tx.Exec(`UPDATE repos SET overdue = (SELECT COUNT(*) FROM issues i WHERE i.repo_id = repos.id AND i.overdue = 1)
		WHERE id `+tx.In(1, "BIGINT"), list(repos))
}

// dueAgain brings the due dates of repositories up to date, and what follows from them.
func dueAgain(tx *store.Tx, repos set[int64]) {
	if len(repos) == 0 {
		return
	}
	for _, repo := range sorted(repos) {
		issues := set[int64]{}
		issues.addRows(tx, `SELECT id FROM issues WHERE repo_id = $1`, repo)
		putDue(tx, issues)
	}
	countDue(tx, repos)
	putNeeds(tx, repos, newAffected())
	tx.Touch(telemetry.TopicRecords)
}

// becomeOverdue marks what has become overdue by now, and takes back what a program
// marked whose clock is far ahead.
func becomeOverdue(tx *store.Tx) {
	issues, early, now := set[int64]{}, set[int64]{}, store.Millis(tx.Now())
	issues.addRows(tx, `SELECT id FROM issues WHERE overdue = 0 AND paused_at = 0 AND state_rank < 4 AND due_at <> 0 AND due_at < $1`, now)
	early.addRows(tx, `SELECT id FROM issues WHERE overdue = 1 AND due_at > $1`, now+store.ClocksDiffer.Milliseconds())
	if len(issues)+len(early) == 0 {
		return
	}
	tx.Exec(`UPDATE issues SET overdue = 1 WHERE id `+tx.In(1, "BIGINT"), list(issues))
	tx.Exec(`UPDATE issues SET overdue = 0 WHERE id `+tx.In(1, "BIGINT"), list(early))
	issues.add(early)
	repos := reposDecided(tx, issues)
	countDue(tx, repos)
	putNeeds(tx, repos, newAffected())
	tx.Touch(telemetry.TopicRecords)
}

// SetDueDays has issues be due within other days than before: the due dates of all
// of them are derived again, in one transaction. The same days change nothing.
func (w *Writer) SetDueDays(ctx context.Context, days telemetry.DueDays) error {
	want := map[string]int64{}
	for severity, n := range days {
		want[severity] = telemetry.DueTenth(n)
	}
	const stored = `SELECT severity, tenth FROM due_days`
	known, err := store.Get(ctx, w.Store, func(tx *store.Tx) map[string]int64 { return store.Map[string, int64](tx, stored) })
	if err != nil || maps.Equal(known, want) {
		return err
	}
	return w.Write(ctx, func(tx *store.Tx) error {
		tx.Exec(`DELETE FROM due_days`)
		for _, severity := range sorted(want) {
			tx.Exec(`INSERT INTO due_days (severity, tenth) VALUES ($1, $2)`, severity, want[severity])
		}
		repos := set[int64]{}
		repos.addRows(tx, `SELECT DISTINCT repo_id FROM issues`)
		dueAgain(tx, repos)
		return tx.Err()
	})
}

// logRegistry keeps what the registry says of repositories now, where that is not what
// it said before, and returns their repositories. A name that stands for another
// repository than before takes what was kept along.
func logRegistry(r *records, changed bool) set[int64] {
	tx, repos, at := r.tx, set[int64]{}, store.Millis(r.tx.Now())
	if !changed { // it said so when it was fetched
		at = store.One[int64](tx, `SELECT COALESCE(MAX(fetched_at), 0) FROM side_files WHERE name = $1`, telemetry.RegistryFile)
	}
	tx.Exec(`INSERT INTO registry_log (repo_key, at, until, factor, tags) 
		SELECT a.repo_key, g.at, g.until, g.factor, g.tags FROM registry_log g JOIN repo_aliases a ON a.key = g.repo_key AND a.repo_key <> a.key
		WHERE g.repo_key NOT IN (SELECT key FROM repos)
		ON CONFLICT (repo_key, at) DO NOTHING`)
	tx.Exec(`DELETE FROM registry_log WHERE repo_key NOT IN (SELECT key FROM repos)
		AND repo_key IN (SELECT key FROM repo_aliases WHERE repo_key <> key)`)
	type said struct {
		factor int64
		tags   string
	}
	before, factors := map[string]said{}, dueFactors(tx)
	tx.Each(`SELECT repo_key, factor, tags FROM registry_log ORDER BY repo_key, at`, nil, func(row *store.Row) {
		var key string
		var s said
		row.Scan(&key, &s.factor, &s.tags)
		before[key] = s
	})
	var rows [][]store.Field
	const tagged = `SELECT r.id, r.key, COALESCE(g.tags, '[]') FROM repos r LEFT JOIN registry g ON g.repo_key = r.registry_key`
	tx.Each(tagged, nil, func(row *store.Row) {
		var id int64
		var key string
		var now said
		row.Scan(&id, &key, &now.tags)
		was, known := before[key]
		if now.factor = factors[id]; !known {
			was = said{telemetry.DueFactorNone, "[]"}
		}
		if now != was {
			repos[id] = true
			rows = append(rows, []store.Field{
				store.Fixed("repo_key TEXT", key), store.Fixed("at BIGINT", at), store.Col("until BIGINT", store.Never),
				store.Col("factor BIGINT", now.factor),
				store.Col("tags TEXT", now.tags),
			})
		}
	})
	tx.Put("registry_log", "repo_key, at", rows...)
	tx.Exec(`UPDATE registry_log SET until = COALESCE((SELECT MIN(n.at) FROM registry_log n
		WHERE n.repo_key = registry_log.repo_key AND n.at > registry_log.at), $1)`, store.Never)
	return repos
}
