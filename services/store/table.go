package store

import (
	"reflect"
	"strconv"
	"strings"
)

// Field is a column of a table, "name TYPE" with BIGINT, SMALLINT or TEXT (or
// BLOB, where rows are put one by one), and
// its value in a row or a pointer to it. What selects, scans and writes a
// table goes by one list of fields.
type Field struct {
	Column string
	Value  any
	Stays  bool // where the row is there already, its column stays
}

// Col is a column, Fixed one that stays.
func Col(column string, value any) Field   { return Field{column, value, false} }
func Fixed(column string, value any) Field { return Field{column, value, true} }

func (f Field) name() string {
	name, _, _ := strings.Cut(f.Column, " ")
	return name
}

// Names are the columns of fields, as SELECT has them.
func Names(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name()
	}
	return strings.Join(names, ", ")
}

// Pointers are where the columns of fields are scanned into.
func Pointers(fields []Field) []any {
	into := make([]any, len(fields))
	for i, f := range fields {
		into[i] = f.Value
	}
	return into
}

// Put writes rows of a table and returns how many it wrote. A row whose key is
// there takes the place of that one, but for what stays; without a key all
// rows are new.
func (tx *Tx) Put(table, key string, rows [][]Field) int64 {
	if len(rows) == 0 {
		return 0
	}
	columns, sets := make([]string, len(rows[0])), []string{}
	for i, f := range rows[0] {
		columns[i] = f.Column
		if !f.Stays && f.name() != key {
			sets = append(sets, f.name()+" = excluded."+f.name())
		}
	}
	conflict := ""
	switch {
	case key == "":
	case len(sets) == 0:
		conflict = "ON CONFLICT (" + key + ") DO NOTHING"
	default:
		conflict = "ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ", ")
	}
	if len(rows) == 1 {
		return tx.putOne(table, rows[0], conflict)
	}
	values, all := make([][]any, len(rows)), make([]any, 0, len(rows)*len(columns))
	for i, fields := range rows {
		for _, f := range fields {
			all = append(all, stored(f.Value))
		}
		values[i] = all[len(all)-len(fields):]
	}
	return tx.Bulk(table, columns, values, conflict)
}

// putOne writes one row, which may have bytes.
func (tx *Tx) putOne(table string, row []Field, conflict string) int64 {
	names, marks, args := make([]string, len(row)), make([]string, len(row)), make([]any, len(row))
	for i, f := range row {
		names[i], marks[i], args[i] = f.name(), "$"+strconv.Itoa(i+1), stored(f.Value)
	}
	return tx.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+") "+conflict, args...)
}

// stored is the value of a field, or what it points to, as it is stored.
func stored(v any) any {
	switch v := v.(type) {
	case nil, string, int64, int, []byte:
		return v
	case *string:
		return *v
	case *int64:
		return *v
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.Bool:
		return Flag(r.Bool())
	case reflect.String:
		return r.String()
	default:
		return r.Int() // a whole number: a table has nothing else
	}
}
