package lists

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// asked says how a query asks for a field: how values are read, and what they compare.
type asked struct {
	kind   query.Kind
	words  []string // what completion offers, or all that there is
	noPast []string // words that are not known of a past time
	inner  bool     // only the program asks for it
	cond   func(m moment, values []query.Value) Cond
}

// offers are values that completion offers beside the data's.
func (a *asked) offers(words ...string) *asked {
	a.words = words
	return a
}

// notThen names words that are not known of a past time.
func (a *asked) notThen(words ...string) *asked {
	a.noPast = words
	return a
}

// withinProgram keeps the field from people: the program alone asks for it.
func (a *asked) withinProgram() *asked {
	a.inner = true
	return a
}

// each makes the condition of several values of that of one.
func each(one func(m moment, v query.Value) Cond) func(moment, []query.Value) Cond {
	return func(m moment, values []query.Value) Cond {
		list := make([]Cond, len(values))
		for i, v := range values {
			list[i] = one(m, v)
		}
		return anyOf(list...)
	}
}

// word is a word and what it means in SQL.
type word struct{ name, sql string }

// is compares by words, each with its own condition.
func is(words ...word) *asked {
	a := &asked{kind: query.Keyword()}
	for _, w := range words {
		a.words = append(a.words, w.name)
	}
	a.cond = each(func(_ moment, v query.Value) Cond {
		i := slices.IndexFunc(words, func(w word) bool { return w.name == v.Text })
		return that("(" + words[i].sql + ")") // the parser takes no other word
	})
	return a
}

// isOne compares a column of words.
func isOne[W ~string](column string, all ...W) *asked {
	var words []word
	for _, w := range all {
		words = append(words, word{string(w), column + " = '" + string(w) + "'"})
	}
	return is(words...)
}

// ranked compares a column of ranks; each word stands for one or more.
func ranked(column string, words []string, ranks func(word string) []int) *asked {
	return &asked{kind: query.Keyword(), words: words, cond: func(_ moment, values []query.Value) Cond {
		var all []int
		for _, v := range values {
			all = append(all, ranks(v.Text)...)
		}
		slices.Sort(all)
		return in(column, slices.Compact(all))
	}}
}

// same compares a whole text in any case; * stands for any characters.
func same(column string) *asked {
	return &asked{kind: query.Text(), cond: each(func(_ moment, v query.Value) Cond { return sameText(column, v.Text) })}
}

// named compares one of the few names that a column of issues holds, in any
// case; * stands for any characters. The names that are meant are looked up
// first, so that the column's index serves.
func named(name string) *asked {
	column := "i." + name
	meant := each(func(_ moment, v query.Value) Cond { return sameText(column, v.Text) })
	return &asked{kind: query.Text(), cond: func(m moment, values []query.Value) Cond {
		c := meant(m, values)
		if m.past { // the names of now are not all that there were
			return c
		}
		return in("{"+column+"}", namesOf(m.tx, name, c))
	}}
}

// namesOf are the names in a column of issues i for which a condition holds.
func namesOf(tx *store.Tx, name string, c Cond) []string {
	st := (&statement{}).add("WITH i AS MATERIALIZED (SELECT DISTINCT " + name + " FROM issues) SELECT i." + name + " FROM i").where([]Cond{c})
	return store.All[string](tx, st.text.String(), st.args...)
}

func sameText(column, text string) Cond {
	if strings.Contains(text, "*") {
		return like(column, glob(text))
	}
	return that("lower("+column+") = ?", lowered(text))
}

// text compares by a condition of its own.
func text(one func(text string) Cond) *asked {
	return &asked{kind: query.Text(), cond: each(func(_ moment, v query.Value) Cond { return one(v.Text) })}
}

// prefix compares the beginning of a text by a condition of its own.
func prefix(one func(text string) Cond) *asked {
	a := text(one)
	a.kind = query.Prefix()
	return a
}

// path compares a part of a path, its beginning after a leading /, or with * the whole.
func path(column string) *asked {
	return &asked{kind: query.Path(), cond: each(func(_ moment, v query.Value) Cond {
		part, anchored := strings.CutPrefix(v.Text, "/")
		pattern := glob(part)
		if !strings.Contains(part, "*") {
			pattern += "%"
			if !anchored {
				pattern = "%" + pattern
			}
		}
		return like(column, pattern)
	})}
}

// exact compares one whole number by a condition of its own.
func exact(one func(n int64) Cond) *asked {
	return &asked{kind: query.Exact(), cond: each(func(_ moment, v query.Value) Cond { return one(v.Span.Low) })}
}

// number compares a column of counts; known one in which unknown ones are negative, and never match.
func number(column string) *asked {
	return &asked{kind: query.Number(), cond: each(func(_ moment, v query.Value) Cond { return within(column, *v.Span) })}
}

func known(column string) *asked {
	return &asked{kind: query.Number(), cond: each(func(_ moment, v query.Value) Cond {
		return allOf(that(column+" >= 0"), within(column, *v.Span))
	})}
}

