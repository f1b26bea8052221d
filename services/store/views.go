package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Views returns the saved views by name.
func (s *Store) Views(ctx context.Context) ([]telemetry.View, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.View {
		return Rows(tx, `SELECT id, name, list, query, created FROM views ORDER BY name_key`, nil,
			func(v *telemetry.View) []any { return []any{&v.ID, &v.Name, &v.List, &v.Query, &v.Created} })
	})
}

// AddView stores a view and returns it with its id and time; with replace it
// takes the place, the id and the time of the one of its name. The error is
// CodeConflict where its name is taken, or where there are most views.
func (s *Store) AddView(ctx context.Context, v telemetry.View, most int64, replace bool) (telemetry.View, error) {
	err := s.Write(ctx, func(tx *Tx) error {
		other, taken := viewNamed(tx, v)
		if taken && replace {
			v.ID, v.Created = other.ID, other.Created
			tx.Exec(`UPDATE views SET name = $1, list = $2, query = $3 WHERE id = $4`, v.Name, v.List, v.Query, v.ID)
			tx.Touch(telemetry.TopicViews)
			return tx.Err()
		}
		if taken {
			return nameExists(other)
		}
		v.ID, v.Created = telemetry.NewID(), Time(Millis(tx.Now()))
		if n := One[int64](tx, `SELECT COUNT(*) FROM views`); n >= most {
			return telemetry.Errorf(telemetry.CodeConflict, "The limit of %d saved views is reached. Delete one that is no longer needed.", most)
		}
		tx.Exec(`INSERT INTO views (id, name, name_key, list, query, created)
			VALUES ($1, $2, $3, $4, $5, $6)`, v.ID, v.Name, v.Key(), v.List, v.Query, Millis(tx.Now()))
		tx.Touch(telemetry.TopicViews)
		return tx.Err()
	})
	return v, err
}

// RenameView renames the view of an id. The error is CodeNotFound, or CodeConflict for another's name.
func (s *Store) RenameView(ctx context.Context, v telemetry.View) error {
	return s.Write(ctx, func(tx *Tx) error {
		if other, taken := viewNamed(tx, v); taken && other.ID != v.ID {
			return nameExists(other)
		}
		n := tx.Exec(`UPDATE views SET name = $1, name_key = $2 WHERE id = $3`, v.Name, v.Key(), v.ID)
		if tx.Err() == nil && n == 0 {
			return telemetry.Errorf(telemetry.CodeNotFound, "Saved view not found. It may have been deleted.")
		}
		tx.Touch(telemetry.TopicViews)
		return tx.Err()
	})
}

// viewNamed finds the view that has the name of v.
func viewNamed(tx *Tx, v telemetry.View) (other telemetry.View, taken bool) {
	taken = tx.Row(`SELECT id, list, created FROM views WHERE name_key = $1`, v.Key()).Scan(&other.ID, &other.List, &other.Created).Found
	return other, taken
}

func nameExists(other telemetry.View) error {
	return telemetry.Errorf(telemetry.CodeConflict,
		"A view with this name already exists, on /%s. Choose another name, or replace that view.", other.List)
}

// DeleteView removes a view; found is false if there is none of the id.
func (s *Store) DeleteView(ctx context.Context, id string) (found bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n := tx.Exec(`DELETE FROM views WHERE id = $1`, id)
		if found = n > 0; found {
			tx.Touch(telemetry.TopicViews)
		}
		return tx.Err()
	})
	return found, err
}
