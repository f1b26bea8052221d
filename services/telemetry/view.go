package telemetry

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// View is a list's filter and sort under a name, shared by all.
type View struct {
	ID      string // the store's
	Name    string // a text of people's, to be shown as text
	List    ListName
	Query   string // of the list's URL: q, sort and the like, without the page
	Created time.Time
}

// Key is the form in which names are compared.
func (v View) Key() string { return strings.ToLower(v.Name) }

// The limits of a view.
const (
	viewNameRunes  = 60
	viewQueryBytes = 4000
)

// NewView checks what a person wants to save. The query is that of a list's
// URL; its page is left out. The error is CodeInvalid and says what is wrong.
func NewView(name string, list ListName, query string) (View, error) {
	name, err := ViewName(name)
	switch {
	case err != nil:
		return View{}, err
	case Qualifiers(list) == nil:
		return View{}, Errorf(CodeInvalid, "list: it is one of %s.", join(ListNames()))
	case len(query) > viewQueryBytes:
		return View{}, Errorf(CodeInvalid, "query: it is %d bytes long; up to %d are kept.", len(query), viewQueryBytes)
	}
	query = strings.TrimPrefix(query, "?")
	values, err := url.ParseQuery(query)
	if err != nil || query != "" && !namesParameters(values, query) {
		return View{}, Errorf(CodeInvalid, "query: it is that of a list's URL; write for example q=is%%3Aopen&sort=severity.").Because(err)
	}
	values.Del("page")
	for key, list := range values {
		for _, text := range append(list, key) {
			if checkText(text) != nil {
				return View{}, Errorf(CodeInvalid, "query: %q has control characters, is no text, or is too long.", head(key))
			}
		}
	}
	if _, err := ParseQuery(list, values.Get("q")); err != nil {
		return View{}, err
	}
	return View{Name: name, List: list, Query: values.Encode()}, nil
}

// namesParameters tells a URL's query from a list's ("is:open"), which would be
// read as a parameter of that name, and filter nothing.
func namesParameters(values url.Values, query string) bool {
	for name := range values {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return false
		}
	}
	return strings.Contains(query, "=")
}

// ViewName is a view's name as it is kept, its white space made plain. The
// error is CodeInvalid and says what is wrong.
func ViewName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", Errorf(CodeInvalid, "name: a view needs a name; write for example \"Critical, older than a month\".")
	case n > viewNameRunes:
		return "", Errorf(CodeInvalid, "name: it is %d characters long; up to %d are kept.", n, viewNameRunes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		return "", Errorf(CodeInvalid, "name: it has control characters; write plain text.")
	}
	return name, nil
}

// Noun is what a list lists: "pull requests".
func (l ListName) Noun() string {
	switch l {
	case ListPulls:
		return "pull requests"
	case ListRepos:
		return "repositories"
	}
	return string(l)
}

// isControl tells what a name must not hold: it would break a line, or turn
// the direction of the text beside it.
func isControl(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
