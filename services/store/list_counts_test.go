package store_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// TestListCounts: each count is the total of its list, of all repositories
// and of one, whatever stands beside it in the statement.
func TestListCounts(t *testing.T) {
	texts := map[telemetry.ListName][]string{
		telemetry.ListIssues:   {"", "is:open", "is:open severity:critical,high", "family:xss rule:js/*", "attempts:>=1 is:open", "path:src", "login", "age:>1d -is:fixed", "is:open attempts:0", "attempts:0 severity:high path:src", "-attempts:0", "attempts:0,2", "attempts:0 attempts:>=1", "family:xss attempts:0"},
		telemetry.ListSessions: {"", "is:active", "is:never_started", "is:finished has:pr", "CQLF", "family:xss"},
		telemetry.ListPulls:    {"", "is:open", "is:unknown", "has:session", "94"},
		telemetry.ListRuns:     {"", "kind:scan", "kind:dispatch", "is:reduced", "found:>20"},
		telemetry.ListRepos:    {"", "open:>0", "active:0", "is:clean"},
	}
	onBoth(t, func(t *testing.T, s *store.Store) {
		if _, err := s.PutFiles(t.Context(), "", realFiles(t)); err != nil {
			t.Fatal(err)
		}
		repos, err := s.Repos(t.Context(), telemetry.RepoFilter{}, telemetry.Page{Number: 1, Size: 1, Sort: "runs"})
		if err != nil || len(repos.Items) == 0 {
			t.Fatalf("%d repositories, %v", len(repos.Items), err)
		}
		for list, written := range texts {
			for _, repo := range []string{"", repos.Items[0].Name.Key()} {
				var queries []telemetry.Query
				var want []int64
				for _, text := range written {
					q, err := telemetry.ParseQuery(list, text)
					if err != nil {
						t.Fatal(err)
					}
					queries = append(queries, q)
					if repo != "" && list == telemetry.ListRepos {
						repo = ""
					}
					want = append(want, totalIn(t, s, repo, q))
				}
				got, err := s.ListCounts(t.Context(), list, repo, queries)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s of %q: %d, %v, want %d", list, repo, got, err, want)
				}
			}
		}
		if got, err := s.ListCounts(t.Context(), telemetry.ListIssues, "", nil); err != nil || len(got) != 0 {
			t.Errorf("of no query: %d, %v", got, err)
		}
		if _, err := s.ListCounts(t.Context(), "nothing", "", make([]telemetry.Query, 1)); err == nil {
			t.Error("of no list: no error")
		}
	})
}

func totalIn(t *testing.T, s *store.Store, repo string, q telemetry.Query) int64 {
	t.Helper()
	p := telemetry.Page{Number: 1, Size: 1}
	var total int64
	var err error
	switch q.List {
	case telemetry.ListIssues:
		rows, failed := s.Issues(t.Context(), telemetry.IssueFilter{Repo: repo, Query: q}, p)
		total, err = rows.Total, failed
	case telemetry.ListSessions:
		rows, failed := s.Sessions(t.Context(), telemetry.SessionFilter{Repo: repo, Query: q}, p)
		total, err = rows.Total, failed
	case telemetry.ListPulls:
		rows, failed := s.Pulls(t.Context(), telemetry.PullFilter{Repo: repo, Query: q}, p)
		total, err = rows.Total, failed
	case telemetry.ListRuns:
		rows, failed := s.Runs(t.Context(), telemetry.RunFilter{Repo: repo, Query: q}, p)
		total, err = rows.Total, failed
	case telemetry.ListRepos:
		rows, failed := s.Repos(t.Context(), telemetry.RepoFilter{Query: q}, p)
		total, err = rows.Total, failed
	}
	if err != nil {
		t.Fatal(q.List, q, err)
	}
	return total
}

// TestRepoDaySorts: repositories sort by what changed, and what was closed,
// in the days that their rows tell of.
func TestRepoDaySorts(t *testing.T) {
	now := time.Now()
	openAt(t, now, func(t *testing.T, s *store.Store) {
		ago := func(days int) string { return now.AddDate(0, 0, -days).Format(time.RFC3339) }
		for repo, scans := range map[string]map[int][]string{
			"octo/worse":  {40: {"a"}, 5: {"a", "b", "c"}},
			"octo/better": {40: {"d", "e", "f"}, 5: {"d"}},
			"octo/before": {60: {"g", "h", "i", "j"}, 50: {"g"}},
		} {
			for days, prints := range scans {
				r := scanRecord{Repo: repo, Run: int64(100 - days), At: ago(days)}
				for i, p := range prints {
					r.Findings = append(r.Findings, fmt.Sprintf("js/%s src/%s.js %d %s", p, p, i+1, strings.Repeat(p, 20)))
				}
				putFrom(t, s, "", r.file(fmt.Sprintf("%s-%d.json", strings.ReplaceAll(repo, "/", "-"), days)))
			}
		}
		for sort, want := range map[string]string{"change": "octo/worse octo/before octo/better", "closed": "octo/better octo/worse octo/before"} {
			list, err := s.Repos(t.Context(), telemetry.RepoFilter{}, telemetry.Page{Sort: sort})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range list.Items {
				got = append(got, string(r.Name))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("by %s: %s, want %s", sort, got, want)
			}
		}
	})
}

// BenchmarkListCounts: the tabs of the list of issues, at 100,000 issues.
func BenchmarkListCounts(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	manyIssues(b, s)
	var queries []telemetry.Query
	for _, text := range []string{"is:open", "is:open severity:critical,high", "is:reopened", "is:open attempts:>=3", "is:open attempts:0", "is:open age:<7d", "is:fixed", ""} {
		q, err := telemetry.ParseQuery(telemetry.ListIssues, text)
		if err != nil {
			b.Fatal(err)
		}
		queries = append(queries, q)
	}
	for b.Loop() {
		if _, err := s.ListCounts(b.Context(), telemetry.ListIssues, "", queries); err != nil {
			b.Fatal(err)
		}
	}
}
