package lists

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Needs are what waits for a person, group by group, unless the query asks
// for what was started already. Nobody can act in a retired repository.
func Needs(s *store.Store) *List[telemetry.NeedRow] {
	return bind(s, List[telemetry.NeedRow]{
		Name: "needs-attention", Noun: "rows",
		From: needsFrom() + needsJoins, Bare: needsFrom(), Past: needsFrom() + needsJoins, Key: needKey, Default: "urgency",
		Only: func(a query.Ask) []Cond {
			conds := []Cond{that(needInUse)}
			if len(a.Query.Values("is")) == 0 {
				conds = append(conds, that(needStarted+" = 0"))
			}
			return conds
		},
		Repo: func(m moment, key string) Cond {
			if m.past {
				return that(needRepoKey+" = ?", key)
			}
			return idOfRepo("n.repo", key)
		},
		Free: func(_ moment, text string) Cond {
			return anyOf(contains("COALESCE(s.title, '')", text), contains("COALESCE(s.reason, '')", text), contains("COALESCE(p.title, '')", text),
				contains("COALESCE(o.key, '')", text), contains("COALESCE(i.rule, '')", text), contains("COALESCE(i.file, '')", text))
		},
		Finish:  finishNeeds,
		Cheap:   "is group severity repo",
		Example: "group:waiting severity:critical,high",
		Views:   []query.View{{Name: "All"}, {Name: "Started", Query: "is:started"}},
		Fields:  needFields(),
	})
}

const (
	needKey  = "n.need || ' ' || COALESCE(o.key, '') || ' ' || n.subject"
	needLast = "n.since | n.need | COALESCE(o.key, '') | n.subject"
)

