package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Totals returns the figures over all repositories.
func (s *Store) Totals(ctx context.Context) (telemetry.Totals, error) {
	var t telemetry.Totals
	err := s.Read(ctx, func(tx *Tx) error {
		t = telemetry.Totals{Repos: []string{}, LatestSeverity: map[string]int64{}, LatestCategory: map[string]int64{}, SeveritySum: map[string]int64{}, CategorySum: map[string]int64{}, SessionsByState: map[telemetry.State]int64{}}
		tx.each(`SELECT `+repoColumns+` FROM repos ORDER BY last_run DESC, key DESC`, nil, func(r *row) {
			var v telemetry.RepoRow
			scanRepo(r, &v)
			t.Repos = append(t.Repos, v.TargetRepo)
			t.Runs += v.Runs
			t.Scans += v.Scans
			t.Dispatches += v.Dispatches
			t.IssuesFound += v.IssuesFound
			t.Latest += v.Open
			if !v.Listed {
				t.Unlisted += v.Open
			}
			add(t.LatestSeverity, v.OpenSeverity)
			add(t.LatestCategory, v.OpenCategory)
			add(t.SeveritySum, v.SeveritySum)
			add(t.CategorySum, v.CategorySum)
		})
		tx.each(`SELECT state, COUNT(*), SUM(has_pr), SUM(CASE WHEN id <> '' THEN 1 ELSE 0 END) FROM sessions GROUP BY state`, nil, func(r *row) {
			var state telemetry.State
			var n, withPR, created int64
			r.scan(&state, &n, &withPR, &created)
			t.SessionsByState[state] = n
			t.SessionsWithPR += withPR
			t.SessionsCreated += created
		})
		t.SessionsFinished = t.SessionsByState[telemetry.StateFinished]
		t.PRs = countPulls(tx, `listed = 1`)
		tx.row(`SELECT COUNT(*) FROM verifications`).scan(&t.Verifications)
		tx.row(`SELECT COUNT(*) FROM files WHERE error <> '' AND gone = 0`).scan(&t.BrokenFiles)
		return tx.err
	})
	return t, err
}
