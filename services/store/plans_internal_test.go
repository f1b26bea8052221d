package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// plan is a list that promises to be read in the order of an index, its rows
// being as few as the page has.
type plan struct {
	list  telemetry.ListName
	sort  string
	query string // REPO, RULE and FAMILY stand for ones that are there
	index string
}

// plans are the lists by default and by indexed qualifiers, and the sorts
// that have an index (docs/benchmarks.md#endpoints).
func plans() []plan {
	issues, sessions, pulls, runs, repos := telemetry.ListIssues, telemetry.ListSessions, telemetry.ListPulls, telemetry.ListRuns, telemetry.ListRepos
	return []plan{
		{issues, "", "", "issues_order"}, {issues, "status", "is:open", "issues_order"}, {issues, "", "is:open severity:critical,high", "issues_order"}, {issues, "", "-is:open", "issues_order"},
		{issues, "", "repo:REPO", "issues_repo"}, {issues, "severity", "repo:REPO", "issues_repo_severity"},
		{issues, "severity", "", "issues_severity"}, {issues, "severity", "is:open", "issues_severity"}, {issues, "severity", "severity:low", "issues_severity"},
		{issues, "severity", "rule:RULE", "issues_rule"}, {issues, "severity", "rule:RULE is:open", "issues_rule"}, {issues, "severity", "family:FAMILY", "issues_family"},
		{issues, "rule", "", "issues_rule"}, {issues, "family", "is:open", "issues_family"}, {issues, "file", "", "issues_file"}, {issues, "repo", "", "repos_key"}, {issues, "repo", "is:open", "repos_key"},
		{issues, "age", "", "issues_first"}, {issues, "first_seen", "is:open", "issues_first"}, {issues, "last_seen", "", "issues_last"}, {issues, "last_seen", "is:fixed", "issues_order"}, {issues, "attempts", "", "issues_attempts"},
		{sessions, "", "", "sessions_at"}, {sessions, "", "repo:REPO", "sessions_repo"}, {sessions, "", "is:finished", "sessions_state"}, {sessions, "age", "", "sessions_since"}, {sessions, "run", "", "sessions_number"}, {sessions, "family", "", "sessions_family"},
		{pulls, "", "", "pulls_list"}, {pulls, "", "is:unknown", "pulls_shown"}, {pulls, "state", "", "pulls_shown"}, {pulls, "waiting", "", "pulls_waiting"},
		{runs, "", "", "runs_at"}, {runs, "", "repo:REPO", "runs_repo"}, {runs, "", "kind:scan", "runs_kind"}, {runs, "kind", "", "runs_kind"}, {runs, "run", "", "runs_number"}, {runs, "found", "", "runs_found"}, {runs, "repo", "", "runs_target"},
		{repos, "", "", "repos_l"}, // repos_last_run, or repos_list
	}
}

func (p plan) String() string { return fmt.Sprintf("%s/%s/%s", p.list, p.sort, p.query) }

// ask asks for the first page of the list.
func (p plan) ask(t *testing.T, s *Store) {
	t.Helper()
	var names []any
	err := s.Read(t.Context(), func(tx *Tx) error {
		var repo, rule, family string
		tx.row(`SELECT key FROM repos ORDER BY key LIMIT 1`).scan(&repo)
		tx.row(`SELECT rule, family FROM issues GROUP BY rule, family ORDER BY COUNT(*) DESC LIMIT 1`).scan(&rule, &family)
		names = []any{repo, rule, family}
		return tx.err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("REPO", fmt.Sprint(names[0]), "RULE", fmt.Sprint(names[1]), "FAMILY", fmt.Sprint(names[2])).Replace(p.query)
	q, err := telemetry.ParseQuery(p.list, text)
	if err != nil {
		t.Fatal(err)
	}
	page := telemetry.Page{Number: 1, Size: 50, Sort: p.sort}
	switch p.list {
	case telemetry.ListIssues:
		_, err = s.Issues(t.Context(), telemetry.IssueFilter{Query: q}, page)
	case telemetry.ListSessions:
		_, err = s.Sessions(t.Context(), telemetry.SessionFilter{Query: q}, page)
	case telemetry.ListPulls:
		_, err = s.Pulls(t.Context(), telemetry.PullFilter{Query: q}, page)
	case telemetry.ListRuns:
		_, err = s.Runs(t.Context(), telemetry.RunFilter{Query: q}, page)
	case telemetry.ListRepos:
		_, err = s.Repos(t.Context(), telemetry.RepoFilter{Query: q}, page)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rowsOf returns the query of the page's rows, which is the last one asked.
func rowsOf(t *testing.T, queries []asked) asked {
	t.Helper()
	if len(queries) == 0 || !strings.Contains(queries[len(queries)-1].query, " LIMIT 50") {
		t.Fatalf("the last query is not that of a page: %v", queries)
	}
	return queries[len(queries)-1]
}

// planned fills a store with more issues than are sorted one by one.
func planned(t *testing.T, s *Store) {
	t.Helper()
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{Seed: 3, Repos: 80, ScansPerRepo: 2, FindingsPerScan: 40, SessionsPerScan: 1, Disturb: history.Believable()}) {
		rec, err := telemetry.ParseRecord(f.Body)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: f.Name, SHA: f.Name, Size: int64(len(f.Body))}, Body: f.Body, Record: rec})
	}
	slices.SortFunc(files, func(a, b telemetry.FetchedFile) int {
		return cmp.Or(a.Record.Timestamp.Compare(b.Record.Timestamp), cmp.Compare(a.Name, b.Name))
	})
	if _, err := s.PutFiles(t.Context(), "", files); err != nil {
		t.Fatal(err)
	}
	issues, err := s.Issues(t.Context(), telemetry.IssueFilter{}, telemetry.Page{Size: 1})
	if err != nil || issues.Total < manyRows {
		t.Fatalf("%d issues, want %d at least: %v", issues.Total, manyRows, err)
	}
}

// explained returns the lines of a query's plan.
func explained(t *testing.T, s *Store, prefix string, a asked, settings ...string) []string {
	t.Helper()
	conn, err := s.write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, setting := range settings {
		if _, err := conn.ExecContext(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.QueryContext(t.Context(), prefix+" "+a.query, a.args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		into := make([]any, len(columns))
		var line string
		for i := range into {
			into[i] = new(any)
		}
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func anyHas(lines []string, part string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, part) })
}

func fixedClock() time.Time { return time.Date(2026, 5, 14, 15, 32, 0, 0, time.UTC) }