func needFields() []Field[telemetry.NeedRow] {
	type row = telemetry.NeedRow
	return []Field[row]{
		{Name: "group", Help: "why it waits", Column: "n.need", Into: func(n *row) any { return &n.Need }, CSV: "group",
			Asked: is(needWords()...)},
		{Name: "is", Help: "still to do, or a run was started for it", Asked: is(
			word{"todo", needStarted + " = 0"}, word{"started", needStarted + " > 0"})},
		{Name: "severity", Help: "severity tier of the worst of its issues", Column: "n.severity_rank",
			Into: func(n *row) any { return severityOf(&n.Severity) }, CSV: "severity",
			Asked: ranked("n.severity_rank", telemetry.Severities(), severityRanks)},
		{Name: "repo", Help: repoHelp, Column: "COALESCE(o.name || ' ' || o.target_repo, '')",
			Into: func(n *row) any { return repoOf(&n.Repo, &n.TargetRepo) },
			CSV:  "repo", Asked: needRepo(), Values: ofRepos()},
		{Name: "age", Aliases: []string{"waiting"}, Help: "how long it has waited", Asked: age("n.since").offers(">1d", ">7d", ">30d"),
			Sort: ages(needLast)},
		{Name: "rule", Help: "CodeQL rule of its issues", Column: needOneRule, Into: func(n *row) any { return &n.Rule }, CSV: "rule",
			Asked: same(needOneRule)},
		{Name: "checks", Aliases: []string{"status"}, Help: "what the checks of its pull request come to", Column: "COALESCE(p.checks, '')",
			Into: func(n *row) any { return &n.Checks }, CSV: "checks", NoPast: true, Asked: checksAre(ofPullNeeded("checks"))},
		{Name: "review", Help: "what the reviews of its pull request come to", Column: "COALESCE(p.review, '')",
			Into: func(n *row) any { return &n.Review }, CSV: "review", NoPast: true, Asked: reviewIs(ofPullNeeded("review"))},
		{Name: "mergeable", Help: "whether its pull request can be merged without conflicts",
			Column: "COALESCE(p.mergeable, '')", Into: func(n *row) any { return &n.Mergeable }, CSV: "mergeable", NoPast: true,
			Asked: mergeableIs(ofPullNeeded("mergeable"))},
		{Name: "urgency", Sort: up("n.place | n.severity_rank | " + needLast)},
		{Name: "since", Column: "n.since", Into: func(n *row) any { return &n.Since }, CSV: "since"},
		{Name: "key", Column: needKey, Into: func(n *row) any { return &n.Key }},
		{Name: "sessions", Column: "n.sessions", Into: func(n *row) any { return &n.Sessions }, CSV: "sessions"},
		{Name: "issues", Column: "n.issues", Into: func(n *row) any { return store.NumbersOf(&n.IssueKeys) }},
		{Name: "new_issues", Column: "n.named", Into: func(n *row) any { return store.WordsOf(&n.Issues) }},
		{Name: "ended", Column: "n.ended", Into: func(n *row) any { return wordsOf(&n.Ended) }},
		{Name: "started_at", Column: needStarted, Into: func(n *row) any { return &n.StartedAt }},
		{Name: "session", Column: "COALESCE(s.id, '')", Into: func(n *row) any { return &n.SessionID }, CSV: "session"},
		{Name: "session_url", Column: "COALESCE(s.url, '')", Into: func(n *row) any { return &n.SessionURL }},
		{Name: "title", Column: "COALESCE(s.title, '')", Into: func(n *row) any { return &n.SessionTitle }},
		{Name: "state", Column: "COALESCE(s.state, '')", Into: func(n *row) any { return &n.State }},
		{Name: "blocked", Column: "CASE WHEN n.need = 'gave_up' AND n.subject = 'blocked' THEN 1 ELSE 0 END",
			Into: func(n *row) any { return &n.Blocked }},
		{Name: "family", Column: "COALESCE(s.family, '')", Into: func(n *row) any { return &n.Family }},
		{Name: "reason", Column: "COALESCE(s.reason, '')", Into: func(n *row) any { return &n.Reason }, CSV: "reason"},
		{Name: "issue_ids", Column: "COALESCE(s.issue_ids, '[]')", Into: func(n *row) any { return store.ListOf(&n.IssueIDs) }},
		{Name: "run_file", Column: "COALESCE(s.run_file, '')", Into: func(n *row) any { return &n.RunFile }},
		{Name: "run", Column: "COALESCE(s.run_number, 0)", Into: func(n *row) any { return &n.RunNumber }, CSV: "run"},
		{Name: "batch", Column: "COALESCE(s.batch_id, 0)", Into: func(n *row) any { return &n.BatchID }, CSV: "batch"},
		{Name: "pull_repo", Column: "COALESCE(p.repo, '')", Into: func(n *row) any { return &n.PullRepo }},
		{Name: "pr", Column: "COALESCE(p.number, 0)", Into: func(n *row) any { return &n.PullNumber }},
		{Name: "pr_title", Column: "COALESCE(p.title, '')", Into: func(n *row) any { return &n.PullTitle }},
		{Name: "pr_url", Column: "COALESCE(p.url, '')", Into: func(n *row) any { return &n.PullURL }, CSV: "pr_url"},
		{Name: "pr_draft", Column: "COALESCE(p.draft, 0)", Into: func(n *row) any { return &n.PullDraft }},
		{Name: "file", Column: "COALESCE(i.file, '')", Into: func(n *row) any { return &n.File }},
		{Name: "line", Column: "COALESCE(i.line, 0)", Into: func(n *row) any { return &n.Line }},
		{Name: "last_scan", Column: "COALESCE(o.latest_at, 0)", Into: func(n *row) any { return &n.LastScan }},
		{Name: "interval", Column: "COALESCE(o.scan_interval, 0)", Into: func(n *row) any { return intervalOf(&n.Interval) }},
	}
}

// ofPullNeeded is a column of a row's pull request, for conditions: what they
// count has no such table.
func ofPullNeeded(column string) string {
	return "COALESCE((SELECT x." + column + " FROM pulls x WHERE x.key = n.pull), '')"
}

func needWords() []word {
	var words []word
	for _, need := range telemetry.Needs() {
		words = append(words, word{string(need), "n.need = '" + string(need) + "'"})
	}
	return words
}

const needRepoKey = "COALESCE(o.key, '')"

// needRepo compares the repository of a row n. At a past time it reads the key that
// is joined: SQLite repeats a condition in all that waits, and refuses a statement
// that nests as deep as the relations of then with a SELECT in each.
func needRepo() *asked {
	now, then := repoID("n.repo"), repoKey(needRepoKey)
	cond := now.cond
	now.cond = func(m moment, values []query.Value) Cond {
		if m.past {
			return then.cond(m, values)
		}
		return cond(m, values)
	}
	return now
}

