package derive

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// What follows from decisions: which issues they are about by the records of
// now, what they make of them and when, and the figures without those that are
// dismissed or accepted. Matching and the guards of scans read none of it.

// putDecisions brings decisions up to date with what scans did: in repositories
// whose scans were applied from the first on they find their issues again, and
// so do campaigns.
func putDecisions(r *records, ledgers applied) {
	if r.holds("campaigns") {
		for _, repo := range sorted(ledgers.replayed) {
			if len(campaignIssues.bind(r, repo)) > 0 {
				r.tx.Touch(telemetry.TopicCampaigns)
			}
		}
	}
	if !r.holds("decisions") {
		return
	}
	tx, issues := r.tx, ledgers.changed()
	for _, repo := range sorted(ledgers.replayed) {
		issues.add(decisionIssues.bind(r, repo))
	}
	decided := set[int64]{}
	decided.addRows(tx, `SELECT DISTINCT issue_id FROM decision_issues WHERE issue_id `+tx.In(1, "BIGINT"), list(issues))
	for _, repo := range sorted(ledgers.replayed) { // also those that lost their decisions
		decided.addRows(tx, `SELECT DISTINCT issue_id FROM decided WHERE repo_id = $1`, repo)
	}
	if len(decided) > 0 {
		spanDecisions(tx, decided)
		for _, repo := range sorted(reposDecided(tx, decided)) {
			countDecidedDays(tx, repo)
		}
		tx.Touch(telemetry.TopicDecisions)
	}
}

// settleDecisions brings up to date all that follows from the decisions on
// issues, where no scan changed.
func settleDecisions(tx *store.Tx, issues set[int64]) {
	if len(issues) == 0 {
		return
	}
	spanDecisions(tx, issues)
	putDue(tx, issues)
	repos := reposDecided(tx, issues)
	for _, repo := range sorted(repos) {
		countOpen(tx, repo)
		countDecidedDays(tx, repo)
	}
	countDue(tx, repos)
	countIssues(tx, repos, nil)
	putNeeds(tx, repos, newAffected())
}

// reposDecided are the repositories of issues.
func reposDecided(tx *store.Tx, issues set[int64]) set[int64] {
	repos := set[int64]{}
	repos.addRows(tx, `SELECT DISTINCT repo_id FROM issues WHERE id `+tx.In(1, "BIGINT"), list(issues))
	return repos
}

// bind finds the issues of decisions, or of campaigns, in a repository whose issues
// were made anew, and returns those. A decision is about the finding that a person
// saw, which belongs to one issue whatever its id, place and fingerprints are by
// then; where its record is gone, the issue of that id or, of the same rule, of
// its fingerprint is meant, unless there are several.
func (t binding) bind(r *records, repo int64) set[int64] {
	tx, key := r.tx, store.One[string](r.tx, `SELECT key FROM repos WHERE id = $1`, repo)
	type place struct{ of, ord int64 }
	seen := map[place]int64{}
	tx.Each(`SELECT d.`+t.of()+`, d.ord, d.fingerprint, i.id, i.fingerprints FROM `+t.table()+` d
		JOIN runs r ON r.file = d.run_file AND r.repo_id = $1 JOIN appearances a ON a.run_id = r.id AND a.ord = d.run_ord
		JOIN issues i ON i.id = a.issue_id
		ORDER BY CASE WHEN r.source = d.run_source THEN 1 ELSE 0 END, r.source`, []any{repo}, func(row *store.Row) {
		var at place
		var print string
		var id int64
		var prints []string
		if row.Scan(&at.of, &at.ord, &print, &id, store.ListOf(&prints)); hasFingerprint(prints, print) {
			seen[at] = id
		}
	})
	found := set[int64]{}
	var changed []bound
	for _, b := range store.Rows(tx, `SELECT d.`+t.of()+`, d.ord, d.issue_id, d.public_id, d.repo, d.rule, d.file, d.line, d.fingerprint,
			d.run_file, CASE WHEN i.id IS NULL THEN 0 ELSE i.repo_id END
		FROM `+t.table()+` d LEFT JOIN issues i ON i.id = d.issue_id
		WHERE i.id IS NULL OR i.repo_id = $1 OR d.run_file IN (SELECT r.file FROM runs r WHERE r.repo_id = $1)
		ORDER BY d.`+t.of()+`, d.ord`, []any{repo}, func(b *bound) []any {
		return []any{&b.of, &b.ord, &b.issue, &b.public, &b.repo, &b.rule, &b.file, &b.line, &b.fingerprint, &b.run, &b.at}
	}) {
		was, id := b.issue, seen[place{b.of, b.ord}]
		switch {
		case id == 0 && (b.at == 0 || b.at == repo) && r.repoOf(telemetry.RepoName(b.repo)).Key() == key:
			id = issueOf(tx, repo, b)
		case id == 0 && b.at != 0 && b.at != repo:
			continue // its issue is another repository's
		}
		found[id], found[was] = true, true
		if b.issue = id; id != was {
			changed = append(changed, b)
		}
	}
	for _, b := range changed {
		tx.Exec(`UPDATE `+t.table()+` SET issue_id = $1 WHERE `+t.of()+` = $2 AND ord = $3`, b.issue, b.of, b.ord)
	}
	delete(found, 0)
	return found
}

