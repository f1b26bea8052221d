package lists

import (
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// order is one sort of a list, and its own direction. The last columns make it total.
type order struct {
	columns  string // separated by " | "
	desc     bool
	age      bool                // it sorts by times as ages: "desc" asks for the earliest first
	first    func(m moment) Cond // sorts before the columns
	pastOnly bool                // first does so at a past time alone
	names    []string            // further names of the sort
	keeps    []string            // columns with an index that, for one value of theirs, has this order
	table    string              // a table that the columns need and the list lacks, which is read first
	on       string              // what joins the list's rows to it
}

// up ascends by itself, down descends, and ages sorts by times as ages.
func up(columns string) *order   { return &order{columns: columns} }
func down(columns string) *order { return &order{columns: columns, desc: true} }
func ages(columns string) *order { return &order{columns: columns, age: true} }

// also gives the sort further names.
func (o *order) also(names ...string) *order {
	o.names = append(o.names, names...)
	return o
}

// after sorts by a condition's value before the columns.
func (o *order) after(first func(m moment) Cond) *order {
	o.first = first
	return o
}

// afterThen is after for a past time alone.
func (o *order) afterThen(first func(m moment) Cond) *order {
	o.pastOnly = true
	return o.after(first)
}

// keep says that the index of a column has this order for each value of it.
func (o *order) keep(columns ...string) *order {
	o.keeps = columns
	return o
}

// by names the table that the rows are joined to in this order.
func (o *order) by(table, on string) *order {
	o.table, o.on = table, on
	return o
}

// serves reports whether the index of a column that is compared has rows in this order.
func (o *order) serves(column string, single bool) bool {
	lead, _, _ := strings.Cut(o.columns, " | ")
	return column == lead || single && slices.Contains(o.keeps, column)
}

// order renders ORDER BY of a page. An unknown sort is CodeInvalid and names the known ones.
func (l *List[T]) order(m moment, p query.Page) (*order, Cond, error) {
	name := p.Sort
	if name == "" {
		name = l.Default
	}
	o, noPast := l.sort(name)
	switch {
	case o == nil:
		return nil, Cond{}, telemetry.Errorf(telemetry.CodeInvalid, "Invalid sort %q: want one of %s.", p.Sort, strings.Join(l.Sorts(), ", "))
	case m.past && noPast:
		return nil, Cond{}, telemetry.Errorf(telemetry.CodeNoPast,
			"Invalid sort %s: it does not support as_of. Sort by another column, or leave out as_of.", name)
	}
	desc := o.desc
	switch p.Order {
	case "asc":
		desc = o.age
	case "desc":
		desc = !o.age
	}
	var parts []Cond
	if o.first != nil && (m.past || !o.pastOnly) {
		parts = append(parts, o.first(m))
	}
	for column := range strings.SplitSeq(o.columns, " | ") {
		parts = append(parts, that(column))
	}
	by := that(" ORDER BY ")
	for i, part := range parts {
		if i > 0 {
			by.Text += ", "
		}
		by.Text += part.Text
		by.Args = append(by.Args, part.Args...)
		if desc {
			by.Text += " DESC"
		}
	}
	return o, by, nil
}

func (l *List[T]) sort(name string) (o *order, noPast bool) {
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.Sort != nil && (f.Name == name || slices.Contains(f.Sort.names, name)) {
			return f.Sort, f.NoPast
		}
	}
	return nil, false
}

// Sorts are the names of all sorts, in alphabetical order.
func (l *List[T]) Sorts() []string {
	var names []string
	for i := range l.Fields {
		if f := &l.Fields[i]; f.Sort != nil {
			names = append(names, append([]string{f.Name}, f.Sort.names...)...)
		}
	}
	slices.Sort(names)
	return names
}

// limit renders LIMIT and OFFSET of a page. Size 0 is all rows.
func limit(p query.Page) Cond {
	if p.Size == 0 {
		return Cond{}
	}
	number := max(p.Number, 1)
	if number-1 > (1<<62)/p.Size {
		number = (1<<62)/p.Size + 1
	}
	return that(" LIMIT " + strconv.FormatInt(p.Size, 10) + " OFFSET " + strconv.FormatInt((number-1)*p.Size, 10))
}
