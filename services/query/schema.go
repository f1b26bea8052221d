// Package query is the query language of the lists: it parses, edits,
// completes and explains queries over a schema. It knows no entity, no list
// and no SQL; the schemas are made by those who do.
package query

import (
	"fmt"
	"slices"
	"strings"
)

// Schema is what the queries of one list understand.
type Schema struct {
	Name    string   // of the list, for example "issues"
	Noun    string   // of its rows, in the plural: "pull requests"
	Fields  []Field  // in the order in which completion offers them
	Example string   // a query that shows what can be asked for
	Views   []View   // the usual queries
	NowOnly []string // sorts that are not known of a past time
}

// Past is what queries of a past time understand.
func (s *Schema) Past() *Schema {
	past := *s
	past.Fields = nil
	for _, f := range s.Fields {
		if f.NoPast {
			continue
		}
		f.Words = slices.DeleteFunc(slices.Clone(f.Words), func(word string) bool { return slices.Contains(f.NowOnly, word) })
		past.Fields = append(past.Fields, f)
	}
	return &past
}

// View is a usual query of a list under a name.
type View struct{ Name, Query string }

// Field is one qualifier: the word before a colon.
type Field struct {
	Name    string
	Aliases []string
	Kind    Kind
	Words   []string // of Keyword, all that it takes; of others, what completion offers
	Dynamic bool     // its values are the data's: the caller supplies them for completion
	Cheap   bool     // rows that match are counted without reading them
	Help    string   // a few words for the completion list
	NoPast  bool     // it is not known of a past time
	NowOnly []string // words that are not known of a past time
}

// Kind says how the values of a field are read.
type Kind struct {
	// Wants says what a value looks like, and completes "Invalid rule …".
	Wants string
	// read returns the value in canonical spelling, false where it is none.
	read func(f *Field, text string) (Value, bool)
}

// The kinds of values. Those of a program's own are made with Checked.
func Keyword() Kind { return Kind{read: readKeyword} }

// Text is a whole text, in any case; * stands for any characters.
func Text() Kind { return Kind{Wants: "want a text; * stands for any characters", read: readText} }

// Path is a part of a path; with * it is the whole of it, with a leading /
// its beginning.
func Path() Kind {
	return Kind{Wants: "want a part of the path, for example test/ or src/*.js", read: readText}
}

// Prefix is the beginning of an id.
func Prefix() Kind {
	return Checked("want at least its first 4 characters", func(text string) bool { return len(text) >= 4 })
}

// Exact is one whole number.
func Exact() Kind { return Kind{Wants: "want one whole number, for example 34", read: readExact} }

// Number is a whole number or a range: 3, >3, >=3, <3, <=3, 3..5.
func Number() Kind {
	return Kind{Wants: "want a whole number, for example 3, >=3 or 3..5", read: readSpan(number)}
}

// Score is a number with at most one decimal, a range, or none: 7.5, >=7,
// 4..6.9. Its spans are in tenths; none has no span.
func Score() Kind {
	span := readSpan(tenths)
	return Kind{
		Wants: "want a score from 0 to 10, for example >=7 or 4..6.9, or none",
		read: func(f *Field, text string) (Value, bool) {
			if strings.EqualFold(text, "none") {
				return Value{Text: "none"}, true
			}
			return span(f, text)
		},
	}
}

// Age is a time before now: >30d; h hours, d days, w weeks.
func Age() Kind {
	return Kind{Wants: "want a time in hours, days or weeks, for example >12h, >30d or 1w..4w", read: readSpan(age)}
}

// Date is a date, a range of dates, or an age.
func Date() Kind {
	return Kind{
		Wants: "want a date or a time ago, for example >=2026-01-31, 2026-01, 2026-01-01..2026-01-31 or <30d",
		read: readSpan(func(s string) (point, bool) {
			if p, ok := age(s); ok {
				return p, true
			}
			return date(s)
		}),
	}
}

// Ahead is a date, a range of dates, or a time from now: <7d is before 7 days have
// passed. The bounds of its spans are ages, which count forward.
func Ahead() Kind {
	k := Date()
	k.Wants = "want a date or a time from now, for example <7d, 0d..7d, 2026-01 or >=2026-01-31"
	return k
}

// Checked is a kind of texts that ok accepts; wants says what they look like.
func Checked(wants string, ok func(text string) bool) Kind {
	return Kind{Wants: wants, read: func(_ *Field, text string) (Value, bool) { return Value{Text: text}, ok(text) }}
}

// OneOf reports whether the field takes one of its words alone.
func (f *Field) OneOf() bool { return f.Kind.Wants == "" }

// wants says what a value looks like.
func (f *Field) wants() string {
	if f.OneOf() {
		return "want one of " + strings.Join(f.Words, ", ")
	}
	return f.Kind.Wants
}

// Field returns the field that a query calls by name, in any case or by an
// alias, nil if there is none.
func (s *Schema) Field(name string) *Field {
	name = strings.ToLower(name)
	for i := range s.Fields {
		if f := &s.Fields[i]; f.Name == name || slices.Contains(f.Aliases, name) {
			return f
		}
	}
	return nil
}

// Error is a query that cannot be understood: a sentence for the person who
// wrote it.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) *Error { return &Error{fmt.Sprintf(format, args...)} }
