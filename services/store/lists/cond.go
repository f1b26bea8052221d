package lists

import (
	"strconv"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
)

// Cond is a piece of SQL with its arguments: a condition, a source of rows, an
// order. In its text ? stands for the next argument and @ for the time that is
// asked about; a column that an index begins with stands in braces, with = in
// them where it is compared with one value. It is rendered last, when the whole
// statement is known.
type Cond struct {
	Text string
	Args []any
}

// that is the condition of a text and its arguments.
func that(text string, args ...any) Cond { return Cond{text, args} }

// within is the condition inside a query that it ends.
func (c Cond) within(query string) Cond { return Cond{query + c.Text + ")", c.Args} }

// never holds for no row.
func never() Cond { return that("1 = 0") }

// not turns a condition over. Conditions are never NULL.
func not(c Cond) Cond { return Cond{"NOT (" + c.Text + ")", c.Args} }

// anyOf holds where one of the conditions does.
func anyOf(list ...Cond) Cond { return joined(list, " OR ", never()) }

// allOf holds where all of the conditions do.
func allOf(list ...Cond) Cond { return joined(list, " AND ", that("true")) }

func joined(list []Cond, between string, none Cond) Cond {
	switch len(list) {
	case 0:
		return none
	case 1:
		return list[0]
	}
	var all Cond
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.Text
		all.Args = append(all.Args, c.Args...)
	}
	all.Text = "(" + strings.Join(texts, between) + ")"
	return all
}

// statement renders conditions into one SQL text with numbered arguments.
type statement struct {
	text strings.Builder
	args []any
	at   int64  // the time that @ stands for, in unix milliseconds
	seat int    // the number of its argument, 0 while it has none
	walk *order // not nil: the rows are walked in this order, see column
}

// add appends a text without arguments of its own.
func (s *statement) add(text string) *statement { return s.put(Cond{Text: text}) }

// put appends a condition.
func (s *statement) put(c Cond) *statement {
	args := c.Args
	for {
		i := strings.IndexAny(c.Text, "?@{")
		if i < 0 {
			break
		}
		s.text.WriteString(c.Text[:i])
		rest := c.Text[i+1:]
		switch c.Text[i] {
		case '@':
			s.time()
		case '{':
			var name string
			name, rest, _ = strings.Cut(rest, "}")
			s.column(name)
		default:
			s.args = append(s.args, args[0])
			args = args[1:]
			s.text.WriteString("$" + strconv.Itoa(len(s.args)))
		}
		c.Text = rest
	}
	s.text.WriteString(c.Text)
	return s
}

// time appends the argument of the time, which is one however often it stands.
func (s *statement) time() {
	if s.seat == 0 {
		s.args = append(s.args, s.at)
		s.seat = len(s.args)
	}
	s.text.WriteString("$" + strconv.Itoa(s.seat))
}

// column appends a column that an index begins with. Where the rows are walked
// in the order of their sort until a page is full, any other index would have
// all rows that it chooses sorted: a unary plus keeps SQLite from taking it.
func (s *statement) column(name string) {
	name, single := strings.CutPrefix(name, "=")
	if s.walk != nil && !s.walk.serves(name, single) {
		s.text.WriteString("+")
	}
	s.text.WriteString(name)
}

// where appends conditions that all have to hold, if there are any.
func (s *statement) where(list []Cond) *statement {
	for i, c := range list {
		s.add([]string{" WHERE ", " AND "}[min(i, 1)]).put(c)
	}
	return s
}

// within compares a column with a span.
func within(column string, s query.Span) Cond {
	var list []Cond
	if s.HasLow {
		list = append(list, that(column+" >= ?", s.Low))
	}
	if s.HasHigh {
		list = append(list, that(column+" < ?", s.High))
	}
	return allOf(list...)
}

// mostArgs is how many arguments a statement takes for one list: SQLite has
// 32,766 in all, and hostile records may have more names.
const mostArgs = 10_000

// in compares a column with values.
func in[T any](column string, values []T) Cond {
	if len(values) > mostArgs {
		return that(column+" IN (SELECT e.value FROM texts(?)texts)", store.JSON(values))
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	switch len(values) {
	case 0:
		return never()
	case 1: // the order of the column's index serves
		return Cond{strings.Replace(column, "{", "{=", 1) + " = ?", args}
	}
	return Cond{column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ") + ")", args}
}

// fold begins a column as LIKE compares it in any case of ASCII; store.Tx completes it.
const fold = "fold("

// like compares a column with a pattern, in any case of ASCII.
func like(column, pattern string) Cond { return that(fold+column+`) LIKE ? ESCAPE '\'`, pattern) }

// contains holds where a text stands in a column.
func contains(column, text string) Cond { return like(column, "%"+escaped(text)+"%") }

// anyContains holds where a text stands in one of the columns.
func anyContains(text string, columns ...string) Cond {
	list := make([]Cond, len(columns))
	for i, column := range columns {
		list[i] = contains(column, text)
	}
	return anyOf(list...)
}

// glob is the pattern of a text in which * stands for any characters.
func glob(text string) string { return strings.ReplaceAll(escaped(text), "*", "%") }

func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lowered(text))
}

// lowered folds ASCII alone, as SQL's lower() does in both databases.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
