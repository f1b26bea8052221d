package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

func TestListsSpeed(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "bench.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	manyIssues(t, s)
	l := lists.Issues(s)
	for _, sort := range []string{"status", "severity", "age", "last_seen", "attempts", "rule", "file", "repo"} {
		for _, text := range []string{"", "is:open", "is:fixed", "is:open severity:critical,high", "severity:low", "repo:org-7/repo-7", "repo:org-7/*", "family:family-3", "rule:js/rule-3", "is:fixed rule:js/rule-3", "file7", "-path:test/", "age:>30d", "is:open attempts:0"} {
			q, _ := l.Schema().Parse(text)
			p := telemetry.Page{Number: 1, Size: 50, Sort: sort}
			old := timed(func() { _, err = s.Issues(t.Context(), telemetry.IssueFilter{Query: parse(t, "issues", text)}, p) })
			fresh := timed(func() { _, err = l.Rows(t.Context(), query.Ask{Query: q, Page: query.Page(p)}) })
			if fresh > 5*time.Millisecond || fresh > 2*old {
				fmt.Printf("%-12s %-34s old %8.2f new %8.2f\n", sort, text, old.Seconds()*1000, fresh.Seconds()*1000)
			}
		}
	}
}

func timed(do func()) time.Duration {
	best := time.Hour
	for range 4 {
		start := time.Now()
		do()
		best = min(best, time.Since(start))
	}
	return best
}
