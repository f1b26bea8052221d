package lists

import (
	"context"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
)

// Counts answers the totals of several questions, in one statement.
func (l *List[T]) Counts(ctx context.Context, asks []query.Ask) ([]int64, error) {
	totals := make([]int64, len(asks))
	if len(asks) == 0 {
		return totals, nil
	}
	into := make([]any, len(asks))
	for i := range totals {
		into[i] = &totals[i]
	}
	err := l.store.Read(ctx, func(tx *store.Tx) error {
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
	return totals, err
}

// total appends the query of a total: over the counts that are kept where
// they have all that is asked for.
func (l *List[T]) total(st *statement, q question) *statement {
	if scope, ok := l.counted(q); ok {
		st.add("SELECT COALESCE(SUM(" + l.Kept.Sum + "), 0) FROM " + l.Kept.From)
		return st.where(append(q.conds[:len(q.conds):len(q.conds)], that(scope)))
	}
	q.sort = nil
	return l.selected(st, q, "COUNT(*)", q.conds)
}

// counted reports whether the kept counts answer a question, and the condition
// of their scope.
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

// by serves the terms of fields.
func by(fields ...string) func(query.Term) bool {
	return func(t query.Term) bool { return slices.Contains(fields, t.Field) }
}
