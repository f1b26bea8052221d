package query

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Span is what a number, an age or a date may be: from Low on and below
// High, each where it is given. Numbers are counts, ages milliseconds, dates
// unix milliseconds (UTC).
type Span struct {
	Low, High       int64
	HasLow, HasHigh bool
	Ago             bool // the bounds are ages: times before now
}

// point is one operand: the half-open range that it names.
type point struct {
	text      string // canonical
	low, next int64
	ago       bool
}

func readKeyword(f *Field, text string) (Value, bool) {
	word := strings.ReplaceAll(strings.ToLower(text), "-", "_")
	return Value{Text: word}, slices.Contains(f.Words, word)
}

func readText(_ *Field, text string) (Value, bool) { return Value{Text: text}, true }

func readExact(_ *Field, text string) (Value, bool) {
	p, ok := number(text)
	return Value{Text: p.text, Span: &Span{Low: p.low, HasLow: true, High: p.next, HasHigh: true}}, ok
}

// readSpan reads comparisons and ranges of what operand reads.
func readSpan(operand func(string) (point, bool)) func(*Field, string) (Value, bool) {
	return func(_ *Field, text string) (Value, bool) {
		if from, to, isRange := strings.Cut(text, ".."); isRange {
			span, canonical, ok := between(from, to, operand)
			return Value{Text: canonical, Span: span}, ok
		}
		rest := strings.TrimLeft(text, "<>=")
		op := text[:len(text)-len(rest)]
		p, ok := operand(rest)
		s := Span{Ago: p.ago}
		switch op {
		case "", "=":
			op, s.Low, s.HasLow, s.High, s.HasHigh = "", p.low, true, p.next, true
		case ">":
			s.Low, s.HasLow = p.after(), true
		case ">=":
			s.Low, s.HasLow = p.low, true
		case "<":
			s.High, s.HasHigh = p.low, true
		case "<=":
			s.High, s.HasHigh = p.after(), true
		default:
			return Value{}, false
		}
		return Value{Text: op + p.text, Span: &s}, ok
	}
}

// after is the first moment beyond the operand. An age names a moment, not a
// stretch: 31 hours are more than a day.
func (p point) after() int64 {
	if p.ago {
		return p.low + 1
	}
	return p.next
}

// between reads from..to; * leaves an end open.
func between(from, to string, operand func(string) (point, bool)) (*Span, string, bool) {
	var s Span
	low, lowOK := operand(from)
	high, highOK := operand(to)
	if (!lowOK && from != "*") || (!highOK && to != "*") || (from == "*" && to == "*") || (lowOK && highOK && low.ago != high.ago) {
		return nil, "", false
	}
	if lowOK {
		s.Low, s.HasLow, s.Ago, from = low.low, true, low.ago, low.text
	}
	if highOK {
		s.High, s.HasHigh, s.Ago, to = high.after(), true, high.ago, high.text
	}
	if lowOK && highOK && low.low > high.low {
		return nil, "", false
	}
	return &s, from + ".." + to, true
}

// number reads a count; 15 digits are more than anything here counts to.
func number(s string) (point, bool) {
	n, err := strconv.ParseUint(s, 10, 50)
	if err != nil {
		return point{}, false
	}
	return point{text: strconv.FormatUint(n, 10), low: int64(n), next: int64(n) + 1}, true
}

// tenths reads a number with at most one decimal.
func tenths(s string) (point, bool) {
	whole, decimal, cut := strings.Cut(s, ".")
	if !cut {
		decimal = "0"
	}
	p, ok := number(whole)
	if !ok || len(decimal) != 1 || decimal < "0" || decimal > "9" {
		return point{}, false
	}
	if decimal != "0" {
		p.text += "." + decimal
	}
	p.low = 10*p.low + int64(decimal[0]-'0')
	p.next = p.low + 1
	return p, true
}

// age reads a time in hours, days or weeks; a century is the most.
func age(s string) (point, bool) {
	if len(s) < 2 {
		return point{}, false
	}
	units := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	unit := units[s[len(s)-1]|0x20]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 20)
	if err != nil || unit == 0 || time.Duration(n) > 100*366*24*time.Hour/unit {
		return point{}, false
	}
	low := int64(n) * unit.Milliseconds()
	return point{
		text: strconv.FormatUint(n, 10) + strings.ToLower(s[len(s)-1:]),
		low:  low,
		next: low + unit.Milliseconds(),
		ago:  true,
	}, true
}

// date reads a year, a month, a day or a moment in UTC.
func date(s string) (point, bool) {
	for layout, next := range map[string]func(time.Time) time.Time{
		"2006":       func(t time.Time) time.Time { return t.AddDate(1, 0, 0) },
		"2006-01":    func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
		"2006-01-02": func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
		time.RFC3339: func(t time.Time) time.Time { return t.Add(time.Second) },
	} {
		t, err := time.Parse(layout, strings.ToUpper(s))
		if err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			t = t.UTC().Truncate(time.Second)
			return point{text: t.Format(layout), low: t.UnixMilli(), next: next(t).UnixMilli()}, true
		}
	}
	return point{}, false
}
