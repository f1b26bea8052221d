package lists

import (
	"context"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
)

// Schema is what queries of the list understand, and how the list is called.
func (l *List[T]) Schema() *query.Schema { return l.schema }

func (l *List[T]) describe() *query.Schema {
	s := &query.Schema{Name: l.Name, Noun: l.Noun, Example: l.Example, Views: l.Views}
	cheap := strings.Fields(l.Cheap)
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.Sort != nil && f.NoPast {
			s.NowOnly = append(s.NowOnly, append([]string{f.Name}, f.Sort.names...)...)
		}
		if f.Asked == nil || f.Asked.inner {
			continue
		}
		s.Fields = append(s.Fields, query.Field{
			Name: f.Name, Aliases: f.Aliases, Kind: f.Asked.kind, Words: f.Asked.words,
			Dynamic: f.Values.from != "", Cheap: slices.Contains(cheap, f.Name), Help: f.Help,
			NoPast: f.NoPast, NowOnly: f.Asked.noPast,
		})
	}
	return s
}

// Values answers values that rows have in a field, or had at a time, and that hold
// the typed text, the likeliest first. The error is CodeNoPast for a list without a past.
func (l *List[T]) Values(ctx context.Context, at time.Time, name, typed string, most int) ([]string, error) {
	if !at.IsZero() && l.Past == "" {
		return nil, l.noPast()
	}
	i := slices.IndexFunc(l.Fields, func(f Field[T]) bool { return f.Name == name && f.Values.from != "" })
	if i < 0 {
		return nil, nil
	}
	of := l.Fields[i].Values
	st := (&statement{}).add("SELECT " + of.column + " FROM " + of.from).put(contains(of.column, typed))
	st.add(" GROUP BY " + of.column + " ORDER BY " + of.likely + " DESC, " + of.column).put(that(" LIMIT ?", most))
	return GetAt(ctx, l.store, at, func(tx *store.Tx) []string { return store.All[string](tx, st.text.String(), st.args...) })
}

// source is where the values of a field are found for completion.
type source struct{ column, from, likely string }

func ofIssues(column string) source {
	return source{column, "issues WHERE ", "COUNT(*)"}
}

func ofRepos() source { return source{"name", "repos WHERE ", "MAX(last_run)"} }

func ofRows(column, table string) source { return source{column, table + " AND ", "COUNT(*)"} }
