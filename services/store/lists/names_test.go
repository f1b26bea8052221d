package lists_test

import (
	"context"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestManyNames: more rules than a statement takes arguments are found by a
// part of their names, by a query and by free text.
func TestManyNames(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		err := s.Exec(context.Background(), `INSERT INTO issues (id, repo_id, public_id, fingerprint, fingerprint_key, rule, severity, severity_rank, family,
			file, line, latest_issue_id, status, status_rank, first_at, first_file, first_run, first_ord, last_at, last_file, last_run, closed_at,
			closed_file, closed_run, ever_fixed, from_start, appearances, runs, fingerprints)
			WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40000)
			SELECT n, 1, CAST(n AS TEXT), '', '', 'made/' || n, 'low', 3, '', '', 0, '', 'new', 2, 1, '', 1, 0, 1, '', 1, 0, '', 0, 0, 0, 1, '1', '[]' FROM n`)
		if err != nil {
			t.Fatal(err)
		}
		l := lists.Issues(s.Store)
		for _, text := range []string{"rule:made/*", "made"} {
			got, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, text), Page: query.Page{Size: 1}})
			if err != nil || got.Total != 40000 {
				t.Errorf("%s: %d, %v, want 40000", text, got.Total, err)
			}
		}
	})
}
