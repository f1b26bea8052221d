package lists

import (
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Changes are when issues were first seen, came back and were no longer found.
func Changes(s *store.Store) *List[telemetry.IssueEvent] {
	type row = telemetry.IssueEvent
	return bind(s, List[row]{
		Name: "changes", Noun: "changes",
		From: changesOf, Key: "e.issue_id || ' ' || e.begins || ' ' || e.at", Find: "e.at", Default: "at",
		Past: "(SELECT * FROM " + changesOf + " WHERE e.at <= @) AS e",
		Repo: func(_ moment, key string) Cond { return idOfRepo("e.repo_id", key) },
		Free: func(_ moment, text string) Cond { return contains("e.rule", text) },
		Kept: &kept{From: changesKept, Sum: "e.n", Serves: keptChanges, All: "e.repo_id = 0", One: "e.repo_id <> 0"},
		Fields: []Field[row]{
			{Name: "is", Aliases: []string{"event"}, Help: "opened, reopened or closed", Column: changeEvent,
				Into: func(e *row) any { return &e.Event }, CSV: "event", Asked: is(
					word{"opened", "e.begins = 1"}, word{"reopened", "e.begins = 1 AND e.again = 1"}, word{"closed", "e.begins = 0"},
				)},
			{Name: "repo", Help: repoHelp, Column: nameAndURL("e.repo_id", "t.target_repo"),
				Into: func(e *row) any { return repoOf(&e.RepoName, &e.Repo) }, CSV: "repo",
				Asked: repoID("e.repo_id"), Values: ofRepos()},
			{Name: "at", Aliases: []string{"date"}, Help: "when the scan was", Column: "e.at",
				Into: func(e *row) any { return &e.At }, CSV: "at",
				Asked: date("e.at").offers("<7d", "<30d"), Sort: down("e.at | e.issue | e.begins")},
			{Name: "severity", Help: "severity tier", Column: "e.severity", Into: func(e *row) any { return &e.Severity }, CSV: "severity",
				Asked: isOne("e.severity", telemetry.Severities()...)},
			{Name: "family", Help: "CWE family, for example xss", Column: "e.family", Into: func(e *row) any { return &e.Family },
				CSV: "family", Asked: same("e.family")},
			{Name: "rule", Help: "CodeQL rule, for example js/sql-injection or js/*", Column: "e.rule",
				Into: func(e *row) any { return &e.Rule }, CSV: "rule", Asked: same("e.rule")},
			{Name: "issue", Column: "e.issue",
				Into: func(e *row) any { return &e.Issue }, CSV: "issue"},
			{Name: "run", Column: "e.run", Into: func(e *row) any { return &e.Run }, CSV: "run"},
			{Name: "file", Column: "e.file", Into: func(e *row) any { return &e.File }, CSV: "file"},
			// SQLite merges its parts in an order of selected columns alone.
			{Name: "begins", Column: "e.begins", Into: func(*row) any { return new(int64) }},
			{Name: "opened_at", Column: "CASE WHEN e.begins = 0 THEN e.opened_at ELSE 0 END",
				Into: func(e *row) any { return &e.OpenedAt }, CSV: "opened_at"},
		},
	})
}

// changesOf are the beginnings and ends of intervals of issues, each in the order of an index.
const changesOf = `(SELECT 1 AS begins, again, from_at AS at, issue_id, ` + changedIssue + `,
		from_file AS file, from_run AS run, repo_id, severity, family,
		rule, opened_at FROM issue_intervals WHERE opens = 1
	UNION ALL SELECT 0 AS begins, again, to_at AS at, issue_id, ` + changedIssue + `,
		to_file AS file, to_run AS run, repo_id, severity, family,
		rule, opened_at FROM issue_intervals WHERE closes = 1) AS e`

const changedIssue = `(SELECT i.public_id FROM issues i WHERE i.id = issue_id) AS issue`

const changeEvent = `CASE WHEN e.begins = 0 THEN 'closed' WHEN e.again = 1 THEN 'reopened' ELSE 'opened' END`

// changesKept are the changes by day. First ones are not told from those that came back.
const changesKept = `(SELECT repo_id, 1 AS begins, opened AS n FROM days UNION ALL SELECT repo_id, 0 AS begins, closed AS n FROM days) AS e`

func keptChanges(t query.Term) bool {
	return t.Field == "repo" || t.Field == "is" && !slices.ContainsFunc(t.Values, func(v query.Value) bool { return v.Text == "reopened" })
}
