package lists_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestListCounts: each count is the total of its list, of all repositories
// and of one, whatever stands beside it in the statement.
func TestListCounts(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if _, err := s.PutFiles(t.Context(), "", storetest.RealFiles(t)); err != nil {
			t.Fatal(err)
		}
		countsAreTotals(t, s, lists.Issues(s.Store), "", "is:open", "is:open severity:critical,high", "family:xss rule:js/*", "attempts:>=1 is:open", "path:src", "login",
			"age:>1d -is:fixed", "is:open attempts:0", "attempts:0 severity:high path:src", "-attempts:0", "attempts:0,2", "attempts:0 attempts:>=1", "family:xss attempts:0",
			"has:session", "-has:session is:open", "no:session,family", "no:pr", "attempts:<1", "attempts:<=1", "attempts:0..5", "attempts:1..*", "attempts:*..0", "attempts:>=3",
			"attempts:2", "attempts:3", "attempts:>3", "attempts:1..2 is:open", "attempts:1..3", "-attempts:>=3")
		countsAreTotals(t, s, lists.Sessions(s.Store), "", "is:active", "is:never_started", "is:finished has:pr", "is:finished", "-is:finished", "CQLF", "family:xss")
		countsAreTotals(t, s, lists.Pulls(s.Store), "", "is:open", "is:unknown", "has:session", "94")
		countsAreTotals(t, s, lists.Runs(s.Store), "", "kind:scan", "kind:dispatch", "is:reduced", "found:>20")
		countsAreTotals(t, s, lists.Repos(s.Store), "", "open:>0", "active:0", "is:clean")
		countsAreTotals(t, s, lists.Changes(s.Store), "", "is:opened", "is:reopened", "is:closed", "-is:closed", "is:opened at:<100w", "family:xss")
		if got, err := lists.Issues(s.Store).Counts(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("of no question: %d, %v", got, err)
		}
	})
}

func countsAreTotals[T any](t *testing.T, s *storetest.Store, l *lists.List[T], texts ...string) {
	t.Helper()
	repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 1, Sort: "runs"}})
	if err != nil || len(repos.Items) == 0 {
		t.Fatalf("%d repositories, %v", len(repos.Items), err)
	}
	key := repos.Items[0].Name.Key()
	for _, repo := range []string{"", key} {
		for _, also := range []string{"", " repo:" + key, " repo:" + key + ",o/r", " -repo:" + key} {
			var asks []query.Ask
			var want []int64
			for _, text := range texts {
				a := query.Ask{Repo: repo, Query: storetest.Parse(t, l, strings.TrimSpace(text+also))}
				_, rows := storetest.Total(t, l, a)
				asks, want = append(asks, a), append(want, rows)
			}
			got, err := l.Counts(t.Context(), asks)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s of %q%s: %d, %v, want %d", l.Name, repo, also, got, err, want)
			}
		}
	}
}

// TestRepoDaySorts: repositories sort by what changed, and what was closed,
// in the days that their rows tell of.
func TestRepoDaySorts(t *testing.T) {
	now := time.Now()
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		ago := func(days int) string { return now.AddDate(0, 0, -days).Format(time.RFC3339) }
		for repo, scans := range map[string]map[int][]string{
			"octo/worse":  {40: {"a"}, 5: {"a", "b", "c"}},
			"octo/better": {40: {"d", "e", "f"}, 5: {"d"}},
			"octo/before": {60: {"g", "h", "i", "j"}, 50: {"g"}},
		} {
			for days, fingerprints := range scans {
				r := storetest.ScanRecord{Repo: repo, Run: int64(100 - days), At: ago(days)}
				for i, p := range fingerprints {
					r.Findings = append(r.Findings, fmt.Sprintf("js/%s src/%s.js %d %s", p, p, i+1, strings.Repeat(p, 20)))
				}
				storetest.PutFrom(t, s, "", r.File(fmt.Sprintf("%s-%d.json", strings.ReplaceAll(repo, "/", "-"), days)))
			}
		}
		for sort, want := range map[string]string{"change": "octo/worse octo/before octo/better", "closed": "octo/better octo/worse octo/before"} {
			list, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Sort: sort}})
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
	s := storetest.OpenWith(b, store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Now: time.Now})
	manyIssues(b, s)
	var asks []query.Ask
	for _, text := range []string{"is:open", "is:open severity:critical,high", "is:reopened", "is:open attempts:>=3", "is:open attempts:0", "is:open age:<7d", "is:fixed", ""} {
		asks = append(asks, query.Ask{Query: storetest.Parse(b, lists.Issues(s.Store), text)})
	}
	for b.Loop() {
		if _, err := lists.Issues(s.Store).Counts(b.Context(), asks); err != nil {
			b.Fatal(err)
		}
	}
}
