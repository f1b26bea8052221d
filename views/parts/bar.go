package parts

// Saved is a view that people saved: a tab of its list.
type Saved struct {
	ID      string
	Name    string   // a text of people's
	Changes []string // what it makes of the list's address, as in Address.Href
	Current bool
}

// SaveForm saves the list's view under a name. The zero form is not shown.
type SaveForm struct {
	URL    string // where it posts
	Delete string // where a saved view's deletion posts
	Hidden []Field
	Name   string // as it was typed
	Fault  string // why it was not saved
	Most   int    // letters of a name
}

// Exports is the menu that downloads all rows of the list as it is shown.
type Exports struct {
	Note  string // what that is: "This view, 106 issues"
	Items []Download
	API   string // the address that answers the same as JSON, in pages
}

// Download is one form of a list.
type Download struct {
	Text string // "CSV"
	Note string // "106 rows"
	URL  string
}

// current is the saved view that is shown, nil for none.
func (b Bar) current() *Saved {
	for i := range b.Saved {
		if b.Saved[i].Current {
			return &b.Saved[i]
		}
	}
	return nil
}
