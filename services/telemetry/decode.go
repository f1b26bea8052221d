package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// decoder reads typed fields and keeps the first error.
type decoder struct {
	fields  map[string]json.RawMessage
	err     error
	rewrite bool // clients must not get the file's own bytes
}

func (d *decoder) has(name string) bool {
	return !absent(d.fields[name])
}

func (d *decoder) fail(name string, err error) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: %w", Shorten(cleanText(name), quoted), err)
	}
}

// value decodes a field that may be absent or null.
func (d *decoder) value(name string, into any) {
	if !d.has(name) {
		return
	}
	if err := json.Unmarshal(d.fields[name], into); err != nil {
		d.fail(name, plain(err))
	}
}

func (d *decoder) text(name string) string {
	var s string
	d.value(name, &s)
	return d.short(name, cleanText(s))
}

// idText reads an id, which is a text; clients get one that is written as a
// whole number as text too, and 0 as none.
func (d *decoder) idText(name string) string {
	if raw := string(d.fields[name]); raw != "" && digits(raw) {
		raw = strings.TrimPrefix(raw, "0")
		d.fields[name], d.rewrite = json.RawMessage(strconv.Quote(raw)), true
		return d.short(name, raw)
	}
	return d.text(name)
}

func (d *decoder) count(name string) int64 { return d.part(d.fields, name) }

// mostCount bounds what a record may count: sums over a million of such
// records still fit 64 bits.
const mostCount = 1_000_000_000_000

// part reads a number that counts something from an object's field, 0 where
// it is absent or null.
func (d *decoder) part(fields map[string]json.RawMessage, name string) int64 {
	n := d.whole(name, fields[name])
	switch {
	case n < 0:
		d.fail(name, fmt.Errorf("%d is negative", n))
	case n > mostCount:
		d.fail(name, fmt.Errorf("%d is too large for a count", n))
	}
	return n
}

// whole reads a whole number, 0 where it is absent or null.
func (d *decoder) whole(name string, raw json.RawMessage) int64 {
	if absent(raw) {
		return 0
	}
	n, err := parseInt(raw)
	if err != nil {
		d.fail(name, err)
	}
	return n
}

// counts reads an object of counts by name.
func (d *decoder) counts(name string) map[string]int64 {
	list := d.object(name)
	out := make(map[string]int64, len(list))
	for _, key := range slices.Sorted(maps.Keys(list)) {
		out[bounded(cleanText(key), mostName)] += d.part(list, key)
	}
	return out
}

// runNumber also takes digits in a string: verification records write
// their numbers so.
func (d *decoder) runNumber(name string) int64 {
	raw := d.fields[name]
	if absent(raw) {
		return 0
	}
	var n int64
	if raw[0] != '"' {
		n = d.count(name)
	} else {
		s := strings.TrimSpace(d.text(name))
		if s == "" && name != runNumberField {
			return 0 // a verification that knows no number
		}
		var err error
		if n, err = strconv.ParseInt(s, 10, 64); err != nil || !digits(s) {
			d.fail(name, fmt.Errorf("%q is not a number", Shorten(s, quoted)))
		}
	}
	if canonical := strconv.FormatInt(n, 10); name == runNumberField && string(raw) != canonical {
		d.fields[name], d.rewrite = json.RawMessage(canonical), true
	}
	return n
}

const runNumberField = "run_number"

func digits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func parseInt(raw json.RawMessage) (int64, error) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, nil
	}
	var number json.Number
	if raw[0] == '"' || json.Unmarshal(raw, &number) != nil {
		return 0, fmt.Errorf("%s is not a number", Shorten(string(raw), quoted))
	}
	f, err := number.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("%s is not a whole number", Shorten(string(raw), quoted))
	}
	return int64(f), nil
}

var (
	rfc3339  = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`)
	fraction = regexp.MustCompile(`[.,]\d+`)
)

// timeForms are the forms of time that records use; without a zone it is UTC.
// A comma is read as the decimal point.
var timeForms = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02",
}

func (d *decoder) time(name string) (time.Time, string) {
	s := strings.TrimSpace(d.text(name))
	if s == "" {
		d.fail(name, fmt.Errorf("missing; a record needs a time"))
		return time.Time{}, ""
	}
	for _, form := range timeForms {
		t, err := time.Parse(form, s)
		if t = t.UTC(); err != nil || t.Year() < 1 || t.Year() > 9999 {
			continue
		}
		if !rfc3339.MatchString(s) {
			s = t.Format("2006-01-02T15:04:05") + strings.Replace(fraction.FindString(s), ",", ".", 1) + "Z"
			d.fields[name] = json.RawMessage(strconv.Quote(s))
			d.rewrite = true
		}
		if t = t.Truncate(time.Millisecond); t.IsZero() || t.UnixMilli() == 0 {
			t = t.Add(time.Millisecond) // these two mean "no time" elsewhere
		}
		return t, s
	}
	d.fail(name, fmt.Errorf("%q is not a time; want RFC 3339, for example 2026-02-07T11:31:39Z", Shorten(s, quoted)))
	return time.Time{}, ""
}

// keyText bounds a text that rows refer to.
func keyText(s string) string { return bounded(cleanText(s), mostName) }

// cleanText replaces what PostgreSQL refuses in a text.
func cleanText(s string) string {
	if !strings.ContainsRune(s, 0) && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// quoted is how many bytes of a wrong value an error repeats.
const quoted = 60

// plain says a decoding error without the names of Go's types.
func plain(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if field := e.Field[strings.LastIndexByte(e.Field, '.')+1:]; field != "" { // it also names embedded structs
			return fmt.Errorf("%s has the wrong type: %s", Shorten(field, quoted), Shorten(e.Value, quoted))
		}
		return fmt.Errorf("wrong type: %s", Shorten(e.Value, quoted))
	}
	return err
}
