package telemetry

import (
	"encoding/json"
	"fmt"
	"time"
)

// Time is a time of a row, in UTC; zero is one that is not known. In JSON it is RFC
// 3339 or null. Whole seconds, as GitHub gives them, have no fraction.
type Time struct {
	time.Time
	Recorded string // as its record has it, with all digits, for JSON; "" where that is not read
}

// At is t as a time of a row.
func At(t time.Time) Time { return Time{Time: t.UTC()} }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	if t.Recorded != "" {
		return json.Marshal(t.Recorded)
	}
	form := `"` + time.RFC3339 + `"`
	if t.Nanosecond() != 0 {
		form = `"2006-01-02T15:04:05.000Z07:00"`
	}
	return t.UTC().AppendFormat(nil, form), nil
}

// TextTime is a Time that is an empty text in JSON where it is zero: existing
// clients sort by it.
type TextTime struct{ Time }

// MarshalJSON implements json.Marshaler.
func (t TextTime) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return t.Time.MarshalJSON()
}

// Scan reads a time from a column of unix milliseconds, in which 0 is none.
func (t *Time) Scan(column any) error {
	*t = Time{}
	switch n := column.(type) {
	case nil:
		return nil
	case int64:
		if n != 0 {
			t.Time = time.UnixMilli(n).UTC()
		}
		return nil
	}
	return fmt.Errorf("read a time from a column of %T", column)
}
