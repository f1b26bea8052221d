package lists

import (
	"cmp"
	"context"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Counts answers the totals of several questions, those of one time in one
// statement.
func (l *List[T]) Counts(ctx context.Context, asks []query.Ask) ([]int64, error) {
	totals := make([]int64, len(asks))
	for from := 0; from < len(asks); {
		to := from + 1
		for to < len(asks) && asks[to].AsOf.Equal(asks[from].AsOf) {
			to++
		}
		if err := l.count(ctx, asks[from:to], totals[from:to]); err != nil {
			return totals, err
		}
		from = to
	}
	return totals, nil
}

func (l *List[T]) count(ctx context.Context, asks []query.Ask, totals []int64) error {
	into := make([]any, len(asks))
	for i := range totals {
		into[i] = &totals[i]
	}
	return ReadAt(ctx, l.store, asks[0].AsOf, func(tx *store.Tx) error {
		all := &statement{}
		for i, a := range asks {
			q := question{moment: l.moment(tx, a), ask: a}
			var err error
			if q.conds, err = l.conds(q.moment, a); err != nil {
				return err
			}
			all.at, all.seat = q.at, 0
			all.add([]string{"SELECT (", ", ("}[min(i, 1)])
			l.total(all, q).add(")")
		}
		tx.Row(all.text.String(), all.args...).Scan(into...)
		return tx.Err()
	})
}

// total appends the query of a total: over kept counts where they have all that is asked.
func (l *List[T]) total(st *statement, q question) *statement {
	if scope, ok := l.counted(q); ok {
		st.add("SELECT COALESCE(SUM(" + l.Kept.Sum + "), 0) FROM " + l.Kept.From)
		return st.where(append(q.conds[:len(q.conds):len(q.conds)], that(scope)))
	}
	q.sort = nil
	return l.counting(st, q, "COUNT(*)")
}

// counting appends counts of the rows of a question.
func (l *List[T]) counting(st *statement, q question, columns string) *statement {
	return l.lean(q).selected(st, q, columns, q.conds)
}

// lean is the list without what only columns need, where the question asks for nothing else.
func (l *List[T]) lean(q question) *List[T] {
	lean := *l
	if !slices.ContainsFunc(q.ask.Query.Terms, func(t query.Term) bool { return t.Field == "" }) {
		lean.From, lean.Past = cmp.Or(l.Bare, l.From), cmp.Or(l.PastBare, l.Past)
	}
	return &lean
}

// counted reports whether the kept counts answer a question, and in which scope.
func (l *List[T]) counted(q question) (scope string, ok bool) {
	if l.Kept == nil || q.past {
		return "", false
	}
	scope = l.Kept.All
	if q.ask.Repo != "" {
		scope = l.Kept.One
	}
	for _, t := range q.ask.Query.Terms {
		if t.Field == "" || !l.Kept.Serves(t) {
			return "", false
		}
		if t.Field == "repo" {
			scope = l.Kept.One
		}
	}
	return scope, true
}

// Sums are sums over all rows of a list.
type Sums struct {
	runs   *List[telemetry.RunRow]
	pulls  *List[telemetry.PullRow]
	needs  *List[telemetry.NeedRow]
	issues *List[telemetry.IssueRow]
}

// SumsOf returns the sums over the lists of a store.
func SumsOf(s *store.Store) Sums { return Sums{Runs(s), Pulls(s), Needs(s), Issues(s)} }

// RunSums sums all runs of a question.
func (s Sums) RunSums(ctx context.Context, a query.Ask) (telemetry.RunSums, error) {
	var sums telemetry.RunSums
	err := ReadAt(ctx, s.runs.store, a.AsOf, func(tx *store.Tx) error {
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
	err := ReadAt(ctx, s.pulls.store, a.AsOf, func(tx *store.Tx) error {
		counts = telemetry.PullCounts{}
		q, err := s.pulls.question(tx, a)
		if err != nil {
			return err
		}
		st := s.pulls.selected(&statement{at: q.at}, q, "p.shown, COUNT(*)", q.conds).add(" GROUP BY p.shown")
		for shown, n := range store.Map[string, int64](tx, st.text.String(), st.args...) {
			counts.Add(shown, n)
		}
		return tx.Err()
	})
	return counts, err
}
