package parts

import (
	"slices"
	"unicode/utf8"
)

// View is one view of a list: a usual one, or one that people saved.
type View struct {
	ID      string   // of a saved one
	Text    string   // a saved one's is a text of people's
	Count   string   // its rows; "" = not counted
	Changes []string // what it makes of the list's address, as in Address.Href
	Current bool
}

// Room for the tabs of a list, in pixels: the narrowest window that shows them,
// less the button for the rest. A letter and what surrounds a tab are taken
// wide; where a font is wider still, names are cut and no tab wraps.
const (
	tabsRoom   = 1232 - 96
	tabLetter  = 8.4
	tabAround  = 24
	tabCounter = 28
)

// tabs are the views that stand side by side, and those behind "More": the
// last ones. The current one is always among the first.
func (b Bar) tabs() (shown, more []View) {
	room := float64(tabsRoom)
	if i := slices.IndexFunc(b.Views, func(v View) bool { return v.Current }); i >= 0 {
		room -= b.Views[i].width()
	}
	for _, v := range b.Views {
		if !v.Current {
			room -= v.width()
		}
		if v.Current || room >= 0 {
			shown = append(shown, v)
		} else {
			more = append(more, v)
		}
	}
	return shown, more
}

// width is about how wide the view's tab is.
func (v View) width() float64 {
	w := min(320, tabAround+tabLetter*float64(utf8.RuneCountInString(v.Text)))
	if v.Count != "" {
		w += tabCounter
	}
	return w
}

// menuMost is how many choices a menu shows without a box to find one.
const menuMost = 12

// searched reports whether the menu has a box to find a choice.
func (m Menu) searched() bool { return len(m.Choices) > menuMost || m.More != "" || m.Find != "" }

// SortChoice is one order of a list.
type SortChoice struct {
	Text      string
	Icon      string // of its direction, where it is the current one
	Direction string // the direction as text
	Changes   []string
	Current   bool
}

// SortsOf are the orders that the columns of a table offer, with what their
// headers do.
func SortsOf(columns []Column, sort Sort) []SortChoice {
	var all []SortChoice
	for _, c := range columns {
		if c.Key != "" {
			s := SortChoice{Text: c.Text, Changes: []string{"sort", c.Key, "order", sort.next(c), "page", ""}, Current: c.Key == sort.Key}
			if s.Current {
				s.Icon, s.Direction = sort.arrow(c), sort.aria(c)
			}
			all = append(all, s)
		}
	}
	return all
}

// ColumnChoice is a column that is shown on request.
type ColumnChoice struct {
	Text    string
	Changes []string // what shows it, or hides it again
	Current bool
}

// sorted is the order that is shown.
func (b Bar) sorted() SortChoice {
	for _, s := range b.Sorts {
		if s.Current {
			return s
		}
	}
	return SortChoice{Text: "Sort"} // by what no column shows
}

// SaveForm saves the list's view under a name. The zero form is not shown.
type SaveForm struct {
	URL    string // where it posts
	Rename string // where a saved view's other name posts
	Delete string // where a saved view's deletion posts
	Hidden []Field
	Name   string // as it was typed
	Fault  string // why it was not saved
	Taken  bool   // another view has the name
	Most   int    // letters of a name
}

// Exports is the menu that downloads all rows of the list as it is shown.
type Exports struct {
	Note  string // what that is: "This view, 106 issues"
	Items []Download
	Feeds []Link // the pages on which its feeds are offered
	API   string // the address that answers the same as JSON, in pages
}

// Download is one form of a list.
type Download struct {
	Text string // "CSV"
	Note string // "106 rows"
	URL  string
}

// current is the view that is shown; one that is no tab has a name that says
// so.
func (b Bar) current() View {
	for _, v := range b.Views {
		if v.Current {
			return v
		}
	}
	return View{Text: "Filtered", Count: b.Rows}
}
