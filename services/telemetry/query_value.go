package telemetry

import (
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

// Contains tells whether n lies in the span.
func (s Span) Contains(n int64) bool {
	return (!s.HasLow || n >= s.Low) && (!s.HasHigh || n < s.High)
}

// point is one operand: the half-open stretch that it names.
type point struct {
	text      string // canonical
	low, next int64
	ago       bool
}

// value reads one value of the qualifier; name is how the query calls it.
func (v Qualifier) value(name, text string) (QueryValue, error) {
	switch v.Kind {
	case ValueWord:
		word := strings.ReplaceAll(strings.ToLower(text), "-", "_")
		for _, allowed := range v.Values {
			if word == allowed {
				return QueryValue{Text: word}, nil
			}
		}
		return QueryValue{}, Errorf(CodeInvalid, "%s: %q is unknown; %s.", name, head(text), v.allowed())
	case ValueExact:
		if p, ok := number(text); ok {
			return QueryValue{Text: p.text, Span: &Span{Low: p.low, HasLow: true, High: p.next, HasHigh: true}}, nil
		}
		return QueryValue{}, Errorf(CodeInvalid, "%s: %q is not understood; %s.", name, head(text), v.allowed())
	case ValueNumber:
		return spanned(name, text, v, number)
	case ValueAge:
		return spanned(name, text, v, age)
	case ValueDate:
		return spanned(name, text, v, func(s string) (point, bool) {
			if p, ok := age(s); ok {
				return p, true
			}
			return date(s)
		})
	case ValueRepo:
		if !isRepoPattern(text) {
			return QueryValue{}, Errorf(CodeInvalid, "%s: %q is no repository; %s.", name, head(text), v.allowed())
		}
	case ValuePull:
		if _, ok := PullOf(text); !ok {
			return QueryValue{}, Errorf(CodeInvalid, "%s: %q is no pull request; %s.", name, head(text), v.allowed())
		}
	case ValuePrefix:
		if len(text) < 4 {
			return QueryValue{}, Errorf(CodeInvalid, "%s: %q is too short; %s.", name, head(text), v.allowed())
		}
	}
	return QueryValue{Text: text}, nil
}

// allowed says in words what the qualifier takes.
func (v Qualifier) allowed() string {
	switch v.Kind {
	case ValueWord:
		return "use one of " + strings.Join(v.Values, ", ")
	case ValueExact:
		return "write one whole number, for example 34"
	case ValueNumber:
		return "write a whole number, for example 3, >=3 or 3..5"
	case ValueAge:
		return "write a time in hours, days or weeks, for example >12h, >30d or 1w..4w"
	case ValueDate:
		return "write a date or a time ago, for example >=2026-01-31, 2026-01, 2026-01-01..2026-01-31 or <30d"
	case ValueRepo:
		return "write owner/name, its URL, or owner/*"
	case ValuePull:
		return "write its number, owner/name#number, or its URL"
	case ValuePrefix:
		return "write at least its first 4 characters"
	case ValuePath:
		return "write a part of the path, for example test/ or src/*.js"
	}
	return "write a text; * stands for any characters"
}

// spanned reads comparisons and ranges of what operand reads.
func spanned(name, text string, v Qualifier, operand func(string) (point, bool)) (QueryValue, error) {
	wrong := func() (QueryValue, error) {
		return QueryValue{}, Errorf(CodeInvalid, "%s: %q is not understood; %s.", name, head(text), v.allowed())
	}
	if from, to, isRange := strings.Cut(text, ".."); isRange {
		span, canonical, ok := between(from, to, operand)
		if !ok {
			return wrong()
		}
		return QueryValue{Text: canonical, Span: span}, nil
	}
	rest := strings.TrimLeft(text, "<>=")
	op := text[:len(text)-len(rest)]
	p, ok := operand(rest)
	if !ok {
		return wrong()
	}
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
		return wrong()
	}
	return QueryValue{Text: op + p.text, Span: &s}, nil
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

// isRepoPattern tells whether s is a repository, or owner/* for all of an
// owner's.
func isRepoPattern(s string) bool {
	if owner, all := strings.CutSuffix(s, "/*"); all {
		return repoPart(owner)
	}
	return ParseRepo(s) != ""
}

// PullOf reads a pull request as people write it: 12, #12, owner/name#12 or
// its address. Repo is "" for a bare number.
func PullOf(s string) (ref PullRef, ok bool) {
	if ref = ParsePull(s); ref.Number > 0 {
		return ref, true
	}
	name, digits, hash := strings.Cut(s, "#")
	if !hash {
		name, digits = "", s
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || (name != "" && ParseRepo(name) == "") {
		return PullRef{}, false
	}
	return PullRef{Repo: ParseRepo(name), Number: int64(n)}, true
}
