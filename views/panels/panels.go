// Package panels owns the fragments that pages are made of and htmx swaps:
// the same function draws a panel within its page and alone. It knows the
// words of the field and how a state looks; rows come in finished. It must
// not ask for anything: no clock, no query, no type of a service.
//
// Every panel's root has the id of its Frame, re-asks itself at
// Frame.At.Get() and takes the answer in its own place by morphing. An
// answer of 4xx or 5xx must be a Failure: it is shown above what the panel
// shows already.
package panels

import (
	"net/url"
	"strings"

	"telemetry-dashboard/views/parts"
)

// Events that the server raises with the response header HX-Trigger (names
// joined by commas) after an action; every panel that shows such data then
// re-asks itself.
const (
	RecordsChanged  = "records:changed"
	SessionsChanged = "sessions:changed"
	PullsChanged    = "pulls:changed"
	JobsChanged     = "jobs:changed"
)

// refreshEvent is raised by app.js: try again, back from a hidden tab.
const refreshEvent = "panel:refresh"

// Frame is what panels have in common.
type Frame struct {
	ID       string // unique on the page; the panel's default where it is ""
	Title    string // the panel's default where it is ""
	Note     string // small, beside the title
	Count    string // in a rounded box; "" = none
	More     parts.Link
	At       parts.Address
	Failure  string // why it could not be asked: shown in place of the rows
	Filtered string // what the view leaves out: "only finished"; "" = nothing
	Clear    string // the address without that filter
}

// Table is a panel of rows.
type Table[T any] struct {
	Frame
	Rows     []T
	Sort     parts.Sort
	Pager    parts.Pager // the zero Pager shows no foot
	Empty    parts.Empty // said where there are no rows; each panel has its own default
	Action   parts.Action
	HideRepo bool // on a page of one repository
}

// or fills what the caller left open.
func (f Frame) or(id, title string) Frame {
	if f.ID == "" {
		f.ID = id
	}
	if f.Title == "" {
		f.Title = title
	}
	return f
}

func (f Frame) titleID() string { return f.ID + "-title" }
func (f Frame) alertID() string { return f.ID + "-alert" }

// onFailure is where htmx puts an error answer: above the old content.
func (f Frame) onFailure() string { return "swap:innerHTML push:false target:#" + f.alertID() }

// trigger makes htmx's words of an interval ("15s", "" = none) and events.
func trigger(every string, events ...string) string {
	words := []string{refreshEvent}
	if every != "" {
		words = append(words, "every "+every)
	}
	for _, event := range events {
		words = append(words, event+" from:document")
	}
	return strings.Join(words, ", ")
}

// empty is what a table says without rows.
func (t Table[T]) empty(usual parts.Empty) parts.Empty {
	if t.Empty.Title != "" {
		return t.Empty
	}
	if t.Filtered != "" {
		return parts.Empty{Icon: "search", Title: "Nothing matches", Code: t.Filtered}
	}
	return usual
}

// repo links a repository by its name "owner/name".
func repo(name, address string) parts.Link {
	if address == "" && strings.Count(name, "/") == 1 {
		owner, short, _ := strings.Cut(name, "/")
		address = "/repo/" + url.PathEscape(owner) + "/" + url.PathEscape(short)
	}
	return parts.Link{Text: name, URL: address}
}
