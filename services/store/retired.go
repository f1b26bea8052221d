package store

import "slices"

// Span is a length of time, from one time in milliseconds until another, Never
// for one that lasts.
type Span struct{ From, Until int64 }

// Holds reports whether a time is in the span.
func (s Span) Holds(at int64) bool { return s.From <= at && at < s.Until }

// Spans are lengths of time one after the other.
type Spans []Span

// Hold reports whether a time is in one of them.
func (s Spans) Hold(at int64) bool {
	return slices.ContainsFunc(s, func(one Span) bool { return one.Holds(at) })
}

// End is when the last of them ends, 0 without one.
func (s Spans) End() int64 {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].Until
}

// Retired are the times at which a repository was retired, or all were.
func (tx *Tx) Retired(repo int64) map[int64]Spans {
	of, args := "", []any(nil)
	if repo != Everywhere {
		of, args = " WHERE o.id = $1", []any{repo}
	}
	retired := map[int64]Spans{}
	tx.Each(`SELECT o.id, x.at, x.until FROM retirements x JOIN repos o ON o.github_id = x.github_id`+of+` ORDER BY o.id, x.at`, args,
		func(r *Row) {
			var id int64
			var s Span
			r.Scan(&id, &s.From, &s.Until)
			retired[id] = append(retired[id], s)
		})
	return retired
}
