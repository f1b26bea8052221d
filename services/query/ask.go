package query

import "time"

// Ask is what a caller wants of a list.
type Ask struct {
	Repo  string    // a repository's key, see telemetry.RepoName; "" is all
	Query Query     // of the list's schema; the zero value matches all rows
	AsOf  time.Time // the rows as they were then; zero is now
	Page  Page
	Brief bool // rows come without what may be large
}

// Page asks for one page of a list. Number counts from 1; Size 0 is all rows. Sort and
// Order (asc, desc) may be "" for the list's own.
type Page struct {
	Number int64
	Size   int64
	Sort   string
	Order  string
}

// PerPage is how many rows a page has where nothing is asked for, and
// PerPageMost how many it can have (docs/rules.md#lists).
const (
	PerPage     = 50
	PerPageMost = 200
)

// And is the question narrowed by further terms.
func (a Ask) And(terms ...Term) Ask {
	a.Query = Query{Schema: a.Query.Schema, Terms: append(a.Query.Terms[:len(a.Query.Terms):len(a.Query.Terms)], terms...)}
	return a
}

// Texts is a term of texts as they stand, for a field that takes any. The error
// is an *Error where they are too many.
func Texts(field string, values ...string) (Term, error) {
	t := Term{Field: field}
	for _, text := range values {
		t.add(Value{Text: text})
	}
	if len(t.Values) > maxValues {
		return t, errorf("Invalid %s: %d values; the limit is %d.", field, len(t.Values), maxValues)
	}
	return t, nil
}

// Between is a term of times from one up to another, both included and each
// left out where it is zero.
func Between(field string, from, to time.Time) Term {
	var s Span
	if !from.IsZero() {
		s.Low, s.HasLow = from.UnixMilli(), true
	}
	if !to.IsZero() {
		s.High, s.HasHigh = to.UnixMilli()+1, true
	}
	return Term{Field: field, Values: []Value{{Span: &s}}}
}
