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
	rows := []T{}
	tx.Each("SELECT "+l.Columns(false)+" FROM "+l.From+" "+of, args, func(r *store.Row) {
		var row T
		r.Scan(l.Into(&row, false)...)
		rows = append(rows, row)
	})
	l.finish(tx, l.moment(tx, query.Ask{}), rows)
	return rows
}
