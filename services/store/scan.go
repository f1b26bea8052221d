package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Column reads a column into a field of another form. Value is the field's value, for what writes it.
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
		*into = nil
		err := decoded(v, into)
		if *into == nil { // it was "" or null
			*into = []T{}
		}
		return err
	}, func() any { return *into }}
}

// MapOf reads a JSON object, which is never nil.
func MapOf[T any](into *map[string]T) any {
	return Column{func(v any) error {
		*into = map[string]T{}
		if Text(v) == "" {
			return nil
		}
		return decoded(v, into)
	}, func() any { return *into }}
}

// WordsOf reads words that Words wrote, which are never nil.
func WordsOf(into *[]string) any {
	return Column{func(v any) error {
		*into = append([]string{}, strings.Fields(Text(v))...)
		return nil
	}, func() any { return Words(*into) }}
}

// Words is a list of words as one column keeps it, "" for none.
func Words(list []string) string { return strings.Join(list, " ") }

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

// SumOf adds counts by name, as JSON has them, to a sum.
func SumOf(sum map[string]int64) any {
	return Column{func(v any) error {
		if text := Text(v); text == "" || addFlat(sum, text, 1) {
			return nil
		}
		var counts map[string]int64
		err := decoded(v, &counts)
		Add(sum, counts, 1)
		return err
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
	}, func() any { return string(*into) }}
}

// NumbersOf reads whole numbers separated by spaces.
func NumbersOf(into *[]int64) any {
	return Column{func(v any) error {
		*into = Numbers(Text(v))
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

// Add adds counts by name so many times. What comes to 0 is left out.
func Add(sum, more map[string]int64, times int64) {
	for name, n := range more {
		if sum[name] += times * n; sum[name] == 0 {
			delete(sum, name)
		}
	}
}

// Move takes so many of a name from one sum to another.
func Move(to, from map[string]int64, name string, n int64) {
	moved := map[string]int64{name: n}
	Add(to, moved, 1)
	Add(from, moved, -1)
}

// AddCounts adds counts that are given as texts, each decoded once: most scans of a repository have the same.
func AddCounts(tx *Tx, sum, times map[string]int64) {
	for text, n := range times {
		if !addFlat(sum, text, n) {
			for word, count := range FromJSON[map[string]int64](tx, text) {
				sum[word] += n * count
			}
		}
	}
}

// addFlat adds counts by name, as JSON writes them, so many times: where
// a hundred thousand are summed, decoding is most of the work. It is false,
// and has added nothing, where the text must be decoded.
func addFlat(sum map[string]int64, text string, times int64) bool {
	if len(text) < 2 || text[0] != '{' || strings.Contains(text, "\\") {
		return false
	}
	names, counts := make([]string, 0, 16), make([]int64, 0, 16)
	for rest := text[1 : len(text)-1]; rest != ""; {
		name, after, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `":`)
		digits, more, _ := strings.Cut(after, ",")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return false
		}
		names, counts, rest = append(names, name), append(counts, n), more
	}
	for i, name := range names {
		sum[name] += times * counts[i]
	}
	return true
}

// Numbers reads whole numbers separated by spaces, as NumbersText writes them.
func Numbers(text string) []int64 {
	numbers := []int64{}
	for word := range strings.FieldsSeq(text) {
		n, _ := strconv.ParseInt(word, 10, 64) // NumbersText or SQL wrote it
		numbers = append(numbers, n)
	}
	return numbers
}

// NumbersText writes whole numbers separated by spaces.
func NumbersText(numbers []int64) string {
	text := make([]byte, 0, 4*len(numbers))
	for i, n := range numbers {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	return string(text)
}
