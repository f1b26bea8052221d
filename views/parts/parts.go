// Package parts owns the small pieces that pages are made of: icons, states,
// times, pagers, tables, buttons, charts. It knows no business words, and
// nothing outside the standard library and templ: what it shows comes in
// finished.
package parts

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:generate go tool -modfile=../../tools/go.mod templ generate -path ..

// Tone is a color with a meaning. The zero Tone is plain text.
type Tone string

// The tones, as GitHub uses them.
const (
	Muted     Tone = "muted"
	Accent    Tone = "accent"
	Attention Tone = "attention"
	Success   Tone = "success"
	Severe    Tone = "severe"
	Danger    Tone = "danger"
	Done      Tone = "done"
)

// Class is the style class of the tone, "" for plain text.
func (t Tone) Class() string {
	if t == "" {
		return ""
	}
	return "fg-" + string(t)
}

// Link is a text that leads somewhere; without URL it is only the text.
type Link struct {
	Text string
	URL  string // http(s) or a path of this server; any other scheme is not linked
}

// State is an icon, its color and a label: never color alone.
type State struct {
	Icon  string
	Tone  Tone
	Label string
}

// SafeURL returns raw if a link may have it: a path of this server,
// or an http(s) address. Else it returns "". Records are written by others,
// and a "javascript:" in one must not become a link.
func SafeURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host != "" {
			return raw
		}
	case "":
		if strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") && !strings.Contains(raw, `\`) {
			return raw
		}
	}
	return ""
}

func external(raw string) bool { return strings.Contains(raw, "://") }

// Address is the page that shows a panel and the fragment that it asks for
// again, with the same query.
type Address struct {
	Page  string     // path of the document: "/repo/o/r/issues"
	Panel string     // path of the fragment: "/panels/issues"
	Scope url.Values // what Page's path says and Panel's query must say: repo=o/r
	Query url.Values // the view: page, per_page, sort, order, filters; defaults left out
}

// Href returns the document's address with the query changed: keys and
// values in turn, an empty value takes the key out; Blank leaves it empty.
func (a Address) Href(changes ...string) string {
	return join(a.Page, changed(a.Query, changes))
}

// Get returns the fragment's address with the query changed as in Href.
func (a Address) Get(changes ...string) string {
	query := changed(a.Query, changes)
	maps.Copy(query, a.Scope)
	return join(a.Panel, query)
}

func changed(query url.Values, changes []string) url.Values {
	result := url.Values{}
	maps.Copy(result, query)
	for i := 0; i+1 < len(changes); i += 2 {
		switch changes[i+1] {
		case "":
			result.Del(changes[i])
		case Blank:
			result.Set(changes[i], "")
		default:
			result.Set(changes[i], changes[i+1])
		}
	}
	return result
}

func join(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Whole is what is counted in.
type Whole interface{ ~int | ~int64 }

// Number writes n with commas between thousands: 1,585.
func Number[N Whole](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural writes n with its noun: "1 issue", "2,314 issues". The plural is
// the noun with "s", or with "ies" for its "y", where plural is "".
func Plural[N Whole](n N, noun, plural string) string {
	if stem, ok := strings.CutSuffix(noun, "y"); plural == "" && ok && !strings.HasSuffix(stem, "a") {
		plural = stem + "ies"
	} else if plural == "" {
		plural = noun + "s"
	}
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + plural
}

func classes(names ...string) string {
	var kept []string
	for _, name := range names {
		if name != "" {
			kept = append(kept, name)
		}
	}
	return strings.Join(kept, " ")
}

// kept are the parameters of the view but some, so that a form sends them
// along.
func (a Address) kept(but ...string) []Field {
	var fields []Field
	for _, key := range slices.Sorted(maps.Keys(a.Query)) {
		if !slices.Contains(but, key) {
			fields = append(fields, Field{key, a.Query.Get(key)})
		}
	}
	return fields
}

// Blank is a changed value that stays in the address although it is empty.
const Blank = "\x00"

func current(class string, is bool) string {
	if is {
		return class + " is-current"
	}
	return class
}
