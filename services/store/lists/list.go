// Package lists describes every list once: its fields, how each is read,
// asked for, sorted and exported, today and at a past time. One renderer
// makes SQL of a description for a page, a count, an export and completion.
// A list's own file holds nothing but its description, and what SQL alone
// cannot read.
package lists

import (
	"context"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Ask is what a caller wants of a list.
type Ask struct {
	Repo  string      // RepoName.Key; "" is all
	Query query.Query // of the list's schema; the zero value matches all
	AsOf  time.Time   // as it was then; zero is now
	Page  telemetry.Page
}

// List describes one list of rows T.
type List[T any] struct {
	Name, Noun string
	From       string              // the rows: a table and its alias, with what the columns join
	Count      string              // what is counted instead, where no condition needs a join; "" is From
	Key        string              // tells rows apart, and is unique
	Joins      func(m moment) Cond // further tables that the columns need, whatever the time
	Past       string              // the rows as of @ with the columns that Fields name; "" is a list without a past
	Only       func(Ask) []Cond    // conditions that always hold
	Repo       func(key string) Cond
	Free       func(m moment, text string) Cond // free text
	Default    string                           // a sort
	Fields     []Field[T]
	Finish     func(tx *store.Tx, m moment, rows []T) // reads what SQL alone cannot
	Views      []View
	Kept       *kept // counts that are kept, where they have all that is asked for
}

// View is one of a list's usual views.
type View struct{ Name, Query string }

// Field is one thing that rows have: what it is read from, and how it can be
// asked for. Every part but the name may be missing.
type Field[T any] struct {
	Name    string
	Aliases []string
	Help    string
	Column  string                  // the SQL of its value
	Into    func(*T) any            // where its value is read into; nil leaves it out of rows
	Asked   *asked                  // how a query asks for it; nil is no qualifier
	Sort    *order                  // nil is no sort
	CSV     string                  // its name in CSV; "" leaves it out
	Cell    func(*T, time.Time) any // its value in CSV; nil is what Into points to
	NoPast  bool                    // it is not known of a past time
	Values  source                  // where completion finds its values
}

// kept are counts that are kept at write time, by columns that have the same
// names and aliases as the list's own.
type kept struct {
	From, Sum string
	Fields    []string // the qualifiers over those columns
	All, One  string   // conditions: over all repositories, over single ones
}

// moment is the time of a question.
type moment struct {
	at   int64 // unix milliseconds: now, or the past time
	past bool
}

// Rows answers one page of a list.
func (l *List[T]) Rows(ctx context.Context, s *store.Store, a Ask) (telemetry.List[T], error) {
	var out telemetry.List[T]
	m := l.moment(s, a)
	conds, err := l.conds(m, a)
	if err != nil {
		return out, err
	}
	sort, order, err := l.order(m, a.Page)
	if err != nil {
		return out, err
	}
	err = s.Read(ctx, func(tx *store.Tx) error {
		out = telemetry.List[T]{Items: []T{}}
		total := l.count(m, a, conds)
		tx.Row(total.text.String(), total.args...).Scan(&out.Total)
		if out.Total == 0 {
			return tx.Err()
		}
		page := &statement{at: m.at}
		if out.Total >= manyRows && tx.WantsHints() {
			page.walk = sort
		}
		l.from(page, m, sort, l.columns(), conds).put(order).put(limit(a.Page))
		out.Items = l.read(tx, m, page)
		return tx.Err()
	})
	return out, err
}

// Counts answers the totals of several queries of a list, in one statement.
func (l *List[T]) Counts(ctx context.Context, s *store.Store, asks []Ask) ([]int64, error) {
	totals := make([]int64, len(asks))
	all := &statement{}
	into := make([]any, len(asks))
	for i, a := range asks {
		m := l.moment(s, a)
		conds, err := l.conds(m, a)
		if err != nil {
			return nil, err
		}
		all.at = m.at
		all.add([]string{"SELECT (", ", ("}[min(i, 1)])
		l.countInto(all, m, a, conds)
		all.add(")")
		into[i] = &totals[i]
	}
	if len(asks) == 0 {
		return totals, nil
	}
	err := s.Read(ctx, func(tx *store.Tx) error {
		tx.Row(all.text.String(), all.args...).Scan(into...)
		return tx.Err()
	})
	return totals, err
}

// manyRows is from how many rows on a list is walked in its order until its
// page is full, and not chosen first and sorted then.
const manyRows = 2000

// exportRows is how many rows an export reads at a time.
const exportRows = 500

// Each hands over all rows of a question, some at a time, in its order. The
// keys of all rows are read at once, so that the order is that of one moment
// whatever is written meanwhile; the rows are read in short transactions, so
// that a client that reads slowly holds none. A row that vanished meanwhile
// is left out. It ends with the first error, do's own included.
func (l *List[T]) Each(ctx context.Context, s *store.Store, a Ask, do func([]T) error) error {
	m := l.moment(s, a)
	conds, err := l.conds(m, a)
	if err != nil {
		return err
	}
	sort, order, err := l.order(m, a.Page)
	if err != nil {
		return err
	}
	var keys []any
	err = s.Read(ctx, func(tx *store.Tx) error {
		keys = nil
		all := l.from(&statement{at: m.at}, m, sort, l.Key, conds).put(order)
		tx.Each(all.text.String(), all.args, func(r *store.Row) {
			var key any
			r.Scan(&key)
			keys = append(keys, key)
		})
		return tx.Err()
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, exportRows) {
		var rows []T
		err := s.Read(ctx, func(tx *store.Tx) error {
			rows = l.keyed(tx, m, some)
			return tx.Err()
		})
		if err == nil && len(rows) > 0 {
			err = do(rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keyed reads the rows of keys, in their order.
func (l *List[T]) keyed(tx *store.Tx, m moment, keys []any) []T {
	place := map[any]int{}
	for i, key := range keys {
		place[key] = i
	}
	conds := []Cond{{Text: l.Key + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(keys)), ", ") + ")", Args: keys}}
	page := l.from(&statement{at: m.at}, m, &order{}, l.columns()+", "+l.Key, conds)
	found, at := make([]T, 0, len(keys)), make([]int, 0, len(keys))
	tx.Each(page.text.String(), page.args, func(r *store.Row) {
		var row T
		var key any
		r.Scan(append(l.into(&row), &key)...)
		found, at = append(found, row), append(at, place[key])
	})
	ordered := make([]T, 0, len(found))
	sorted := make([]int, len(keys))
	for i := range sorted {
		sorted[i] = -1
	}
	for i, p := range at {
		sorted[p] = i
	}
	for _, i := range sorted {
		if i >= 0 {
			ordered = append(ordered, found[i])
		}
	}
	l.finish(tx, m, ordered)
	return ordered
}

// moment is the time that a question is about.
func (l *List[T]) moment(s *store.Store, a Ask) moment {
	if a.AsOf.IsZero() {
		return moment{at: s.Now().UnixMilli()}
	}
	return moment{at: a.AsOf.UnixMilli(), past: true}
}

// conds are the conditions of a question.
func (l *List[T]) conds(m moment, a Ask) ([]Cond, error) {
	if m.past && l.Past == "" {
		return nil, noPast(l.Noun)
	}
	var conds []Cond
	if l.Only != nil {
		conds = l.Only(a)
	}
	if a.Repo != "" {
		conds = append(conds, l.Repo(a.Repo))
	}
	for _, t := range a.Query.Terms {
		c, err := l.term(m, t)
		if err != nil {
			return nil, err
		}
		if t.Not {
			c = not(c)
		}
		conds = append(conds, c)
	}
	return conds, nil
}

// term is the condition of one term.
func (l *List[T]) term(m moment, t query.Term) (Cond, error) {
	if t.Field == "" {
		return l.Free(m, t.Values[0].Text), nil
	}
	f := l.field(t.Field)
	if f == nil || f.Asked == nil {
		return Cond{}, telemetry.Errorf(telemetry.CodeInternal, "The list of %s does not know the qualifier %s.", l.Noun, t.Field)
	}
	if m.past && f.NoPast {
		return Cond{}, telemetry.Errorf(telemetry.CodeNoPast, "%s: not known at a past time. Leave out %s:, or leave out as_of.", t.Field, t.Field)
	}
	return f.Asked.cond(m, t.Values), nil
}

func (l *List[T]) field(name string) *Field[T] {
	i := slices.IndexFunc(l.Fields, func(f Field[T]) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &l.Fields[i]
}

// columns are what a row is read from.
func (l *List[T]) columns() string {
	var columns []string
	for i := range l.Fields {
		if f := &l.Fields[i]; f.Into != nil {
			columns = append(columns, f.Column)
		}
	}
	return strings.Join(columns, ", ")
}

// into is where the columns of a row are read into.
func (l *List[T]) into(row *T) []any {
	var into []any
	for i := range l.Fields {
		if f := &l.Fields[i]; f.Into != nil {
			into = append(into, f.Into(row))
		}
	}
	return into
}

// read reads rows whole.
func (l *List[T]) read(tx *store.Tx, m moment, page *statement) []T {
	rows := []T{}
	tx.Each(page.text.String(), page.args, func(r *store.Row) {
		var row T
		r.Scan(l.into(&row)...)
		rows = append(rows, row)
	})
	l.finish(tx, m, rows)
	return rows
}

func (l *List[T]) finish(tx *store.Tx, m moment, rows []T) {
	if l.Finish != nil && len(rows) > 0 {
		l.Finish(tx, m, rows)
	}
}

// from begins a statement over the rows of a question.
func (l *List[T]) from(st *statement, m moment, sort *order, columns string, conds []Cond) *statement {
	from := l.source(m)
	if sort.from != "" && !m.past {
		from = sort.from
	}
	st.add("SELECT " + columns + " FROM " + from)
	if l.Joins != nil {
		st.put(l.Joins(m))
	}
	return st.where(conds)
}

func (l *List[T]) source(m moment) string {
	if m.past {
		return l.Past
	}
	return l.From
}

func (l *List[T]) count(m moment, a Ask, conds []Cond) *statement {
	st := &statement{at: m.at}
	l.countInto(st, m, a, conds)
	return st
}

// countInto appends the query of a total: over the counts that are kept where
// they have all that is asked for.
func (l *List[T]) countInto(st *statement, m moment, a Ask, conds []Cond) {
	if scope, ok := l.counted(m, a); ok {
		st.add("SELECT COALESCE(SUM(" + l.Kept.Sum + "), 0) FROM " + l.Kept.From).where(append(slices.Clone(conds), that(scope)))
		return
	}
	from := l.source(m)
	if !m.past && l.Count != "" {
		from = l.Count
	}
	st.add("SELECT COUNT(*) FROM " + from)
	if l.Joins != nil {
		st.put(l.Joins(m))
	}
	st.where(conds)
}

// counted tells whether the kept counts answer a question, and the condition
// of their scope.
func (l *List[T]) counted(m moment, a Ask) (scope string, ok bool) {
	if l.Kept == nil || m.past {
		return "", false
	}
	scope = l.Kept.All
	if a.Repo != "" {
		scope = l.Kept.One
	}
	for _, t := range a.Query.Terms {
		if !slices.Contains(l.Kept.Fields, t.Field) {
			return "", false
		}
		if t.Field == "repo" {
			scope = l.Kept.One
		}
	}
	return scope, true
}

func noPast(noun string) error {
	return telemetry.Errorf(telemetry.CodeNoPast, "The list of %s has no past. Leave out as_of.", noun)
}
