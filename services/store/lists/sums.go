package lists

import (
	"context"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Sums are sums over all rows of a list.
type Sums struct {
	runs  *List[telemetry.RunRow]
	pulls *List[telemetry.PullRow]
	needs *List[telemetry.NeedRow]
}

// SumsOf returns the sums over the lists of a store.
func SumsOf(s *store.Store) Sums { return Sums{Runs(s), Pulls(s), Needs(s)} }

// RunSums sums all runs of a question.
func (s Sums) RunSums(ctx context.Context, a query.Ask) (telemetry.RunSums, error) {
	var sums telemetry.RunSums
	err := s.runs.store.Read(ctx, func(tx *store.Tx) error {
		sums = telemetry.RunSums{Severity: map[string]int64{}, Category: map[string]int64{}}
		q, err := s.runs.question(tx, a)
		if err != nil {
			return err
		}
		severities, categories := map[string]int64{}, map[string]int64{} // how often each text stands there
		rows := s.runs.selected(&statement{at: q.at}, q, "r.issues_found, r.sessions, r.severity, r.category", q.conds)
		tx.Each(rows.text.String(), rows.args, func(r *store.Row) {
			var found, sessions int64
			var severity, category string
			r.Scan(&found, &sessions, &severity, &category)
			sums.IssuesFound += found
			sums.Sessions += sessions
			severities[severity]++
			categories[category]++
		})
		store.AddCounts(tx, sums.Severity, severities)
		store.AddCounts(tx, sums.Category, categories)
		numbers := s.runs.selected(&statement{at: q.at}, q, "COUNT(DISTINCT r.run_number)", append(q.conds, that("r.run_number > 0")))
		tx.Row(numbers.text.String(), numbers.args...).Scan(&sums.Numbers)
		return tx.Err()
	})
	return sums, err
}

// PullSums counts all pull requests of a question by state.
func (s Sums) PullSums(ctx context.Context, a query.Ask) (telemetry.PullCounts, error) {
	var counts telemetry.PullCounts
	err := s.pulls.store.Read(ctx, func(tx *store.Tx) error {
		counts = telemetry.PullCounts{}
		q, err := s.pulls.question(tx, a)
		if err != nil {
			return err
		}
		st := s.pulls.selected(&statement{at: q.at}, q, "p.shown, COUNT(*)", q.conds).add(" GROUP BY p.shown")
		tx.Each(st.text.String(), st.args, func(r *store.Row) {
			var shown string
			var n int64
			r.Scan(&shown, &n)
			counts.Add(shown, n)
		})
		return tx.Err()
	})
	return counts, err
}
