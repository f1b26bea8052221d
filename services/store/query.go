package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// condition is a piece of SQL; each ? stands for the next argument.
type condition struct {
	sql  string
	args []any
}

// matcher turns the values of one term, any of which may hold, into a
// condition that is never NULL.
type matcher func(values []telemetry.QueryValue) condition

// matchers are what a list understands, by qualifier; "" is free text.
type matchers map[string]matcher

// query adds the terms of a parsed query.
func (w *where) query(q telemetry.Query, known matchers) error {
	for _, t := range q.Terms {
		match := known[t.Qualifier]
		if match == nil {
			return fmt.Errorf("the store does not know the qualifier %q of %s", t.Qualifier, q.List)
		}
		c := match(t.Values)
		if t.Not {
			c.sql = "NOT (" + c.sql + ")"
		}
		w.and(c.sql, c.args...)
	}
	return nil
}

// anyValue makes a matcher of one that takes a single value.
func anyValue(one func(v telemetry.QueryValue) condition) matcher {
	return func(values []telemetry.QueryValue) condition {
		if len(values) == 1 {
			return one(values[0])
		}
		var all condition
		parts := make([]string, len(values))
		for i, v := range values {
			c := one(v)
			parts[i] = "(" + c.sql + ")"
			all.args = append(all.args, c.args...)
		}
		all.sql = "(" + strings.Join(parts, " OR ") + ")"
		return all
	}
}

// wordIs makes a matcher of a condition for each word.
func wordIs(conditions map[string]string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		if sql, ok := conditions[v.Text]; ok {
			return condition{sql: "(" + sql + ")"}
		}
		return condition{sql: "1 = 0"}
	})
}

// rankIs matches a column of ranks; each word stands for one or more.
func rankIs(column string, ranks func(word string) []int) matcher {
	return func(values []telemetry.QueryValue) condition {
		var all []int
		for _, v := range values {
			all = append(all, ranks(v.Text)...)
		}
		slices.Sort(all)
		all = slices.Compact(all)
		if len(all) == 1 { // the order of the column's index serves
			return condition{sql: fmt.Sprintf("%s = %d", column, all[0])}
		}
		texts := make([]string, len(all))
		for i, n := range all {
			texts[i] = fmt.Sprint(n)
		}
		return condition{sql: column + " IN (" + strings.Join(texts, ", ") + ")"}
	}
}

// textIs matches a whole text in any case; * stands for any characters.
// SQL's lower() folds ASCII alone, in both databases.
func textIs(column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition { return sameText(column, v.Text) })
}

func sameText(column, text string) condition {
	if strings.Contains(text, "*") {
		return like(column, globLike(text))
	}
	return condition{"lower(" + column + ") = ?", []any{lowerASCII(text)}}
}

// nameIs matches a column of names that spelled has found.
func nameIs(column string) matcher {
	return func(values []telemetry.QueryValue) condition {
		args := make([]any, len(values))
		for i, v := range values {
			args[i] = v.Text
		}
		switch len(values) {
		case 0:
			return condition{sql: "1 = 0"}
		case 1:
			return condition{column + " = ?", args} // the order of the column's index serves
		}
		return condition{column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ") + ")", args}
	}
}

// spelled returns a query of issues in which rules and families are those
// that issues have, spelled as there: so the columns' indexes serve texts in
// any case and with *. They are few.
func (s *Store) spelled(ctx context.Context, q telemetry.Query) (telemetry.Query, error) {
	named := func(t telemetry.Term) bool { return t.Qualifier == "rule" || t.Qualifier == "family" }
	if !slices.ContainsFunc(q.Terms, named) {
		return q, nil
	}
	q.Terms = slices.Clone(q.Terms)
	err := s.Read(ctx, func(tx *Tx) error {
		for i, t := range q.Terms {
			if !named(t) {
				continue
			}
			var w where
			c := textIs("c." + t.Qualifier)(t.Values)
			w.and("c.repo_id = 0")
			w.and(c.sql, c.args...)
			values := []telemetry.QueryValue{}
			tx.each(`SELECT DISTINCT c.`+t.Qualifier+` FROM issue_counts c`+w.sql(), w.args, func(r *row) {
				var v telemetry.QueryValue
				r.scan(&v.Text)
				values = append(values, v)
			})
			q.Terms[i].Values = values
		}
		return tx.err
	})
	return q, err
}

// pathIs matches a part of a path, its beginning after a leading /, or with
// * the whole of it.
func pathIs(column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		path, anchored := strings.CutPrefix(v.Text, "/")
		pattern := globLike(path)
		if !strings.Contains(path, "*") {
			pattern += "%"
			if !anchored {
				pattern = "%" + pattern
			}
		}
		return like(column, pattern)
	})
}

