package lists

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// cell is the value of a CSV cell that depends on the row alone.
func cell[T any](value func(*T) any) func(*T, time.Time) any {
	return func(row *T, _ time.Time) any { return value(row) }
}

// ageInDays is the whole days from a time of the row to that of the question.
func ageInDays[T any](since func(*T) time.Time) func(*T, time.Time) any {
	return func(row *T, at time.Time) any { return max(0, int64(at.Sub(since(row))/(24*time.Hour))) }
}

// Head are the names of a list's columns in CSV.
func (l *List[T]) Head() []string {
	if l.CSV != "" {
		return strings.Fields(l.CSV)
	}
	var head []string
	for i := range l.Fields {
		if f := &l.Fields[i]; f.CSV != "" {
			head = append(head, f.CSV)
		}
	}
	return head
}

// Cells are the values of a row in CSV, as of a time.
func (l *List[T]) Cells(row *T, at time.Time) []string {
	head := l.Head()
	cells := make([]string, len(head))
	for i := range l.Fields {
		f := &l.Fields[i]
		n := slices.Index(head, f.CSV)
		switch {
		case n < 0:
		case f.Cell != nil:
			cells[n] = written(f.Cell(row, at))
		default:
			cells[n] = written(f.Into(row))
		}
	}
	return cells
}

// written is a value as a cell shows it: times in RFC 3339, lists separated by spaces.
func written(value any) string {
	switch v := value.(type) {
	case store.Column:
		return written(v.Value())
	case *telemetry.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format(time.RFC3339)
	case []string:
		return strings.Join(v, " ")
	}
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return fmt.Sprint(v)
}
