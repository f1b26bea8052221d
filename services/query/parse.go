package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a query: more than a person writes, and less than costs the
// database anything.
const (
	maxRunes  = 1000
	maxTerms  = 30
	maxValues = 50
)

// Query is a search of one list: rows match if they match every term. The
// zero value matches all rows. It is not changed after it was made.
type Query struct {
	Schema *Schema // nil only in the zero value
	Terms  []Term
}

// Term is one condition. A row matches if any of the values does, or, with
// Not, if none does.
type Term struct {
	Field  string // its canonical name, "" for free text
	Not    bool
	Values []Value
}

// Value is one value of a term.
type Value struct {
	Text string // in canonical spelling, without quotes
	Span *Span  // of a number, an age or a date
}

// Parse reads GitHub's search grammar:
//
//	is:open severity:critical,high -path:test/ attempts:>=3 age:>30d "free text"
//
// Terms are separated by spaces and all have to hold; a comma between values
// means "or"; a leading "-" means "not"; text in quotes is taken as it
// stands, with \" and \\ for a quote and a backslash. The error is an *Error
// that names the first fault and what is allowed.
func (s *Schema) Parse(text string) (Query, error) {
	q := Query{Schema: s}
	if err := Check(text); err != nil {
		return q, err
	}
	words, fault := scanWords(text)
	if fault != nil {
		return q, fault
	}
	for _, w := range words {
		term, err := w.term(s)
		if err != nil {
			return q, err
		}
		q.Terms = append(q.Terms, term)
	}
	if len(q.Terms) > maxTerms {
		return q, errorf("The query has %d terms; the limit is %d.", len(q.Terms), maxTerms)
	}
	return q, nil
}

// Check refuses what no person types: what is too long, or no plain text. The
// error is an *Error.
func Check(text string) error {
	if n := utf8.RuneCountInString(text); n > maxRunes {
		return errorf("The query has %d characters; the limit is %d.", n, maxRunes)
	}
	if !utf8.ValidString(text) {
		return errorf("The query is not valid UTF-8 text.")
	}
	if at := strings.IndexFunc(text, unicode.IsControl); at >= 0 {
		return errorf("The query has a control character (%U) after %q. Remove it.", []rune(text[at:])[0], tail(text[:at]))
	}
	return nil
}

// tail is the end of a text, short enough for a sentence.
func tail(s string) string {
	r := []rune(s)
	return string(r[max(0, len(r)-20):])
}

// word is one word of a query as it stands in the text.
type word struct {
	text  string // the whole of it
	start int    // where it begins, in bytes
	not   bool
	name  string // "" for free text
	parts []queryPart
}

// queryPart is one value of a word.
type queryPart struct {
	text   string
	quoted bool
	start  int // where it begins in the query, in bytes, its quote included
	end    int
}

// scanWords returns the words up to the first fault, and the fault.
func scanWords(text string) ([]word, *Error) {
	var words []word
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
		if at == len(text) {
			return words, nil
		}
		w := word{start: at}
		if text[at] == '-' {
			w.not = true
			at++
		}
		if n := nameLength(text[at:]); n > 0 {
			w.name = text[at : at+n]
			at += n + 1
		}
		end, err := w.scanParts(text, at)
		w.text = text[w.start:end]
		words = append(words, w)
		if err != nil {
			return words, err
		}
		at = end
	}
}

// nameLength is the length of the qualifier's name with which s begins, 0 if
// it begins with none. An address (https://…) begins with none.
func nameLength(s string) int {
	n := strings.IndexByte(s, ':')
	if n <= 0 || strings.HasPrefix(s[n:], "://") {
		return 0
	}
	for i := range n {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || s[i] != '_' && s[i] != '-') {
			return 0
		}
	}
	return n
}

