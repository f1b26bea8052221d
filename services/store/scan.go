package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Column reads a column whose form is not that of the field it is scanned
// into. Value is the field's value, for what writes it; nil is none.
type Column struct {
	Read  func(column any) error
	Value func() any
}

// Scan implements sql.Scanner.
func (c Column) Scan(v any) error { return c.Read(v) }

// RecordedOf reads the text of a time that is read already, as its record has
// it. A record that counts at another time than it says has none.
func RecordedOf(into *telemetry.Time) Column {
	return Column{Read: func(v any) error {
		text := Text(v)
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil && t.UnixMilli() == into.UnixMilli() {
			into.Recorded = text
		}
		return nil
	}}
}

// ListOf reads a JSON list, which is never nil.
func ListOf[T any](into *[]T) any {
	return Column{func(v any) error {
		*into = []T{}
		if err := decoded(v, into); err != nil || *into != nil {
			return err
		}
		*into = []T{} // it was null
		return nil
	}, func() any { return *into }}
}

// JSONOf reads JSON into a value of its form.
func JSONOf(into *any) any {
	return Column{func(v any) error {
		*into = nil
		return decoded(v, into)
	}, func() any { return *into }}
}

// CountsOf reads an object of counts.
func CountsOf(into *map[string]int64) any {
	return Column{func(v any) error {
		*into = map[string]int64{}
		if text := Text(v); text == "" || addFlat(*into, text, 1) {
			return nil
		}
		return decoded(v, into)
	}, func() any { return nil }}
}

// decoded reads JSON; "" is nothing.
func decoded(v, into any) error {
	if text := Text(v); text != "" {
		return json.Unmarshal([]byte(text), into)
	}
	return nil
}

// BytesOf reads JSON as it stands; "" is nil.
func BytesOf[T ~[]byte](into *T) any {
	return Column{func(v any) error {
		if *into = nil; Text(v) != "" {
			*into = T(Text(v))
		}
		return nil
	}, func() any { return nil }}
}

// NumbersOf reads whole numbers parted by spaces.
func NumbersOf(into *[]int64) any {
	return Column{func(v any) error {
		*into = []int64{}
		for word := range strings.FieldsSeq(Text(v)) {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return err
			}
			*into = append(*into, n)
		}
		return nil
	}, func() any { return *into }}
}

// KnownCount reads a count that is negative where it is not known.
func KnownCount(into **int64) any {
	return Column{func(v any) error {
		n, err := Whole(v)
		if *into = nil; n >= 0 {
			*into = &n
		}
		return err
	}, func() any { return *into }}
}

// Whole is a column as a whole number; NULL is 0.
func Whole(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	}
	return strconv.ParseInt(Text(v), 10, 64)
}

// Text is a column as text; NULL is "".
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	}
	return fmt.Sprint(v)
}