// age compares a column of times, 0 being none, by how long before; date also by calendar.
func age(column string) *asked  { return when(query.Age(), column, "") }
func date(column string) *asked { return when(query.Date(), column, "") }

// dated compares a time of another table, in a query that the condition ends.
func dated(column, sql string) *asked { return when(query.Date(), column, sql) }

func when(kind query.Kind, column, sql string) *asked {
	return &asked{kind: kind, cond: each(func(m moment, v query.Value) Cond {
		c := allOf(that(column+" <> 0"), within(column, atTimes(m, *v.Span)))
		if sql != "" {
			c = c.within(sql)
		}
		return c
	})}
}

// atTimes makes times of ages. They count from the minute, so that answers of one minute are equal.
func atTimes(m moment, s query.Span) query.Span {
	if !s.Ago {
		return s
	}
	const minute = 60_000
	now := m.at - m.at%minute
	// An age of at least Low is a time of at most now - Low.
	return query.Span{Low: now - s.High + 1, HasLow: s.HasHigh, High: now - s.Low + 1, HasHigh: s.HasLow}
}

// repoHelp is the help of the qualifier repo.
const repoHelp = "target repository: owner/name, or owner/*"

// repoKey compares a column of repository keys: one, or all of an owner's.
func repoKey(column string) *asked {
	return &asked{
		kind: query.Checked("want owner/name, its URL, or owner/*", isRepoPattern),
		cond: each(func(m moment, v query.Value) Cond { return ofRepo(m, column, v.Text) }),
	}
}

// ofRepo compares a column of repository keys with a name, which may be a former one.
func ofRepo(m moment, column, name string) Cond {
	if owner, all := strings.CutSuffix(name, "/*"); all {
		now := like(column, escaped(owner)+"/%")
		former := store.All[string](m.tx, `SELECT DISTINCT repo_key FROM repo_aliases WHERE key LIKE $1 ESCAPE '\'`, escaped(owner)+"/%")
		if len(former) == 0 {
			return now
		}
		return anyOf(now, in(column, former))
	}
	return that(column+" = ?", presentKey(m.tx, telemetry.ParseRepo(name).Key()))
}

// repoID compares a column of repository ids.
func repoID(column string) *asked {
	a := repoKey("key")
	keys := a.cond
	a.cond = func(m moment, values []query.Value) Cond {
		c := keys(m, values)
		ids := "SELECT id FROM repos WHERE " + c.Text
		if len(values) == 1 && !strings.HasSuffix(values[0].Text, "/*") { // the order of the column's index serves
			return Cond{column + " = COALESCE((" + ids + "), -1)", c.Args}
		}
		return Cond{column + " IN (" + ids + ")", c.Args}
	}
	return a
}

// idOfRepo is the condition that a column is the id of the repository of a key.
func idOfRepo(column, key string) Cond {
	return that(column+" = (SELECT id FROM repos WHERE key = ?)", key)
}

func isRepoPattern(s string) bool {
	if owner, all := strings.CutSuffix(s, "/*"); all {
		return telemetry.ParseRepo(owner+"/x") != ""
	}
	return telemetry.ParseRepo(s) != ""
}

// pullRequest compares pull requests by repository and number.
func pullRequest(one func(c Cond) Cond, repo, number string) *asked {
	return &asked{kind: pullKind(), cond: each(func(m moment, v query.Value) Cond { return one(ofPull(m, repo, number, v.Text)) })}
}

func ofPull(m moment, repo, number, text string) Cond {
	ref, _ := telemetry.PullOf(text) // the parser read it already
	c := that(number+" = ?", ref.Number)
	if ref.Repo != "" {
		c = allOf(c, that(repo+" = ?", PresentName(m.tx, ref.Repo).Key()))
	}
	return c
}

func pullKind() query.Kind {
	return query.Checked("want its number, owner/name#number, or its URL", func(text string) bool {
		_, ok := telemetry.PullOf(text)
		return ok
	})
}

// sessionIs compares a column of session keys by an id in any spelling; "" is none.
func sessionIs(column, written string) Cond {
	id := telemetry.SessionKey(written)
	switch {
	case strings.Contains(id, "*"):
		return allOf(that(column+" <> ''"), like(column, glob(id)))
	case id == "": // what records write for none
		return never()
	}
	return that(column+" = ?", id)
}

// among compares a JSON list of texts: one of them is like the pattern.
func among(column, text string, pattern func(string) string, around string) Cond {
	written := store.JSON(text)
	// A list that has it nowhere is told without reading it as JSON.
	somewhere := like(column, "%"+pattern(written[1:len(written)-1])+"%")
	element := like("e.value", around+pattern(text)+around)
	return allOf(somewhere, Cond{"EXISTS (SELECT 1 FROM texts(" + column + ")texts WHERE " + element.Text + ")", element.Args})
}