// scanParts reads the values of a word from at on and returns where it ends.
// Free text has one value, commas and all.
func (w *word) scanParts(text string, at int) (int, *Error) {
	for {
		part := queryPart{start: at}
		if strings.HasPrefix(text[at:], `"`) {
			value, n := unquote(text[at:])
			if n < 0 {
				w.parts = append(w.parts, queryPart{text: text[at+1:], quoted: true, start: at, end: len(text)})
				return len(text), errorf(
					"The quote before %q is never closed; write \"…\" around the whole text.", head(text[at+1:]))
			}
			part.text, part.quoted = value, true
			at += n
		} else {
			n := len(text) - at
			if i := strings.IndexFunc(text[at:], func(r rune) bool {
				return unicode.IsSpace(r) || r == '"' || (r == ',' && w.name != "")
			}); i >= 0 {
				n = i
			}
			part.text = text[at : at+n]
			at += n
		}
		part.end = at
		w.parts = append(w.parts, part)
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case size == 0 || unicode.IsSpace(r):
			return at, nil
		case r == ',' && w.name != "":
			at += size
		default:
			end := at + strings.IndexFunc(text[at:]+" ", unicode.IsSpace)
			return end, errorf(
				"Unexpected quote in %q. Quote the whole value, and write \\\" for a quote inside it.",
				head(text[w.start:end]))
		}
	}
}

// unquote reads the quoted text with which s begins; n is how many bytes it
// takes with its quotes, -1 if it never ends.
func unquote(s string) (value string, n int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i + 1
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", -1
}

// head is the beginning of a text, short enough for a sentence.
func head(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// term gives a word its meaning in a list.
func (w *word) term(s *Schema) (Term, error) {
	t := Term{Not: w.not}
	if w.name == "" {
		if w.parts[0].text == "" {
			return t, errorf("%q has no text: want a word, or text in quotes.", w.text)
		}
		t.Values = []Value{{Text: w.parts[0].text}}
		return t, nil
	}
	texts := make([]string, len(w.parts))
	for i, p := range w.parts {
		texts[i] = p.text
	}
	made, err := s.Term(w.name, texts...)
	made.Not = w.not
	return made, err
}

// Term makes a term of values that are no query's text, for example those of
// a parameter. The error is that of Parse for an unknown field or value.
func (s *Schema) Term(name string, texts ...string) (Term, error) {
	f := s.Field(name)
	if f == nil {
		return Term{}, s.unknown(name)
	}
	t := Term{Field: f.Name}
	if len(texts) > maxValues {
		return t, errorf("Invalid %s: %d values; the limit is %d.", name, len(texts), maxValues)
	}
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			return t, errorf("Invalid %s: a value is missing; %s.", name, f.wants())
		}
		v, ok := f.Kind.read(f, text)
		if !ok {
			return t, errorf("Invalid %s %q: %s.", name, head(text), f.wants())
		}
		t.add(v)
	}
	return t, nil
}

// add adds a value that the term does not have yet.
func (t *Term) add(v Value) {
	if !slices.ContainsFunc(t.Values, func(o Value) bool { return o.Text == v.Text }) {
		t.Values = append(t.Values, v)
	}
}

// unknown is the fault of a name that no field of the list has.
func (s *Schema) unknown(name string) error {
	names := make([]string, len(s.Fields))
	for i := range s.Fields {
		names[i] = s.Fields[i].Name
	}
	return errorf("Unknown qualifier %q for %s: want one of %s. To search for this text, put it in quotes.",
		head(name), s.Noun, strings.Join(names, ", "))
}

// String is the query in canonical spelling: Parse makes the same query
// of it.
func (q Query) String() string {
	words := make([]string, len(q.Terms))
	for i, t := range q.Terms {
		words[i] = t.String()
	}
	return strings.Join(words, " ")
}

// String is the term in canonical spelling.
func (t Term) String() string {
	values := make([]string, len(t.Values))
	for i, v := range t.Values {
		values[i] = quoteValue(v.Text, t.Field == "")
	}
	text := strings.Join(values, ",")
	if t.Field != "" {
		text = t.Field + ":" + text
	}
	if t.Not {
		return "-" + text
	}
	return text
}

// quoteValue puts quotes around a text that would not be read as one value
// without them.
func quoteValue(s string, free bool) string {
	special := s == "" || strings.ContainsRune(s, '"') || strings.IndexFunc(s, unicode.IsSpace) >= 0
	if free {
		special = special || s[0] == '-' || nameLength(s) > 0
	} else {
		special = special || strings.ContainsRune(s, ',')
	}
	if !special {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