// issueOf is the issue of a repository that a decision is about where the place
// of its finding does not tell, 0 for none.
func issueOf(tx *store.Tx, repo int64, b bound) int64 {
	like := `%"` + telemetry.FingerprintKey(b.fingerprint) + `%`
	for _, ids := range [...]func() []int64{
		func() []int64 { // the record was rewritten
			return store.All[int64](tx, `SELECT i.id FROM runs r JOIN appearances a ON a.run_id = r.id JOIN issues i ON i.id = a.issue_id
				WHERE i.repo_id = $1 AND r.file = $2 AND a.line = $3 AND i.rule = $4 AND i.fingerprints LIKE $5`, repo, b.run, b.line, b.rule, like)
		},
		func() []int64 { // it is gone
			return store.All[int64](tx, `SELECT id FROM issues WHERE repo_id = $1 AND public_id = $2`, repo, b.public)
		},
		func() []int64 {
			return store.All[int64](tx, `SELECT id FROM issues WHERE repo_id = $1 AND public_id = $2`, repo, tx.MovedTo(b.public))
		},
		func() []int64 {
			return store.All[int64](tx, `SELECT id FROM issues WHERE repo_id = $1 AND rule = $2 AND file = $3 AND line = $4
				AND fingerprints LIKE $5`, repo, b.rule, b.file, b.line, like)
		},
		func() []int64 {
			return store.All[int64](tx, `SELECT id FROM issues WHERE repo_id = $1 AND rule = $2 AND fingerprints LIKE $3`, repo, b.rule, like)
		},
	} {
		if found := ids(); len(found) == 1 {
			return found[0]
		}
	}
	return 0
}

func hasFingerprint(prints []string, print string) bool {
	return slices.ContainsFunc(prints, func(p string) bool { return telemetry.SameFingerprint(p, print) })
}

