package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
)

// Columns are what a row is read from; brief leaves out what may be large.
func (l *List[T]) Columns(brief bool) string { return l.columns(query.Ask{Brief: brief}) }

// Into is where the columns of a row are read into.
func (l *List[T]) Into(row *T, brief bool) []any { return l.into(row, query.Ask{Brief: brief}) }

// Where reads rows as they are now, whatever the list leaves out: of is the
// SQL that follows its tables.
func (l *List[T]) Where(tx *store.Tx, of string, args ...any) []T {
	rows := store.Rows(tx, "SELECT "+l.Columns(false)+" FROM "+l.From+" "+of, args, func(row *T) []any { return l.Into(row, false) })
	l.finish(tx, l.moment(tx, query.Ask{}), rows)
	return rows
}
