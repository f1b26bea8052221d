package lists

import (
	"cmp"
	"context"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Rows answers one page of a list.
func (l *List[T]) Rows(ctx context.Context, a query.Ask) (telemetry.List[T], error) {
	var out telemetry.List[T]
	err := ReadAt(ctx, l.store, a.AsOf, func(tx *store.Tx) error {
		out = telemetry.List[T]{Items: []T{}}
		q, err := l.question(tx, a)
		if err != nil {
			return err
		}
		if q.past && l.PastWhole {
			out.Items, out.Total = l.whole(tx, q)
			return tx.Err()
		}
		out.Total = l.totalOf(tx, q)
		if out.Total == 0 {
			return tx.Err()
		}
		if l.Late || q.past && l.PastBare != "" {
			out.Items = l.keyed(tx, q, l.keys(tx, q, limit(q.ask.Page)))
			return tx.Err()
		}
		page := l.page(tx, q, out.Total)
		tx.Each(page.text.String(), page.args, l.reader(q, &out.Items))
		l.finish(tx, q.moment, out.Items)
		return tx.Err()
	})
	return out, err
}

// totalOf is how many rows a question has.
func (l *List[T]) totalOf(tx *store.Tx, q question) (n int64) {
	st := l.total(&statement{at: q.at}, q)
	tx.Row(st.text.String(), st.args...).Scan(&n)
	return n
}

// whole is a page of a past that is gone through as a whole to find it: what
// finds the page counts the rows, too.
func (l *List[T]) whole(tx *store.Tx, q question) (rows []T, total int64) {
	const counted = ", COUNT(*) OVER ()"
	if l.PastBare != "" || l.PastKeyed != "" {
		st := l.lean(q).selected(&statement{at: q.at}, q, l.keyColumns()+counted, q.conds).put(q.order).put(limit(q.ask.Page))
		keys := store.Rows(tx, st.text.String(), st.args, func(f *found) []any { return []any{&f.key, &f.by, &total} })
		rows = l.keyed(tx, q, keys)
	} else {
		st := l.selected(&statement{at: q.at}, q, l.Columns(q.ask.Brief)+counted, q.conds).put(q.order).put(limit(q.ask.Page))
		rows = store.Rows(tx, st.text.String(), st.args, func(row *T) []any { return append(l.Into(row, q.ask.Brief), &total) })
		l.finish(tx, q.moment, rows)
	}
	if len(rows) == 0 && q.ask.Page.Number > 1 { // beyond the last page
		total = l.totalOf(tx, q)
	}
	return rows, total
}

// manyRows is from how many rows on a list is walked in its order instead of sorted.
const manyRows = 2000

// page is the statement of a page of a list of so many rows.
func (l *List[T]) page(tx *store.Tx, q question, total int64) *statement {
	page := &statement{at: q.at}
	if total >= manyRows && tx.WantsHints() {
		page.walk = q.sort
	}
	return l.selected(page, q, l.Columns(q.ask.Brief), q.conds).put(q.order).put(limit(q.ask.Page))
}

// mostBytes bounds the records of one answer: twenty times a usual page.
const mostBytes = 64 << 20

// reader appends rows, and ends the transaction where they become too large.
func (l *List[T]) reader(q question, rows *[]T) func(*store.Row) {
	bytes := 0
	return func(r *store.Row) {
		var row T
		r.Scan(l.Into(&row, q.ask.Brief)...)
		*rows = append(*rows, row)
		if l.Large == nil {
			return
		}
		if bytes += l.Large(&row); bytes > mostBytes {
			r.Fail(telemetry.Errorf(telemetry.CodeTooLarge,
				"The records of these %s are larger than %d MB together. Ask for fewer at once, for example with per_page=10, or download them.",
				l.Noun, mostBytes>>20))
		}
	}
}

// How many rows an export reads at a time; a run brings its record of some megabytes along.
const (
	exportRows  = 500
	exportLarge = 8
)

// Begin reads the keys of all rows of a question and the first rows, and
// returns what hands over all rows, some at a time, in the question's order.
// The keys are read at once, so that the order is that of one moment whatever
// is written meanwhile; the rows are read in short transactions, so that a
// client that reads slowly holds none. A row that vanished meanwhile is left
// out. What it returns serves once, and ends with the first error, do's own
// included.
func (l *List[T]) Begin(ctx context.Context, a query.Ask) (func(ctx context.Context, do func([]T) error) error, error) {
	var q question
	var keys []found
	var rows []T // those that were read and not yet handed over
	size := exportRows
	if l.Large != nil && !a.Brief {
		size = exportLarge
	}
	err := l.export(ctx, a, func(tx *store.Tx) (err error) {
		if q, err = l.question(tx, a); err == nil {
			keys = l.keys(tx, q, Cond{})
			rows = l.keyed(tx, q, keys[:min(size, len(keys))])
			err = tx.Err()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, do func([]T) error) error {
		for some := range slices.Chunk(keys, size) {
			var err error
			if rows == nil {
				rows, err = l.some(ctx, a, q, some)
			}
			if err == nil && len(rows) > 0 {
				err = do(rows)
			}
			if err != nil {
				return err
			}
			rows = nil
		}
		return nil
	}, nil
}

// Each hands over all rows of a question as Begin does.
func (l *List[T]) Each(ctx context.Context, a query.Ask, do func([]T) error) error {
	each, err := l.Begin(ctx, a)
	if err != nil {
		return err
	}
	return each(ctx, do)
}

// some reads the rows of keys in a transaction of their own.
func (l *List[T]) some(ctx context.Context, a query.Ask, q question, keys []found) (rows []T, err error) {
	err = l.export(ctx, a, func(tx *store.Tx) error {
		rows = l.keyed(tx, q, keys)
		return tx.Err()
	})
	return rows, err
}

func (l *List[T]) export(ctx context.Context, a query.Ask, do func(*store.Tx) error) error {
	return l.store.ReadForExport(ctx, a.AsOf, relations(), do)
}

// found is the key of a row, and by what an index finds it.
type found struct{ key, by any }

// keys are those of the rows of a question, in its order, within a limit.
func (l *List[T]) keys(tx *store.Tx, q question, limit Cond) []found {
	all := l.lean(q).selected(&statement{at: q.at}, q, l.keyColumns(), q.conds).put(q.order).put(limit)
	return store.Rows(tx, all.text.String(), all.args, func(f *found) []any { return []any{&f.key, &f.by} })
}

func (l *List[T]) keyColumns() string { return l.Key + ", " + cmp.Or(l.Find, "0") }

// byKeys is the statement of the rows of keys.
func (l *List[T]) byKeys(q question, all []found) *statement {
	q.sort = nil
	keys, by := make([]any, len(all)), make([]any, len(all))
	for i, f := range all {
		keys[i], by[i] = f.key, f.by
	}
	conds := []Cond{in(l.Key, keys)}
	if l.Find != "" {
		conds = append(conds, in(l.Find, slices.Compact(by)))
	}
	keyed := *l
	if q.past && l.PastKeyed != "" {
		keyed.Past, keyed.PastOf = l.PastKeyed, nil
	}
	return keyed.selected(&statement{at: q.at}, q, l.Columns(q.ask.Brief)+", "+l.Key, conds)
}

// keyed reads the rows of keys, in their order.
func (l *List[T]) keyed(tx *store.Tx, q question, all []found) []T {
	page := l.byKeys(q, all)
	byKey := make(map[any]T, len(all))
	tx.Each(page.text.String(), page.args, func(r *store.Row) {
		var row T
		var key any
		r.Scan(append(l.Into(&row, q.ask.Brief), &key)...)
		byKey[key] = row
	})
	rows := make([]T, 0, len(all))
	for _, f := range all {
		if row, still := byKey[f.key]; still {
			rows = append(rows, row)
		}
	}
	l.finish(tx, q.moment, rows)
	return rows
}