// contains matches a part of a text in any case.
func contains(column, text string) condition { return like(column, "%"+escapeLike(text)+"%") }

// anyCase begins fold(column): the column as LIKE compares it in any case, which
// Tx spells for the database.
const anyCase = "fold("

func like(column, pattern string) condition {
	return condition{anyCase + column + `) LIKE ? ESCAPE '\'`, []any{pattern}}
}

// globLike makes a pattern for LIKE of a text in which * stands for any
// characters.
func globLike(text string) string { return strings.ReplaceAll(escapeLike(text), "*", "%") }

func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lowerASCII(text))
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// anyPart matches a text that stands in one of the columns, or that more
// finds.
func anyPart(columns []string, more func(text string) []condition) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		var all []condition
		for _, column := range columns {
			all = append(all, contains(column, v.Text))
		}
		if more != nil {
			all = append(all, more(v.Text)...)
		}
		return anyCondition(all)
	})
}

func anyCondition(list []condition) condition {
	var all condition
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = c.sql
		all.args = append(all.args, c.args...)
	}
	all.sql = "(" + strings.Join(parts, " OR ") + ")"
	return all
}

// numberIs matches a column of counts.
func numberIs(column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition { return within(column, v.Span) })
}

// whenIs matches a column of times, 0 being none: by date, or by how long
// before now. Ages count from the present minute, so that answers of one
// minute are equal.
func whenIs(column string, now int64) matcher {
	const minute = 60_000
	now -= now % minute
	return anyValue(func(v telemetry.QueryValue) condition {
		s := *v.Span
		if s.Ago { // an age of at least Low is a time of at most now - Low
			s = telemetry.Span{Low: now - s.High + 1, HasLow: s.HasHigh, High: now - s.Low + 1, HasHigh: s.HasLow}
		}
		c := within(column, &s)
		return condition{"(" + column + " <> 0 AND " + c.sql + ")", c.args}
	})
}

func within(column string, s *telemetry.Span) condition {
	var c condition
	var parts []string
	if s.HasLow {
		parts, c.args = append(parts, column+" >= ?"), append(c.args, s.Low)
	}
	if s.HasHigh {
		parts, c.args = append(parts, column+" < ?"), append(c.args, s.High)
	}
	c.sql = "(" + strings.Join(parts, " AND ") + ")"
	return c
}

// repoKeyIs matches a column of repository keys: one, or all of an owner's.
func repoKeyIs(column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		if owner, all := strings.CutSuffix(v.Text, "/*"); all {
			return like(column, escapeLike(owner)+"/%")
		}
		return condition{column + " = ?", []any{telemetry.ParseRepo(v.Text).Key()}}
	})
}

// repoIs matches a column of repository ids.
func repoIs(column string) matcher {
	key := repoKeyIs("key")
	return func(values []telemetry.QueryValue) condition {
		c := key(values)
		ids := "SELECT id FROM repos WHERE " + c.sql
		if len(values) == 1 && !strings.HasSuffix(values[0].Text, "/*") {
			return condition{column + " = COALESCE((" + ids + "), -1)", c.args} // the order of the column's index serves
		}
		return condition{column + " IN (" + ids + ")", c.args}
	}
}

// idsHold matches a JSON list of issue ids that holds the text; * stands for
// any characters of one id.
func idsHold(d dialect, column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition { return elementLike(d, column, v.Text, globLike, "") })
}

// idsContain matches a JSON list of issue ids one of which has the text in
// it.
func idsContain(d dialect, column, text string) condition {
	return elementLike(d, column, text, escapeLike, "%")
}

// elementLike matches a JSON list of texts one of which is like the text's
// pattern between around. Lists that have it nowhere, neither in a text nor
// across several, are told without reading them as JSON.
func elementLike(d dialect, column, text string, pattern func(string) string, around string) condition {
	written := jsonText(text)
	somewhere := like(column, "%"+pattern(written[1:len(written)-1])+"%")
	element := like("e.value", around+pattern(text)+around)
	elements := strings.ReplaceAll(d.jsonTexts(), "$1", column)
	return condition{"(" + somewhere.sql + " AND EXISTS (SELECT 1 FROM " + elements + " WHERE " + element.sql + "))", append(somewhere.args, element.args...)}
}

// pullIs matches pull requests by repository and number.
func pullIs(repo, number string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		ref, _ := telemetry.PullOf(v.Text) // the parser read it already
		c := condition{number + " = ?", []any{ref.Number}}
		if ref.Repo != "" {
			c = condition{"(" + c.sql + " AND " + repo + " = ?)", append(c.args, ref.Repo.Key())}
		}
		return c
	})
}
