package lists

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// Needs are what waits for a person, group by group, unless the query asks
// for what was started already. Nobody can act in a retired repository.
func Needs(s *store.Store) *List[telemetry.NeedRow] {
	return bind(s, List[telemetry.NeedRow]{
		Name: "needs-attention", Noun: "rows",
		From: needsFrom() + needsRepos + needsJoins, Bare: needsFrom() + needsRepos, Key: needKey, Find: "n.repo",
		Past: needsFrom() + needsRepos + needsJoins, PastBare: needsFrom() + needsRepos, PastWhole: true,
		Default: "urgency", Late: true,
		Only: func(a query.Ask) []Cond {
			conds := []Cond{that(needInUse)}
			if len(a.Query.Values("is")) == 0 {
				conds = append(conds, that(needStarted+" = 0 AND z.id IS NULL"))
			}
			return conds
		},
		Repo: func(_ moment, key string) Cond { return idOfRepo("n.repo", key) },
		Free: func(_ moment, text string) Cond {
			return anyOf(contains("COALESCE(s.title, '')", text), contains("COALESCE(s.reason, '')", text), contains("COALESCE(p.title, '')", text),
				contains("COALESCE(o.key, '')", text), contains(ofIssueNeeded("rule"), text), contains(ofIssueNeeded("file"), text))
		},
		Cheap:   "is group severity repo for",
		Example: "group:waiting severity:critical,high",
		Views: []query.View{
			{Name: "For you", Query: "for:you"}, {Name: "Mine", Query: "for:me"}, {Name: "Everyone"}, {Name: "Snoozed", Query: "is:snoozed"},
			{Name: "Started", Query: "is:started"},
		},
		Fields: slices.Concat(needFields(), needPeople()),
	})
}

const (
	needKey  = "n.need || ' ' || COALESCE(o.key, '') || ' ' || n.subject"
	needDue  = "CASE WHEN n.due_at = 0 THEN 1 ELSE 0 END | n.due_at"
	needLast = "n.since | n.need | COALESCE(o.key, '') | n.subject"
)

func needFields() []Field[telemetry.NeedRow] {
	type row = telemetry.NeedRow
	return []Field[row]{
		{Name: "group", Help: "why it waits", Column: "n.need", Into: func(n *row) any { return &n.Need }, CSV: "group",
			Asked: is(needWords()...)},
		{Name: "is", Help: "still to do, snoozed, or a run was started for it", Asked: is(
			word{"todo", needStarted + " = 0 AND z.id IS NULL"}, word{"started", needStarted + " > 0 AND z.id IS NULL"},
			word{"snoozed", "z.id IS NOT NULL"})},
		{Name: "severity", Help: "severity tier of the worst of its issues", Column: "n.severity_rank",
			Into: func(n *row) any { return severityOf(&n.Severity) }, CSV: "severity",
			Asked: ranked("n.severity_rank", telemetry.Severities(), severityRanks)},
		{Name: "repo", Help: repoHelp, Column: "COALESCE(o.name || ' ' || o.target_repo, '')",
			Into: func(n *row) any { return repoOf(&n.Repo, &n.TargetRepo) },
			CSV:  "repo", Asked: repoID("n.repo"), Values: ofRepos()},
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
		{Name: "urgency", Sort: up("n.place | n.severity_rank | " + needDue + " | " + needLast)},
		{Name: "due", Help: "when the first of its issues is due: a date, or in how long, with what is overdue", Column: "n.due_at",
			Into: func(n *row) any { return &n.DueAt }, CSV: "due_at", Asked: ahead("n.due_at").offers("<7d", "<30d")},
		{Name: "late", Column: "CASE WHEN n.need = 'new' AND n.subject = '" + outcomes.OverdueSubject + "' || n.rule THEN 1 ELSE 0 END",
			Into: func(n *row) any { return &n.Late }},
		{Name: "since", Column: "n.since", Into: func(n *row) any { return &n.Since }, CSV: "since"},
		{Name: "key", Column: needKey, Into: func(n *row) any { return &n.Key }},
		{Name: "sessions", Column: "n.sessions", Into: func(n *row) any { return &n.Sessions }, CSV: "sessions"},
		{Name: "issues", Column: "n.issues", Into: func(n *row) any { return distinctWords(&n.Issues) }},
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
		{Name: "file", Column: ofIssueNeeded("file"), Into: func(n *row) any { return &n.File }},
		{Name: "line", Column: "COALESCE(" + issueNeeded("line") + ", 0)", Into: func(n *row) any { return &n.Line }},
		{Name: "last_scan", Column: "COALESCE(o.latest_at, 0)", Into: func(n *row) any { return &n.LastScan }},
		{Name: "interval", Column: "COALESCE(o.scan_interval, 0)", Into: func(n *row) any { return intervalOf(&n.Interval) }},
	}
}

