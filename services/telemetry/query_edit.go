package telemetry

import (
	"slices"
	"strings"
)

// UsesClock tells whether the rows that match change with time alone.
func (q Query) UsesClock() bool {
	return slices.ContainsFunc(q.Terms, func(t Term) bool {
		return slices.ContainsFunc(t.Values, func(v QueryValue) bool {
			return (v.Span != nil && v.Span.Ago) || (q.List == ListSessions && t.Qualifier == "is" && v.Text == WordActive)
		})
	})
}

// Values returns the values that the query asks for by a qualifier, those of
// negated terms left out: what a plain select shows as chosen.
func (q Query) Values(qualifier string) []string {
	var values []string
	for _, t := range q.Terms {
		if t.Qualifier == qualifier && !t.Not {
			for _, v := range t.Values {
				values = append(values, v.Text)
			}
		}
	}
	return values
}

// With returns the query with one term of the qualifier in place of all that
// it has, negated ones included; without values it has none left. The error
// is that of ParseQuery for an unknown qualifier or value.
func (q Query) With(qualifier string, values ...string) (Query, error) {
	out := q.Without(qualifier)
	if len(values) == 0 {
		return out, nil
	}
	return out.And(qualifier, values...)
}

// And returns the query with a further term: any of the values. The
// qualifier "" adds a free text.
func (q Query) And(qualifier string, values ...string) (Query, error) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quoteValue(v, qualifier == "")
	}
	text := strings.Join(quoted, ",")
	if qualifier != "" {
		text = qualifier + ":" + text
	}
	more, err := ParseQuery(q.List, text)
	if err != nil {
		return q, err
	}
	return Query{List: q.List, Terms: slices.Concat(q.Terms, more.Terms)}, nil
}

// Without returns the query without any term of the qualifier, by its
// canonical name; "" stands for free text.
func (q Query) Without(qualifier string) Query {
	out := Query{List: q.List}
	for _, t := range q.Terms {
		if t.Qualifier != qualifier {
			out.Terms = append(out.Terms, t)
		}
	}
	return out
}

// completionMost is how many choices are offered: what fits on a screen.
const completionMost = 12

// CompletionPoint is the place in a query at which a person types.
type CompletionPoint struct {
	Qualifier *Qualifier // whose value is typed; nil where a qualifier is
	Typed     string     // what is typed of it, without quotes

	list       ListName
	text       string
	start, end int // in bytes: what a choice replaces
	taken      []string
}

// Completion is one choice: what it is, and the query with it.
type Completion struct {
	Text  string // as it stands in the query: "severity:", "high"
	Help  string
	Query string // the whole query with it
	Caret int    // where to type on, in UTF-16 units as browsers count
}

// CompleteAt finds what stands at the caret, which counts UTF-16 units as
// browsers do. ok is false where nothing can be completed: an unknown
// qualifier, or a query that cannot be read so far.
func CompleteAt(list ListName, text string, caret int) (p CompletionPoint, ok bool) {
	if checkText(text) != nil || Qualifiers(list) == nil {
		return p, false
	}
	at := fromUTF16(text, caret)
	p = CompletionPoint{list: list, text: text, start: at, end: at}
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
	vocabulary := Qualifiers(list)
	i := slices.IndexFunc(vocabulary, func(v Qualifier) bool { return v.called(w.name) })
	if i < 0 {
		return p, false
	}
	p.Qualifier = &vocabulary[i]
	for _, o := range w.parts[:len(w.parts)-1] {
		p.taken = append(p.taken, strings.ToLower(o.text))
	}
	return p, true
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

// Choices returns what fits at the point: qualifiers, or the values of one.
// dynamic are the data's values of a Dynamic qualifier, the likeliest first.
func (p CompletionPoint) Choices(dynamic []string) []Completion {
	choices := []Completion{}
	typed := strings.ToLower(p.Typed)
	add := func(text, help string) {
		if len(choices) < completionMost {
			choices = append(choices, p.choice(text, help))
		}
	}
	if p.Qualifier == nil {
		begins := func(name string) bool { return strings.HasPrefix(name, typed) }
		for _, v := range Qualifiers(p.list) {
			if begins(v.Name) || typed != "" && slices.ContainsFunc(v.Aliases, begins) {
				add(v.Name+":", v.Help)
			}
		}
		return choices
	}
	values := slices.Concat(p.Qualifier.Values, dynamic)
	for _, prefix := range []bool{true, false} {
		for _, v := range values {
			folded := strings.ToLower(v)
			begins := strings.HasPrefix(folded, typed)
			if begins == prefix && (begins || strings.Contains(folded, typed)) && !slices.Contains(p.taken, folded) && v != "" {
				add(quoteValue(v, false), "")
			}
		}
	}
	return choices
}

// choice puts a text in place of what is typed. A finished value is parted
// from what follows by a space.
func (p CompletionPoint) choice(text, help string) Completion {
	with, rest := text, p.text[p.end:]
	if p.Qualifier != nil && (rest == "" || rest[0] != ' ' && rest[0] != ',') {
		with += " "
	}
	before := p.text[:p.start] + with
	return Completion{Text: text, Help: help, Query: before + rest, Caret: lenUTF16(before)}
}

// fromUTF16 turns a place in UTF-16 units into one in bytes, within s.
func fromUTF16(s string, units int) int {
	for i, r := range s {
		if units <= 0 {
			return i
		}
		units--
		if r > 0xffff {
			units--
		}
	}
	return len(s)
}

func lenUTF16(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// QuoteUnknown makes words of what looks like a qualifier and is none of any
// list, so that a search looks for it as it stands, and says so in a sentence,
// "" where there is none. What cannot be read is left to ParseQuery.
func QuoteUnknown(text string) (quoted, note string) {
	words, err := split(text)
	if checkText(text) != nil || err != nil {
		return text, ""
	}
	var names, unknown []string
	for _, list := range ListNames() {
		for _, v := range Qualifiers(list) {
			if !slices.Contains(names, v.Name) {
				names = append(names, v.Name)
			}
		}
	}
	known := func(name string) bool {
		return slices.ContainsFunc(ListNames(), func(list ListName) bool {
			return slices.ContainsFunc(Qualifiers(list), func(v Qualifier) bool { return v.called(name) })
		})
	}
	texts := make([]string, len(words))
	for i, w := range words {
		if texts[i] = w.text; w.name != "" && !known(w.name) {
			texts[i] = Term{Not: w.not, Values: []QueryValue{{Text: strings.TrimPrefix(w.text, "-")}}}.String()
			unknown = append(unknown, "“"+head(w.name)+"”")
		}
	}
	if len(unknown) == 0 {
		return text, ""
	}
	slices.Sort(names)
	return strings.Join(texts, " "), "No list has the qualifier " + strings.Join(slices.Compact(unknown), " or ") + ", so it was looked for as a word. Lists have: " + strings.Join(names, ", ") + "."
}
