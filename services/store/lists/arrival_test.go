package lists_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRowsDoNotDependOnArrival: records that arrive in another order give the
// same rows in the same order, in every sort of every list.
func TestRowsDoNotDependOnArrival(t *testing.T) {
	opened := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	storetest.At(t, opened.AddDate(0, 0, 1), func(t *testing.T, s *storetest.Store) {
		reverse := storetest.OpenLike(t, s)
		files := append(storetest.GeneratedFiles(3), tied(t)...)
		storetest.PutEach(t, s, files)
		slices.Reverse(files)
		storetest.PutEach(t, reverse, files)
		for _, of := range []*storetest.Store{s, reverse} {
			storetest.SavePulls(t, of, []telemetry.PullRequest{{Repo: "tie/a", Number: 7, Title: "a fix", State: "open", CreatedAt: opened, UpdatedAt: opened}})
		}
		sameRows(t, lists.Issues(s.Store), lists.Issues(reverse.Store))
		sameRows(t, lists.Sessions(s.Store), lists.Sessions(reverse.Store))
		sameRows(t, lists.Pulls(s.Store), lists.Pulls(reverse.Store))
		sameRows(t, lists.Runs(s.Store), lists.Runs(reverse.Store))
		sameRows(t, lists.Repos(s.Store), lists.Repos(reverse.Store))
		sameRows(t, lists.Verifications(s.Store), lists.Verifications(reverse.Store))
		sameRows(t, lists.Changes(s.Store), lists.Changes(reverse.Store))
		sameRows(t, lists.Needs(s.Store), lists.Needs(reverse.Store))
	})
}

// tied are records of one second: scans of two repositories that find new
// issues of one rule, and verifications of one pull request.
func tied(t *testing.T) (files []telemetry.FetchedFile) {
	t.Helper()
	const at = "2026-06-30T00:00:00Z"
	for _, repo := range []string{"b", "a"} {
		var findings []string
		for n := range 4 {
			findings = append(findings, fmt.Sprintf("js/tied f%d.go %d %s%019x", n, n+1, repo, n+1))
		}
		files = append(files, storetest.ScanRecord{Repo: "tie/" + repo, Run: 1, At: at, Findings: findings}.File("tie-"+repo+".json"))
	}
	for _, session := range []string{"devin-f2", "devin-f1", "devin-f3"} {
		body, err := json.Marshal(map[string]any{"verified_at": at, "pr_number": "7", "pr_url": "https://github.com/tie/a/pull/7", "session_id": session,
			"source_run_number": "1", "summary": map[string]any{"total_targeted": 1, "fixed_count": 1},
			"verified_fixed": []any{map[string]any{"fingerprint": fmt.Sprintf("a%019x", 1), "rule_id": "js/tied", "file": "f0.go"}}})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, storetest.Fetched("verify-"+session+".json", body))
	}
	return files
}

func sameRows[T any](t *testing.T, a, b *lists.List[T]) {
	t.Helper()
	for _, sort := range a.Sorts() {
		for _, order := range []string{"asc", "desc"} {
			var texts [2][]string
			for i, l := range []*lists.List[T]{a, b} {
				rows, err := l.Rows(t.Context(), query.Ask{Page: query.Page{Number: 1, Size: 10_000, Sort: sort, Order: order}})
				if err != nil || len(rows.Items) == 0 {
					t.Fatalf("%s by %s: %d rows, %v", a.Name, sort, len(rows.Items), err)
				}
				for _, row := range rows.Items {
					text, err := json.Marshal(row)
					if err != nil {
						t.Fatal(err)
					}
					texts[i] = append(texts[i], string(text))
				}
			}
			for n, text := range texts[0] {
				if n >= len(texts[1]) || text != texts[1][n] {
					t.Errorf("%s by %s %s: row %d differs:\n%s\n%s", a.Name, sort, order, n+1, text, texts[1][min(n, len(texts[1])-1)])
					break
				}
			}
		}
	}
}
