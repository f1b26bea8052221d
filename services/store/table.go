package store

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Field is a column of a table, "name TYPE" with BIGINT, SMALLINT or TEXT (or
// BLOB, where rows are put one by one), and its value in a row or a pointer to
// it. What selects, scans and writes a table goes by one list of fields.
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
func (tx *Tx) Put(table, key string, rows ...[]Field) int64 {
	if len(rows) == 0 {
		return 0
	}
	conflict, sets := "", []string{}
	for _, f := range rows[0] {
		if !f.Stays && f.name() != key {
			sets = append(sets, f.name()+" = excluded."+f.name())
		}
	}
	switch {
	case key == "":
	case len(sets) == 0:
		conflict = "ON CONFLICT (" + key + ") DO NOTHING"
	default:
		conflict = "ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(sets, ", ")
	}
	return tx.Insert(table, conflict, rows...)
}

// Insert inserts rows, and returns how many; conflict is what follows, "" for none.
func (tx *Tx) Insert(table, conflict string, rows ...[]Field) int64 {
	return tx.forRows(rows, func(values []string, from string) string {
		all := strings.Join(values, ", ")
		if from != "" {
			all = "SELECT " + all + from + " WHERE true "
		} else {
			all = "VALUES (" + all + ") "
		}
		return "INSERT INTO " + table + " (" + Names(rows[0]) + ") " + all + conflict
	})
}

// Change updates rows by their first column. A name that ends in + adds to a list separated by spaces.
func (tx *Tx) Change(table string, rows ...[]Field) {
	tx.forRows(rows, func(values []string, from string) string {
		var sets []string
		for i, f := range rows[0][1:] {
			name, value := f.name(), values[i+1]
			if list, adds := strings.CutSuffix(name, "+"); adds {
				name, value = list, fmt.Sprintf("CASE WHEN %s = '' THEN %s.%s ELSE %[2]s.%[3]s || ' ' || %[1]s END", value, table, list)
			}
			sets = append(sets, name+" = "+value)
		}
		return "UPDATE " + table + " SET " + strings.Join(sets, ", ") + from + " WHERE " + table + "." + rows[0][0].name() + " = " + values[0]
	})
}

// bulkRows is how many rows one statement takes as JSON: more cost memory and bring no speed.
const bulkRows = 2000

// forRows runs a statement for all rows; text makes it of the values of the
// columns, and of what these are FROM. To SQLite, where a statement costs no
// journey, each row is handed over by itself; to PostgreSQL all as JSON, but a
// single one, which may have bytes.
func (tx *Tx) forRows(rows [][]Field, text func(values []string, from string) string) (n int64) {
	if len(rows) == 0 {
		return 0
	}
	single := len(rows) == 1 || tx.dialect.name() == "sqlite"
	values := make([]string, len(rows[0]))
	for i, f := range rows[0] {
		_, kind, _ := strings.Cut(f.Column, " ")
		if values[i] = "$" + strconv.Itoa(i+1); !single {
			values[i] = fmt.Sprintf("CAST(e.value ->> %d AS %s)", i, kind)
		}
	}
	if single {
		query := text(values, "")
		for _, row := range rows {
			n += tx.Exec(query, args(row)...)
		}
		return n
	}
	query := text(values, " FROM "+tx.dialect.jsonRows())
	for part := range slices.Chunk(rows, bulkRows) {
		list := make([][]any, len(part))
		for i, row := range part {
			list[i] = storable(args(row))
		}
		n += tx.Exec(query, JSON(list))
	}
	return n
}

func args(row []Field) []any {
	values := make([]any, len(row))
	for i, f := range row {
		values[i] = stored(f.Value)
	}
	return values
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
	case telemetry.Time:
		return Millis(v)
	case *telemetry.Time:
		return Millis(*v)
	case Column:
		if text, ok := v.Value().(string); ok {
			return text
		}
		return JSON(v.Value())
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

// Millis is a time as it is stored: unix milliseconds, 0 for the zero time.
func Millis[T interface {
	IsZero() bool
	UnixMilli() int64
}](t T) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the time that Millis stored.
func Time(n int64) telemetry.Time {
	if n == 0 {
		return telemetry.Time{}
	}
	return telemetry.At(time.UnixMilli(n))
}

// Flag is a condition as it is stored: 1 or 0.
func Flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
