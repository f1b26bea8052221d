package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Views returns the saved views by name.
func (s *Store) Views(ctx context.Context) ([]telemetry.View, error) {
	var views []telemetry.View
	err := s.Read(ctx, func(tx *Tx) error {
		views = []telemetry.View{}
		tx.each(`SELECT id, name, list, query, created FROM views ORDER BY name_key`, nil, func(r *row) {
			var v telemetry.View
			var created int64
			r.scan(&v.ID, &v.Name, &v.List, &v.Query, &created)
			v.Created = at(created)
			views = append(views, v)
		})
		return tx.err
	})
	return views, err
}

// AddView stores a view and returns it with its id and time. The error is
// CodeConflict where its name is taken, or where there are most views.
func (s *Store) AddView(ctx context.Context, v telemetry.View, most int64) (telemetry.View, error) {
	err := s.Write(ctx, func(tx *Tx) error {
		v.ID, v.Created = randomID(), at(ms(tx.now))
		var n int64
		tx.row(`SELECT COUNT(*) FROM views`).scan(&n)
		if n >= most {
			return telemetry.Errorf(telemetry.CodeConflict, "There are %d saved views, and more are not kept. Delete one that nobody needs.", n)
		}
		tx.exec(`INSERT INTO views (id, name, name_key, list, query, created) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name_key) DO NOTHING`,
			v.ID, v.Name, v.Key(), string(v.List), v.Query, ms(tx.now))
		if tx.err == nil && tx.affected == 0 {
			return telemetry.Errorf(telemetry.CodeConflict, "There is a view of that name already. Give this one another name, or delete the other.")
		}
		tx.touch(telemetry.TopicViews)
		return tx.err
	})
	return v, err
}

// DeleteView removes a view; found is false if there is none of the id.
func (s *Store) DeleteView(ctx context.Context, id string) (found bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		tx.exec(`DELETE FROM views WHERE id = $1`, id)
		if found = tx.affected > 0; found {
			tx.touch(telemetry.TopicViews)
		}
		return tx.err
	})
	return found, err
}

// QueryValues returns values that a list's rows have for a qualifier and
// that hold the typed text, the likeliest first, most of them.
func (s *Store) QueryValues(ctx context.Context, list telemetry.ListName, qualifier, typed string, most int) ([]string, error) {
	query, column := "", ""
	switch {
	case qualifier == "repo":
		query, column = `SELECT name FROM repos WHERE `, `name`
	case qualifier == "author":
		query, column = `SELECT author FROM pulls WHERE listed = 1 AND `, `author`
	case qualifier == "family" && list == telemetry.ListSessions:
		query, column = `SELECT family FROM sessions WHERE family <> '' AND `, `family`
	case list == telemetry.ListIssues && (qualifier == "rule" || qualifier == "family"):
		query, column = `SELECT `+qualifier+` FROM issue_counts WHERE repo_id = 0 AND n > 0 AND `, qualifier
	default:
		return nil, nil
	}
	order := `COUNT(*)`
	switch {
	case qualifier == "repo":
		order = `MAX(last_run)`
	case list == telemetry.ListIssues:
		order = `SUM(n)`
	}
	c := contains(column, typed)
	var w where
	w.and(c.sql, c.args...)
	var values []string
	err := s.Read(ctx, func(tx *Tx) error {
		values = nil
		tx.each(query+w.conditions[0]+` GROUP BY `+column+` ORDER BY `+order+` DESC, `+column+` LIMIT $2`, append(w.args, most), func(r *row) {
			var v string
			r.scan(&v)
			values = append(values, v)
		})
		return tx.err
	})
	return values, err
}
