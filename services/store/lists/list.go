// Package lists describes every list once: its fields, how each is read,
// asked for, sorted and exported, today and at a past time. One renderer
// makes SQL of a description for a page, a count, an export and completion.
// A list's own file holds nothing but its description, and what SQL alone
// cannot read.
package lists

import (
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// List is a list of rows T and its description. It is safe for concurrent use.
type List[T any] struct {
	Name, Noun string
	From       string                           // the rows: a table and its alias, with what the columns join
	Bare       string                           // From without what only columns and free text need; "" is From
	Key        string                           // tells rows apart, and is unique
	Find       string                           // a column with an index that finds the rows of keys; "" is Key
	Late       bool                             // a page finds its keys in Bare, and reads only their rows; of a past it does with PastBare
	Joins      func(m moment) Cond              // further tables that the columns need
	CSV        string                           // the columns of CSV in their order; "" is all in that of the fields
	Cheap      string                           // the qualifiers whose rows are counted without reading them
	Past       string                           // the rows as of @ with the columns that Fields name; "" is a list without a past
	PastBare   string                           // Past without what only columns and free text need; "" is Past
	PastKeyed  string                           // Past for rows that are found by Key, where that is less to read; "" is Past
	PastWhole  bool                             // a page of the past needs all of its rows, so that they are counted with it
	PastOf     func(repo int64) string          // Past of one repository, where that is less to read; nil is Past
	Only       func(query.Ask) []Cond           // conditions that always hold
	Repo       func(m moment, key string) Cond  // the rows of one repository
	Free       func(m moment, text string) Cond // free text
	Default    string                           // a sort
	Fields     []Field[T]                       // in the order of columns, qualifiers and cells of CSV
	Finish     func(*store.Tx, moment, []T)     // reads what SQL alone cannot
	Large      func(*T) int                     // the bytes of what may be large in a row; nil is none
	Kept       *kept                            // counts that are kept, where they have all that is asked for
	Example    string                           // a query, for the empty box
	Views      []query.View

	store  *store.Store
	schema *query.Schema
}

// Field is one thing that rows have. Every part but the name may be missing.
type Field[T any] struct {
	Name    string
	Aliases []string
	Help    string
	Column  string                  // the SQL of its value
	Into    func(*T) any            // where its value is read into; nil leaves it out of rows
	Large   bool                    // its value may be large: a brief answer leaves it out
	Asked   *asked                  // how a query asks for it; nil is not a qualifier
	Sort    *order                  // nil: it cannot be sorted by
	CSV     string                  // its name in CSV; "" leaves it out
	Cell    func(*T, time.Time) any // its value in CSV; nil is what Into points to
	NoPast  bool                    // it is not known of a past time
	Values  source                  // where completion finds its values
}

// kept are counts kept at write time, by columns with the list's own names and aliases.
type kept struct {
	From, Sum string
	Serves    func(query.Term) bool // reports whether the columns answer a term
	All, One  string                // conditions: over all repositories, over single ones
}

// moment is the time of a question, and the transaction that answers it.
type moment struct {
	tx   *store.Tx
	at   int64 // unix milliseconds: now, or the past time
	past bool
	repo int64 // the repository that a past is asked of, store.Everywhere for all
}

// nameAndURL is a column that repoOf reads: the name that the repository of an id has
// now, and a URL of it as recorded.
func nameAndURL(id, url string) string {
	return "(SELECT t.name || ' ' || " + url + " FROM repos t WHERE t.id = " + id + ")"
}

// repoOf reads the name of a repository and its URL as recorded.
func repoOf(into *telemetry.RepoName, url *string) any {
	return store.Column{Read: func(v any) error {
		name, recorded, _ := strings.Cut(store.Text(v), " ")
		*into, *url = telemetry.RepoName(name), recorded
		return nil
	}, Value: func() any { return *into }}
}

// bind gives a described list its store.
func bind[T any](s *store.Store, l List[T]) *List[T] {
	l.store, l.schema = s, l.describe()
	return &l
}

// moment is the time that a question is about.
func (l *List[T]) moment(tx *store.Tx, a query.Ask) moment {
	if a.AsOf.IsZero() {
		return moment{tx: tx, at: l.store.Now().UnixMilli()}
	}
	m := moment{tx: tx, at: a.AsOf.UnixMilli(), past: true}
	if id, known := RepoID(tx, a.Repo); known {
		m.repo = id
	}
	return m
}

// question is what is asked of a list, as SQL has it.
type question struct {
	moment
	ask   query.Ask
	conds []Cond
	sort  *order
	order Cond // ORDER BY
}

// question reads what is asked. The error is CodeInvalid, or CodeNoPast, in words.
func (l *List[T]) question(tx *store.Tx, a query.Ask) (q question, err error) {
	a.Repo = presentKey(tx, a.Repo)
	q.moment, q.ask = l.moment(tx, a), a
	if q.conds, err = l.conds(q.moment, a); err == nil {
		q.sort, q.order, err = l.order(q.moment, a.Page)
	}
	return q, err
}

// conds are the conditions of a question.
func (l *List[T]) conds(m moment, a query.Ask) ([]Cond, error) {
	if m.past && l.Past == "" {
		return nil, l.noPast()
	}
	var conds []Cond
	if l.Only != nil {
		conds = l.Only(a)
	}
	switch {
	case a.Repo == "":
	case l.Repo == nil:
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "The list of %s is of no single repository. Leave out the repository.", l.Noun)
	default:
		conds = append(conds, l.Repo(m, a.Repo))
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

func (l *List[T]) noPast() error {
	return telemetry.Errorf(telemetry.CodeNoPast, "The list of %s does not support as_of. Leave it out.", l.Noun)
}

// term is the condition of one term.
func (l *List[T]) term(m moment, t query.Term) (Cond, error) {
	if t.Field == "" {
		return l.Free(m, t.Values[0].Text), nil
	}
	i := slices.IndexFunc(l.Fields, func(f Field[T]) bool { return f.Name == t.Field && f.Asked != nil })
	if i < 0 {
		return Cond{}, telemetry.Errorf(telemetry.CodeInternal, "Unknown qualifier %s for the list of %s.", t.Field, l.Noun)
	}
	f := &l.Fields[i]
	unknown := func(v query.Value) bool { return f.NoPast || slices.Contains(f.Asked.noPast, v.Text) }
	if at := slices.IndexFunc(t.Values, unknown); m.past && at >= 0 {
		return Cond{}, telemetry.Errorf(telemetry.CodeNoPast,
			"%s:%s does not support as_of. Leave out one of the two.", t.Field, t.Values[at].Text)
	}
	return f.Asked.cond(m, t.Values), nil
}

// Columns are what a row is read from; brief leaves out what may be large.
func (l *List[T]) Columns(brief bool) string {
	var columns []string
	for _, f := range l.Fields {
		if f.Into != nil && !(f.Large && brief) {
			columns = append(columns, f.Column)
		}
	}
	return strings.Join(columns, ", ")
}

// Into is where the columns of a row are read into.
func (l *List[T]) Into(row *T, brief bool) (into []any) {
	for i := range l.Fields {
		if f := &l.Fields[i]; f.Into != nil && !(f.Large && brief) {
			into = append(into, f.Into(row))
		}
	}
	return into
}

// Where reads rows as they are at the time of the transaction, whatever the
// list leaves out: of follows its tables.
func (l *List[T]) Where(tx *store.Tx, of string, args ...any) []T {
	rows := store.Rows(tx, "SELECT "+l.Columns(false)+" FROM "+l.From+" "+of, args, func(row *T) []any { return l.Into(row, false) })
	l.Complete(tx, rows)
	return rows
}

// Complete adds to rows that were read by Columns what SQL alone cannot read.
func (l *List[T]) Complete(tx *store.Tx, rows []T) {
	l.finish(tx, moment{tx: tx, at: tx.Now().UnixMilli(), past: tx.Past()}, rows)
}

func (l *List[T]) finish(tx *store.Tx, m moment, rows []T) {
	if l.Finish != nil && len(rows) > 0 {
		l.Finish(tx, m, rows)
	}
}

// selected appends columns of the rows of a question to a statement.
func (l *List[T]) selected(st *statement, q question, columns string, conds []Cond) *statement {
	from := l.source(q.moment)
	if q.sort != nil && q.sort.table != "" {
		from = q.sort.table + " JOIN " + from + " ON " + q.sort.on
	}
	st.add("SELECT " + columns + " FROM " + from)
	if l.Joins != nil {
		st.put(l.Joins(q.moment))
	}
	return st.where(conds)
}

func (l *List[T]) source(m moment) string {
	switch {
	case !m.past:
		return l.From
	case l.PastOf != nil && m.repo != store.Everywhere:
		return l.PastOf(m.repo)
	}
	return l.Past
}