// ofPullNeeded is a column of a row's pull request, for conditions: what they
// count has no such table.
func ofPullNeeded(column string) string {
	return "COALESCE((SELECT x." + column + " FROM pulls x WHERE x.key = n.pull), '')"
}

// issueNeeded is a column of the worst of a row's issues, NULL where it has none,
// and ofIssueNeeded a text.
func issueNeeded(column string) string {
	return "(SELECT i." + column + " FROM issues i WHERE i.public_id = n.issue ORDER BY i.id LIMIT 1)"
}

func ofIssueNeeded(column string) string { return "COALESCE(" + issueNeeded(column) + ", '')" }

func needWords() []word {
	var words []word
	for _, need := range telemetry.Needs() {
		words = append(words, word{string(need), "n.need = '" + string(need) + "'"})
	}
	return words
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

// distinctWords reads texts parted by spaces, of which the same stand together.
func distinctWords(into *[]string) any {
	return store.Column{Read: func(v any) error {
		*into = slices.Compact(strings.Fields(store.Text(v)))
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

// needInUse is true of a row n unless its repository o is retired, or what it
// wants is a decision on a pull request of a repository that is: a fork's, which
// was archived while its target goes on.
const needInUse = `COALESCE(o.retired, '') = '' AND NOT (n.need IN ('pr_ready', 'verified') AND EXISTS (SELECT 1
	FROM pulls q, ` + RetiredOf + ` WHERE l.key = q.repo_key AND q.key = n.pull))`

// RetiredOf are the retirements z, at @, of repositories by the keys of their
// names l.key, whether runs scanned them or not.
const RetiredOf = `repo_lookups l JOIN retirements z ON z.github_id = l.github_id AND l.github_id <> 0
	AND z.at <= CAST(@ AS BIGINT) AND z.until > CAST(@ AS BIGINT)`

// needOneRule is the rule of a row's issues, "" where they have several.
const needOneRule = `CASE WHEN n.rules = 1 THEN n.rule ELSE '' END`

// needsFrom are rows n: what waits by the table needs (outcomes.Needs), and
// scans that are overdue.
func needsFrom() string {
	const columns = `need, place, repo_id AS repo, subject, session, pull, since, sessions, severity_rank, rules, rule, issue, issues, ended,
		due_at`
	return `(SELECT ` + columns + ` FROM needs WHERE from_at < CAST(@ AS BIGINT) AND until_at > CAST(@ AS BIGINT)
	UNION ALL SELECT 'overdue', 8, o.id, '', '', '', o.due_at, 0, 9, 0, '', '', '', '', 0 FROM repos o
		WHERE o.due_at <> 0 AND o.due_at < CAST(@ AS BIGINT)) n
	LEFT JOIN (SELECT t.id, MAX(b.at) AS at FROM submissions b JOIN repos t ON t.key = lower(b.subject) AND b.at > t.last_run
		WHERE b.kind = 'dispatch' AND b.at > CAST(@ AS BIGINT) - ` + millis(telemetry.StartedFor) + ` GROUP BY t.id) d ON d.id = n.repo`
}

// needMark is what a row n is about: where it changes, so does the row.
const needMark = `CAST(n.since AS TEXT) || ' ' || n.session || ' ' || CAST(n.sessions AS TEXT) || ' ' || n.issues || ' ' || n.ended`

// neverAt is a time that does not come.
const neverAt = "9223372036854775807"

// needsRepos is what the order of rows needs, and needsJoins what their columns
// and free text need beside it.
const (
	needsRepos = ` LEFT JOIN repos o ON o.id = n.repo
	LEFT JOIN (SELECT y.need, y.mark, MAX(d.id) AS id, MAX(CASE WHEN d.until_at = 0 THEN ` + neverAt + ` ELSE d.until_at END) AS until_at
		FROM decision_needs y JOIN decisions d ON d.id = y.decision_id
		WHERE d.undone_at = 0 AND (d.until_at = 0 OR d.until_at > CAST(@ AS BIGINT))
		GROUP BY y.need, y.mark) z ON z.need = ` + needKey + ` AND z.mark = ` + needMark
	needsJoins = ` LEFT JOIN sessions s ON s.key = n.session LEFT JOIN pulls p ON p.key = n.pull`
)

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