// severityOf reads a severity by its rank; one beyond CodeQL's is "".
func severityOf(into *string) any {
	return store.Column{Read: func(v any) error {
		rank, err := store.Whole(v)
		if all := telemetry.Severities(); err == nil && rank >= 0 && int(rank) < len(all) {
			*into = all[rank]
		}
		return err
	}, Value: func() any { return *into }}
}

// wordsOf reads different texts parted by spaces.
func wordsOf(into *[]string) any {
	return store.Column{Read: func(v any) error {
		*into = slices.Compact(slices.Sorted(strings.FieldsSeq(store.Text(v))))
		return nil
	}, Value: func() any { return *into }}
}

func intervalOf(into *time.Duration) any {
	return store.Column{Read: func(v any) error {
		millis, err := store.Whole(v)
		*into = time.Duration(millis) * time.Millisecond
		return err
	}, Value: func() any { return *into }}
}

// finishNeeds gives rows their issues, the worst first.
func finishNeeds(tx *store.Tx, _ moment, rows []telemetry.NeedRow) {
	var keys []int64
	for i := range rows {
		n := &rows[i]
		slices.Sort(n.IssueKeys)
		n.IssueKeys = slices.Compact(n.IssueKeys)
		keys = append(keys, n.IssueKeys...)
	}
	if len(keys) == 0 {
		return
	}
	public, place := map[int64]string{}, map[int64]int{}
	tx.Each(`SELECT id, public_id FROM issues WHERE id `+tx.In(1, "BIGINT")+` ORDER BY severity_rank, first_at, public_id`,
		[]any{store.JSON(keys)}, func(r *store.Row) {
			var id int64
			var name string
			r.Scan(&id, &name)
			public[id], place[id] = name, len(place)
		})
	for i := range rows {
		n := &rows[i]
		slices.SortFunc(n.IssueKeys, func(a, b int64) int { return place[a] - place[b] })
		for _, id := range n.IssueKeys {
			n.Issues = append(n.Issues, public[id])
		}
	}
}

// NeedCounts counts what waits for a person by group: all groups, whatever
// the query says of one.
func (s Sums) NeedCounts(ctx context.Context, a query.Ask) (map[telemetry.Need]int64, error) {
	var counts map[telemetry.Need]int64
	a.Query = a.Query.Without("group")
	err := ReadAt(ctx, s.needs.store, a.AsOf, func(tx *store.Tx) error {
		counts = map[telemetry.Need]int64{}
		q, err := s.needs.question(tx, a)
		if err != nil {
			return err
		}
		st := s.needs.counting(&statement{at: q.at}, q, "n.need, COUNT(*)").add(" GROUP BY n.need")
		counts = store.Map[telemetry.Need, int64](tx, st.text.String(), st.args...)
		return tx.Err()
	})
	return counts, err
}

// needStarted is when a run was started for a row n, 0 if none was, or if it has left its record since.
const needStarted = `CASE WHEN n.need IN ('new', 'still_there', 'gave_up', 'never_started', 'overdue') AND d.at > n.since
	THEN d.at ELSE 0 END`

// needInUse is true of a row n unless its repository o is retired.
const needInUse = `COALESCE(o.retired, '') = ''`

// needOneRule is the rule of a row's issues, "" where they have several.
const needOneRule = `CASE WHEN n.rules = 1 THEN n.rule ELSE '' END`

