package query

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// Values returns the values that the query asks for by a field, those of
// negated terms left out: what a plain select shows as chosen.
func (q Query) Values(field string) []string {
	var values []string
	for _, t := range q.Terms {
		if t.Field == field && !t.Not {
			for _, v := range t.Values {
				values = append(values, v.Text)
			}
		}
	}
	return values
}

// With returns the query with one term of the field in place of all that it has, or
// without values none. The error is that of Parse for an unknown field or value.
func (q Query) With(field string, values ...string) (Query, error) {
	out := q.Without(field)
	if len(values) == 0 {
		return out, nil
	}
	return out.And(field, values...)
}

// And returns the query with a further term: any of the values. The field ""
// adds a free text.
func (q Query) And(field string, values ...string) (Query, error) {
	t := Term{Field: field}
	for _, v := range values {
		t.Values = append(t.Values, Value{Text: v})
	}
	more, err := q.Schema.Parse(t.String())
	if err != nil {
		return q, err
	}
	return Query{Schema: q.Schema, Terms: slices.Concat(q.Terms, more.Terms)}, nil
}

// Without returns the query without any term of the field, by its canonical
// name; "" stands for free text.
func (q Query) Without(field string) Query {
	out := Query{Schema: q.Schema}
	for _, t := range q.Terms {
		if t.Field != field {
			out.Terms = append(out.Terms, t)
		}
	}
	return out
}

// mostChoices is how many choices are offered: what fits on a screen.
const mostChoices = 12

// Point is the place in a query at which a person types.
type Point struct {
	Field *Field // whose value is typed; nil where a name is
	Typed string // what is typed of it, without quotes

	schema     *Schema
	text       string
	start, end int // in bytes: what a choice replaces
	taken      []string
}

// Completion is one choice: what it is, and the query with it.
type Completion struct {
	Text  string `json:"text"` // as it stands in the query: "severity:", "high"
	Help  string `json:"help"`
	Query string `json:"query"` // the whole query with it
	Caret int    `json:"caret"` // where to type on, in UTF-16 units as browsers count
}

// At finds what stands at the caret, which counts UTF-16 units as browsers do. ok is
// false where nothing can be completed.
func (s *Schema) At(text string, caret int) (p Point, ok bool) {
	if Check(text) != nil {
		return p, false
	}
	at := fromUTF16(text, caret)
	p = Point{schema: s, text: text, start: at, end: at}
	words, _ := scanWords(text[:at]) // an open quote is what a person is typing
	if len(words) == 0 {
		return p, true
	}
	w := words[len(words)-1]
	if w.start+len(w.text) < at {
		return p, true
	}
	part := w.parts[len(w.parts)-1]
	p.Typed, p.start, p.end = part.text, part.start, endOfPart(text, at, part)
	if w.name == "" {
		return p, !part.quoted
	}
	p.Field = s.Field(w.name)
	for _, o := range w.parts[:len(w.parts)-1] {
		p.taken = append(p.taken, strings.ToLower(o.text))
	}
	return p, p.Field != nil
}

// endOfPart is where the value ends whose beginning is typed.
func endOfPart(text string, at int, part queryPart) int {
	stop := ", "
	if part.quoted {
		stop = `"`
	}
	end := strings.IndexAny(text[at:], stop)
	switch {
	case end < 0:
		return len(text)
	case part.quoted && part.end == at && strings.HasSuffix(text[:at], `"`) && at > part.start+1:
		return at // the caret stands behind the closing quote
	case part.quoted:
		return at + end + 1
	}
	return at + end
}

// Choices returns what fits at the point: names of fields, or the values of
// one. dynamic are the data's values of a Dynamic field, the likeliest first.
func (p Point) Choices(dynamic []string) []Completion {
	if p.Field == nil {
		return p.names()
	}
	return p.values(slices.Concat(p.Field.Words, dynamic))
}

// names are the choices of fields: those that begin with what is typed.
func (p Point) names() []Completion {
	choices := []Completion{}
	typed := strings.ToLower(p.Typed)
	begins := func(name string) bool { return strings.HasPrefix(name, typed) }
	for _, f := range p.schema.Fields {
		if begins(f.Name) || typed != "" && slices.ContainsFunc(f.Aliases, begins) {
			choices = append(choices, p.choice(f.Name+":", f.Help))
		}
	}
	return choices[:min(mostChoices, len(choices))]
}

// values are the choices of values that the query has not yet: those that
// begin with what is typed, then those that hold it elsewhere.
func (p Point) values(all []string) []Completion {
	var begin, hold []string
	typed := strings.ToLower(p.Typed)
	for _, v := range all {
		folded := strings.ToLower(v)
		switch {
		case v == "" || slices.Contains(p.taken, folded):
		case strings.HasPrefix(folded, typed):
			begin = append(begin, v)
		case strings.Contains(folded, typed):
			hold = append(hold, v)
		}
	}
	fit := append(begin, hold...)
	choices := []Completion{}
	for _, v := range fit[:min(mostChoices, len(fit))] {
		choices = append(choices, p.choice(quoteValue(v, false), ""))
	}
	return choices
}

// choice puts a text in place of what is typed.
func (p Point) choice(text, help string) Completion {
	before, rest := p.text[:p.start]+text, p.text[p.end:]
	if p.Field != nil && (rest == "" || rest[0] != ' ' && rest[0] != ',') {
		before += " " // parts a finished value from what follows
	}
	return Completion{Text: text, Help: help, Query: before + rest, Caret: len(utf16.Encode([]rune(before)))}
}

// fromUTF16 turns a place in UTF-16 units into one in bytes, within s.
func fromUTF16(s string, units int) int {
	for i, r := range s {
		if units <= 0 {
			return i
		}
		units -= utf16.RuneLen(r)
	}
	return len(s)
}

// QuoteUnknown makes words of what looks like a name and is none in any of
// the schemas, so that a search looks for it as it stands, and says so in a
// sentence, "" where there is none. What cannot be read is left to Parse.
func QuoteUnknown(schemas []*Schema, text string) (quoted, note string) {
	words, fault := scanWords(text)
	if Check(text) != nil || fault != nil {
		return text, ""
	}
	known := func(name string) bool {
		return slices.ContainsFunc(schemas, func(s *Schema) bool { return s.Field(name) != nil })
	}
	var unknown []string
	texts := make([]string, len(words))
	for i, w := range words {
		if texts[i] = w.text; w.name != "" && !known(w.name) {
			texts[i] = Term{Not: w.not, Values: []Value{{Text: strings.TrimPrefix(w.text, "-")}}}.String()
			unknown = append(unknown, "“"+head(w.name)+"”")
		}
	}
	if len(unknown) == 0 {
		return text, ""
	}
	return strings.Join(texts, " "), "Unknown qualifier " + strings.Join(slices.Compact(unknown), " and ") +
		": searched for as text. Qualifiers are " + strings.Join(names(schemas), ", ") + "."
}

// names are the names of all fields, each once, sorted.
func names(schemas []*Schema) []string {
	var all []string
	for _, s := range schemas {
		for i := range s.Fields {
			all = append(all, s.Fields[i].Name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
