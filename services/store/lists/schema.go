package lists

import (
	"context"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
)

// Schema is what queries of the list understand.
func (l *List[T]) Schema() *query.Schema {
	s := &query.Schema{Name: l.Name, Noun: l.Noun}
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.Asked == nil {
			continue
		}
		s.Fields = append(s.Fields, query.Field{
			Name: f.Name, Aliases: f.Aliases, Kind: f.Asked.kind, Words: f.Asked.words, Dynamic: f.Asked.dynamic, Clocked: f.Asked.clocked, Help: f.Help,
		})
	}
	return s
}

// Values answers values that the list's rows have in a field and that hold the
// typed text, the likeliest first, at most most of them.
func (l *List[T]) Values(ctx context.Context, s *store.Store, name, typed string, most int) ([]string, error) {
	f := l.field(name)
	if f == nil || f.Values.from == "" {
		return nil, nil
	}
	st := (&statement{}).add("SELECT " + f.Values.column + " FROM " + f.Values.from).put(contains(f.Values.column, typed))
	st.add(" GROUP BY " + f.Values.column + " ORDER BY " + f.Values.likely + " DESC, " + f.Values.column).put(that(" LIMIT ?", most))
	var values []string
	err := s.Read(ctx, func(tx *store.Tx) error {
		values = nil
		tx.Each(st.text.String(), st.args, func(r *store.Row) {
			var v string
			r.Scan(&v)
			values = append(values, v)
		})
		return tx.Err()
	})
	return values, err
}

// source is where the values of a field are found for completion.
type source struct{ column, from, likely string }

func ofIssues(column string) source {
	return source{column, "issue_counts WHERE repo_id = 0 AND n > 0 AND ", "SUM(n)"}
}

func ofRepos() source { return source{"name", "repos WHERE ", "MAX(last_run)"} }

func ofRows(column, table string) source { return source{column, table + " AND ", "COUNT(*)"} }