// needsFrom folds what waits into rows n: sessions that ended for one cause in
// one repository, and issues of one rule, are one. New issues are folded when
// they are stored.
func needsFrom() string {
	return `(SELECT 'new' AS need, 1 AS place, w.repo_id AS repo, w.rule AS subject, '' AS session, '' AS pull, w.since AS since,
		0 AS sessions, w.severity_rank AS severity_rank, 1 AS rules, w.rule AS rule, w.issue AS issue, '' AS issues, w.issues AS named,
		'' AS ended FROM new_issues w
	UNION ALL SELECT 'overdue', 8, o.id, '', '', '', o.due_at, 0, 9, 0, '', '', '', '', '' FROM repos o
		WHERE o.due_at <> 0 AND o.due_at < CAST(@ AS BIGINT)
	UNION ALL SELECT u.need, u.place, u.repo, u.subject, MAX(u.session) AS session, MAX(u.pull) AS pull, MIN(u.since) AS since,
		COUNT(DISTINCT NULLIF(u.session, '')) AS sessions, MIN(u.severity_rank) AS severity_rank,
		COUNT(DISTINCT NULLIF(u.rule, '')) AS rules, MAX(u.rule) AS rule,
		COALESCE(MIN(x.public_id), '') AS issue, COALESCE(string_agg(CAST(NULLIF(u.issue, 0) AS TEXT), ' '), '') AS issues, '' AS named,
		COALESCE(string_agg(CASE WHEN u.need = 'gave_up' THEN u.session END, ' '), '') AS ended
	FROM (` + needsUnion() + `) u LEFT JOIN issues x ON x.id = u.issue GROUP BY u.place, u.repo, u.subject, u.need) n
	LEFT JOIN (SELECT t.id, MAX(b.at) AS at FROM submissions b JOIN repos t ON t.key = lower(b.subject) AND b.at > t.last_run
		WHERE b.kind = 'dispatch' AND b.at > CAST(@ AS BIGINT) - ` + millis(telemetry.StartedFor) + ` GROUP BY t.id) d ON d.id = n.repo
	LEFT JOIN repos o ON o.id = n.repo`
}

// needsJoins is what columns of a row and free text need.
const needsJoins = ` LEFT JOIN sessions s ON s.key = n.session LEFT JOIN pulls p ON p.key = n.pull
	LEFT JOIN issues i ON i.public_id = n.issue`

// leftTo is true of the issues i that are open, and that a session s was the
// last to work on. The index of sessions holds those of a name alone.
const leftTo = `i.session = s.key AND i.session <> '' AND i.status_rank < 4 AND i.attempted_at >= ` + store.LastOpened

// unnamed is true of a session s of whose issues no record says which they
// are, while one of their ids was in no later session, and the repository has
// open issues.
const unnamed = `EXISTS (SELECT 1 FROM repos w WHERE w.id = s.repo_id AND w.open > 0) AND (s.issue_ids = '[]'
	OR EXISTS (SELECT 1 FROM texts(s.issue_ids)texts WHERE NOT EXISTS (SELECT 1 FROM mention_ids y JOIN runs r ON r.id = y.run_id
		WHERE y.issue_id = upper(e.value) AND y.session <> s.key AND r.repo_id = s.repo_id AND r.at > s.at)))`

const (
	noAttempt = `NOT EXISTS (SELECT 1 FROM attempts a WHERE a.session = s.key)`

	repoOfPull = `COALESCE((SELECT MIN(o.id) FROM repos o WHERE o.key = p.repo_key),
	(SELECT MIN(h.repo_id) FROM pull_repos h WHERE h.key = p.repo_key), 0)`

	// verifiedPull is true of a pull request p whose session's latest
	// verification found all that it targeted gone.
	verifiedPull = `EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key AND v.current = 1 AND v.outcome = 'verified_not_merged')`

	// theirs are columns of an issue i that may be missing.
	theirs = `COALESCE(i.id, 0), COALESCE(i.severity_rank, 9), COALESCE(i.rule, '')`

	// saysBlocked is true of a session s whose structured output says that it
	// is blocked.
	saysBlocked = `EXISTS (SELECT 1 FROM polls b WHERE b.session = s.key AND b.claim_status = 'blocked')`

	// blockedAlone is true of such a session that no longer works or waits, and
	// whose pull request is neither open nor merged.
	blockedAlone = `s.state IN ('failed', 'suspended', 'expired', 'finished', 'unknown') AND ` + saysBlocked + `
		AND NOT EXISTS (SELECT 1 FROM pulls h WHERE h.key = s.pull_key AND (h.merged_at > 0 OR h.shown IN ('open', 'unknown')))`

	// touchedAt is when Devin last updated a session s.
	touchedAt = `CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END`
)

