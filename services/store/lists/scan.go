package lists

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// column is a reader of a column whose form is not that of the field, and of
// the field's value for a cell of CSV.
type column struct {
	read  func(column any) error
	value func() any
}

// Scan implements sql.Scanner.
func (c column) Scan(v any) error { return c.read(v) }

// listOf reads a JSON list.
func listOf[T any](into *[]T) any {
	return column{func(v any) error {
		*into = []T{}
		if err := decoded(v, into); err != nil || *into != nil {
			return err
		}
		*into = []T{} // it was null
		return nil
	}, func() any { return *into }}
}

// countsOf reads an object of counts.
func countsOf(into *map[string]int64) any {
	return column{func(v any) error {
		*into = map[string]int64{}
		return decoded(v, into)
	}, func() any { return nil }}
}

// decoded reads JSON; "" is nothing.
func decoded(v, into any) error {
	if text := plain(v); text != "" {
		return json.Unmarshal([]byte(text), into)
	}
	return nil
}

// bytesOf reads JSON as it stands; "" is nil.
func bytesOf(into *[]byte) any {
	return column{func(v any) error {
		if *into = nil; plain(v) != "" {
			*into = []byte(plain(v))
		}
		return nil
	}, func() any { return nil }}
}

// numbersOf reads whole numbers parted by spaces.
func numbersOf(into *[]int64) any {
	return column{func(v any) error {
		*into = []int64{}
		for word := range strings.FieldsSeq(plain(v)) {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return err
			}
			*into = append(*into, n)
		}
		return nil
	}, func() any { return *into }}
}

// knownCount reads a count that is negative where it is not known.
func knownCount(into **int64) any {
	return column{func(v any) error {
		n, err := whole(v)
		if *into = nil; n >= 0 {
			*into = &n
		}
		return err
	}, func() any { return *into }}
}

// repoOf reads the name of a repository from its URL as recorded.
func repoOf(into *telemetry.RepoName, url *string) any {
	return column{func(v any) error {
		*url = plain(v)
		*into = telemetry.ParseRepo(*url)
		return nil
	}, func() any { return *into }}
}

func whole(v any) (int64, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case int64:
		return v, nil
	}
	return strconv.ParseInt(plain(v), 10, 64)
}

func plain(v any) string {
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

// jsonText is a text as JSON writes it, without its quotes.
func jsonText(text string) string {
	written, err := json.Marshal(text)
	if err != nil {
		return text // a string always encodes
	}
	return string(written[1 : len(written)-1])
}
