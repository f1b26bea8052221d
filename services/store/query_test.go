package store_test

import (
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, do func(t *testing.T, s *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { do(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { do(t, openPostgres(t)) })
}

// totalOf returns how many rows of a list a query matches, and how many the
// first page of 1,000 has.
func totalOf(t *testing.T, s *store.Store, q telemetry.Query, sort string) (total, items int64) {
	t.Helper()
	p := telemetry.Page{Number: 1, Size: 1000, Sort: sort}
	count := func(n int, of int64, err error) {
		if err != nil {
			t.Errorf("%s %q sorted by %q: %v", q.List, q, sort, err)
		}
		total, items = of, int64(n)
	}
	switch q.List {
	case telemetry.ListIssues:
		l, err := s.Issues(t.Context(), telemetry.IssueFilter{Query: q}, p)
		count(len(l.Items), l.Total, err)
	case telemetry.ListSessions:
		l, err := s.Sessions(t.Context(), telemetry.SessionFilter{Query: q}, p)
		count(len(l.Items), l.Total, err)
	case telemetry.ListPulls:
		l, err := s.Pulls(t.Context(), telemetry.PullFilter{Query: q}, p)
		count(len(l.Items), l.Total, err)
	case telemetry.ListRuns:
		l, err := s.Runs(t.Context(), telemetry.RunFilter{Query: q}, p)
		count(len(l.Items), l.Total, err)
	case telemetry.ListRepos:
		l, err := s.Repos(t.Context(), telemetry.RepoFilter{Query: q}, p)
		count(len(l.Items), l.Total, err)
	}
	return total, items
}

// TestEveryQualifier: each qualifier of each list, in every form, is
// answered by both databases, and "not" answers all the rest.
func TestEveryQualifier(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		if _, err := s.PutFiles(t.Context(), "", realFiles(t)); err != nil {
			t.Fatal(err)
		}
		for _, list := range telemetry.ListNames() {
			all, _ := totalOf(t, s, telemetry.Query{List: list}, "")
			texts := []string{"a", `"a b"`, "12", "cqlf-r34-0010"}
			for _, v := range telemetry.Qualifiers(list) {
				for _, value := range append(v.Values, samples(v.Kind)...) {
					texts = append(texts, v.Name+":"+value)
				}
			}
			for _, text := range texts {
				yes, not := parse(t, list, text), parse(t, list, "-"+text)
				total, items := totalOf(t, s, yes, "")
				rest, _ := totalOf(t, s, not, "")
				named := text == "is:never_started"
				if total != items || (total+rest != all && !named) {
					t.Errorf("%s: %q matches %d (%d on the page), its negation %d, of %d", list, text, total, items, rest, all)
				}
			}
		}
	})
}

func samples(kind telemetry.ValueKind) []string {
	switch kind {
	case telemetry.ValueText:
		return []string{"js/sql-injection", "JS/*", "devin-0123,x", `"it's 100% _a\\b"`}
	case telemetry.ValuePath:
		return []string{"app", "/app", "*.js", `"100%"`}
	case telemetry.ValuePrefix:
		return []string{"0123"}
	case telemetry.ValueRepo:
		return []string{"o/r", "o/*", "o/r,x/y"}
	case telemetry.ValueExact:
		return []string{"34", "34,35"}
	case telemetry.ValueNumber:
		return []string{"1", ">1", "1..5", "<3,>=40"}
	case telemetry.ValueAge:
		return []string{">1d", "<=3w", "1h..500w"}
	case telemetry.ValueDate:
		return []string{"2026", ">=2025-01", "<30d"}
	case telemetry.ValuePull:
		return []string{"94", "o/r#94", "https://github.com/o/r/pull/94"}
	}
	return nil
}

func parse(t *testing.T, list telemetry.ListName, text string) telemetry.Query {
	t.Helper()
	q, err := telemetry.ParseQuery(list, text)
	if err != nil {
		t.Fatalf("%s %q: %v", list, text, err)
	}
	return q
}