// needsUnion is what waits for a person and is folded: a row an issue, where
// issues are known. What is folded has the same subject.
func needsUnion() string {
	const now = `CAST(@ AS BIGINT)`
	recorded := KnownUntil + ` > ` + now + ` - ` + millis(telemetry.RecordedFor)
	return `SELECT 'waiting' AS need, 0 AS place, s.repo_id AS repo, s.key AS subject, s.key AS session, '' AS pull, s.since AS since,
		COALESCE(i.id, 0) AS issue, COALESCE(i.severity_rank, 9) AS severity_rank, COALESCE(i.rule, '') AS rule
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state = 'waiting' AND ` + recorded + ` AND (i.id IS NOT NULL OR ` + noAttempt + `)
UNION ALL SELECT 'pr_ready', 2, ` + repoOfPull + `, p.key, p.session, p.key, p.created_at, ` + theirs + `
	FROM pulls p LEFT JOIN issues i ON i.session = p.session AND i.session <> '' AND i.status_rank < 4
	WHERE p.shown = 'open' AND p.listed = 1 AND NOT ` + verifiedPull + `
		AND (p.draft = 0 OR EXISTS (SELECT 1 FROM sessions s WHERE s.key = p.session AND s.state = 'pr_ready'))
UNION ALL SELECT 'pr_ready', 2, s.repo_id, p.key, s.key, p.key, s.since, ` + theirs + `
	FROM sessions s JOIN pulls p ON p.key = s.pull_key LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state = 'pr_ready' AND p.shown = 'unknown' AND ` + recorded + `
UNION ALL SELECT 'verified', 3, ` + repoOfPull + `, v.file || ' ' || v.source, v.session, p.key, p.created_at, ` + theirs + `
	FROM verifications v JOIN pulls p ON p.key = v.pull_key LEFT JOIN attempts a ON a.record_id = v.id AND a.result = 1
		LEFT JOIN issues i ON i.id = a.issue_id AND i.status_rank < 4
	WHERE v.current = 1 AND v.outcome = 'verified_not_merged' AND p.shown = 'open'
UNION ALL SELECT 'still_there', 4, i.repo_id, p.key, i.session, p.key, p.merged_at, i.id, i.severity_rank, i.rule
	FROM pulls p CROSS JOIN links k CROSS JOIN issues i
	WHERE p.merged_at > 0 AND k.pull_key = p.key AND k.ambiguous = 0 AND i.session = k.session AND i.session <> ''
		AND i.status_rank = 0 AND i.last_at > p.merged_at
UNION ALL SELECT 'still_there', 4, i.repo_id, CASE WHEN v.pull_key <> '' THEN v.pull_key ELSE v.file || ' ' || v.source END,
		v.session, v.pull_key,
		CASE WHEN p.merged_at > 0 THEN p.merged_at ELSE v.at END, i.id, i.severity_rank, i.rule
	FROM verifications v JOIN attempts a ON a.record_id = v.id AND a.result = 1 JOIN issues i ON i.id = a.issue_id
		LEFT JOIN pulls p ON p.key = v.pull_key
	WHERE v.current = 1 AND v.outcome = 'verified_still_there' AND i.status_rank = 0 AND (i.session = v.session OR i.attempted_at <= v.at)
UNION ALL SELECT 'gave_up', 5, s.repo_id, CASE WHEN ` + saysBlocked + ` THEN 'blocked' ELSE s.state || ' ' || s.reason END,
		s.key, '', s.since, ` + theirs + `
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE (s.state IN ('failed', 'suspended', 'expired', 'finished') AND s.has_pr = 0 OR ` + blockedAlone + `)
		AND (i.id IS NOT NULL OR ` + noAttempt + ` AND ` + unnamed + `)
UNION ALL SELECT 'never_started', 6, s.repo_id, s.reason, s.key, '', s.since, ` + theirs + `
	FROM sessions s LEFT JOIN attempts a ON a.record_id = s.run_ref AND a.session = '' AND a.batch_id = s.batch_id
		LEFT JOIN issues i ON i.id = a.issue_id AND i.status_rank < 4 AND i.attempted_at < a.at AND a.at >= ` + store.LastOpened + `
	WHERE s.state = 'never_started' AND (i.id IS NOT NULL OR a.issue_id IS NULL AND ` + unnamed + `)
UNION ALL SELECT 'stuck', 7, s.repo_id, s.key, s.key, '', ` + touchedAt + `, ` + theirs + `
	FROM sessions s LEFT JOIN issues i ON ` + leftTo + `
	WHERE s.state = 'working' AND s.polled = 1 AND ` + touchedAt + ` < ` + now + ` - ` + millis(telemetry.StuckAfter) + `
		AND (i.id IS NOT NULL OR ` + noAttempt + `)`
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
