// Package panels owns the fragments that pages are made of and htmx swaps:
// the same function draws a panel within its page and alone. It knows the
// words of the field and how a state looks; rows come in finished. It must
// not ask for anything: no clock, no query, no type of a service but those of
// telemetry.
//
// Every panel's root has the id of its Frame and asks itself again at
// Frame.At.Get(), when a topic that it shows has changed (app.js raises
// panel:refresh) and at its interval; the answer takes its own place by
// morphing. An answer of 4xx or 5xx must be a Failure: it is shown above
// what the panel shows already.
package panels

import (
	"slices"
	"strings"

	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// Frame is what panels have in common.
type Frame struct {
	ID       string // unique on the page
	Title    string
	Note     string       // small, next to the title
	Sums     []parts.Link // numbers before the note, with their lists
	About    []string     // sentences: what its figures count
	Count    string       // in a rounded box; "" = none
	CountURL string       // the list that it counts; "" = that of More
	More     parts.Link
	At       parts.Address
	Topics   string // what it shows: "records sessions"; it asks again when one has changed
	Every    string // and at this interval: "15s"; "" = never
	Plain    bool   // no head: the page's heading says it already
	List     bool   // it is a list with its bar, whose box has the edge
	Summary  string // what a phone shows of it until it is tapped: the number that matters; "" = all of it
	Expanded bool   // a phone shows all of it until it is tapped
	Later    bool   // only a placeholder: the page asks for it at once
	Failure  string // why it could not be asked: shown in place of the rows
}

// Table is a panel of rows.
type Table[T any] struct {
	Frame
	Rows     []T
	Sort     parts.Sort
	Pager    parts.Pager // the zero Pager shows no foot
	Bar      parts.Bar   // the zero Bar shows nothing
	Empty    parts.Empty // said where there are no rows
	Action   parts.Action
	Desk     Desk     // what can be done with selected rows
	Chosen   []string // the columns that are shown on request, and are
	HideRepo bool     // on a page of one repository
	Brief    bool     // within an overview: no sorting
	NowOnly  []string // sorts that are not known of the time that is shown
}

func (f Frame) titleID() string { return f.ID + "-title" }
func (f Frame) alertID() string { return f.ID + "-alert" }

// onFailure is where htmx puts an error answer: above the old content.
func (f Frame) onFailure() string { return "swap:innerHTML push:false target:#" + f.alertID() }

// class marks a panel that is its page's list: it has no border of its own.
func (f Frame) class() string {
	if f.List {
		return "panel panel-list"
	}
	return "panel"
}

// trigger is when htmx asks again.
func (f Frame) trigger() string {
	switch {
	case f.Later:
		return "load, panel:refresh"
	case f.Every == "":
		return "panel:refresh"
	}
	return "panel:refresh, every " + f.Every
}

// empty is what a table says without rows.
func (t Table[T]) empty() parts.Empty {
	if t.Bar.Clear != "" {
		return parts.Empty{Icon: "search", Title: "Nothing matches", Code: t.Bar.Query}
	}
	return t.Empty
}

// bar is the table's bar with the orders that its columns offer.
func (t Table[T]) bar(columns []parts.Column) parts.Bar {
	b := t.Bar
	if len(t.Rows) > 0 {
		b.Sorts = parts.SortsOf(t.columns(columns), t.Sort)
	}
	return b
}

// columns are those that the table shows: none sorts within an overview.
func (t Table[T]) columns(all []parts.Column) []parts.Column {
	var kept []parts.Column
	for _, c := range all {
		if t.HideRepo && c.Class == "c-repo" || c.Chosen != "" && !t.shows(c.Chosen) {
			continue
		}
		if t.Brief || slices.Contains(t.NowOnly, c.Key) {
			c.Key = ""
		}
		kept = append(kept, c)
	}
	return kept
}

// shows reports whether a column is shown that is so on request alone.
func (t Table[T]) shows(name string) bool { return slices.Contains(t.Chosen, name) }

// owner is whom a repository belongs to, with the "/" after it.
func owner[R ~string](name R) string { return string(name[:strings.Index(string(name), "/")+1]) }

func repoLink[R ~string](name R) parts.Link {
	return parts.Link{Text: string(name), URL: links.Repo(name)}
}