// spanDecisions writes what decisions make of issues, and when.
func spanDecisions(tx *store.Tx, issues set[int64]) {
	ids, in := list(issues), tx.In(1, "BIGINT")
	repos := store.Map[int64, int64](tx, `SELECT id, repo_id FROM issues WHERE id `+in, ids)
	entries, lives := map[int64][]telemetry.DecisionEntry{}, map[int64]*telemetry.IssueLife{}
	tx.Each(`SELECT o.issue_id, d.id, d.action, d.assignee, d.at, d.until_at, d.undone_at FROM decision_issues o
		JOIN decisions d ON d.id = o.decision_id WHERE o.issue_id `+in+` ORDER BY d.at, d.id`, []any{ids}, func(r *store.Row) {
		var issue int64
		var e telemetry.DecisionEntry
		r.Scan(&issue, &e.ID, &e.Action, &e.Assignee, &e.At, &e.Until, &e.Undone)
		entries[issue] = append(entries[issue], e)
	})
	tx.Each(`SELECT issue_id, from_at, closes, to_at FROM issue_intervals WHERE issue_id `+in+` ORDER BY issue_id, from_at, from_file`,
		[]any{ids}, func(r *store.Row) {
			var issue, from, to int64
			var closes bool
			r.Scan(&issue, &from, &closes, &to)
			if lives[issue] == nil {
				lives[issue] = &telemetry.IssueLife{}
			}
			if from < to {
				lives[issue].Opened = append(lives[issue].Opened, from)
			}
			if closes {
				lives[issue].Closed = append(lives[issue].Closed, to)
			}
		})
	tx.Exec(`DELETE FROM decided WHERE issue_id `+in, ids)
	now := store.Millis(tx.Now())
	var spans, states [][]store.Field
	for _, id := range sorted(issues) {
		if repos[id] == 0 {
			continue
		}
		life := lives[id]
		if life == nil {
			life = &telemetry.IssueLife{}
		}
		all := telemetry.DecisionSpans(entries[id], *life)
		for _, s := range all {
			spans = append(spans, []store.Field{
				store.Col("issue_id BIGINT", id), store.Col("kind TEXT", s.Kind), store.Col("from_at BIGINT", s.From),
				store.Col("to_at BIGINT", s.To), store.Col("repo_id BIGINT", repos[id]), store.Col("decision_id BIGINT", s.Decision),
				store.Col("assignee TEXT", s.Assignee),
			})
		}
		states = append(states, shownState(id, all, now))
	}
	tx.Put("decided", "", spans...)
	tx.Change("issues", states...)
	tx.Exec(`UPDATE issues SET state_rank = `+stateOf("issues")+` WHERE id `+in, ids)
}

// shownState is what an issue's row has of the spans at a time.
func shownState(id int64, spans []telemetry.DecidedSpan, now int64) []store.Field {
	var decision, snoozed, change int64
	var assignee string
	for _, s := range spans {
		if s.To > now && s.To != store.Never && (change == 0 || s.To < change) {
			change = s.To
		}
		if s.From > now {
			if change == 0 || s.From < change {
				change = s.From
			}
			continue
		}
		if s.To <= now {
			continue
		}
		switch s.Kind {
		case telemetry.KindDismissed, telemetry.KindAccepted:
			decision = s.Decision
		case telemetry.KindAssigned:
			assignee = s.Assignee
		case telemetry.KindSnoozed:
			snoozed = 1
		}
	}
	return []store.Field{
		store.Col("id BIGINT", id), store.Col("decision BIGINT", decision), store.Col("assignee TEXT", assignee),
		store.Col("snoozed SMALLINT", snoozed), store.Col("change_at BIGINT", change),
	}
}

// stateOf ranks the state in which an issue of a table is shown.
func stateOf(table string) string {
	return strings.ReplaceAll(`CASE WHEN t.status_rank IN (4, 5) OR t.decision = 0 THEN t.status_rank
		WHEN (SELECT x.action FROM decisions x WHERE x.id = t.decision) = 'dismiss' THEN 6 ELSE 7 END`, "t.", table+".")
}

// countDecidedDays brings the days up to date with what was dismissed and accepted.
func countDecidedDays(tx *store.Tx, repo int64) {
	want := tx.DecidedDays(repo, store.Millis(tx.Now()))
	for k, c := range tx.Days(repo, ` AND (dismissed <> 0 OR accepted <> 0)`) {
		want[k] = want[k].Minus(store.DayCount{Dismissed: c.Dismissed, Accepted: c.Accepted})
	}
	saveDays(tx, repo, want)
}
