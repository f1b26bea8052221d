package telemetry

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// View is a list's filter and sort under a name, shared by all.
type View struct {
	ID      string `json:"id"`    // the store's
	Name    string `json:"name"`  // a text of people's, to be shown as text
	List    string `json:"list"`  // its name: issues, sessions, pulls, runs or repos
	Query   string `json:"query"` // of the list's URL: q, sort and the like, without the page
	Created Time   `json:"created"`
}

// Key is the form in which names are compared.
func (v View) Key() string { return strings.ToLower(v.Name) }

// viewNameRunes is how long the name of a view may be.
const viewNameRunes = 60

// ViewName is a view's name as it is kept, its white space made plain. The
// error is CodeInvalid and says what is wrong.
func ViewName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", Errorf(CodeInvalid, "Name is missing. Example: \"Critical, older than a month\".")
	case n > viewNameRunes:
		return "", Errorf(CodeInvalid, "Invalid name: it has %d characters; the limit is %d.", n, viewNameRunes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		return "", Errorf(CodeInvalid, "Invalid name: it has control characters.")
	}
	return name, nil
}

// isControl reports whether r breaks a line, or turns the direction of the text
// beside it.
func isControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
