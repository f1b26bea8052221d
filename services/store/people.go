package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// People returns who has come in, by name.
func (s *Store) People(ctx context.Context) ([]telemetry.Person, error) {
	return Get(ctx, s, func(tx *Tx) []telemetry.Person {
		return Rows(tx, `SELECT key, name, role, way FROM people ORDER BY name, key`, nil,
			func(p *telemetry.Person) []any { return []any{&p.Key, &p.Name, &p.Role, &p.Way} })
	})
}

// PutSignIn stores the session of a browser in place of the one of the id replaced,
// and who signed in. Sessions that have ended are removed with it. The error is
// CodeUnauthenticated where the token that it is signed in with was revoked.
func (s *Store) PutSignIn(ctx context.Context, in telemetry.SignIn, replaced string) error {
	return s.Write(ctx, func(tx *Tx) error {
		token := in.Person.Token
		if token != "" && !tx.Has(`SELECT 1 FROM tokens WHERE id = $1 AND revoked_at = 0`, token) && tx.Err() == nil {
			return telemetry.Errorf(telemetry.CodeUnauthenticated, "The access token has been revoked. Ask an admin for another one.")
		}
		tx.Exec(`DELETE FROM sign_ins WHERE id = $1 OR until <= $2`, replaced, Millis(tx.Now()))
		tx.Put("sign_ins", "id", signInFields(&in))
		tx.putPeople([]telemetry.Person{in.Person})
		tx.putTeams(in.Person)
		return tx.Err()
	})
}

// putTeams stores the teams of a person of whom they are known.
func (tx *Tx) putTeams(p telemetry.Person) {
	if p.Teams == nil {
		return
	}
	if tx.Exec(`UPDATE people SET teams = $1 WHERE key = $2 AND teams <> $1`, JSON(p.Teams), p.Key) > 0 {
		tx.Touch(telemetry.TopicDecisions) // what is theirs has changed
	}
}

// Teams are the teams of who asks, as "org/team"; known is false of somebody of
// whom no sign-in told them.
func (tx *Tx) Teams() (teams []string, known bool) {
	tx.Row(`SELECT teams FROM people WHERE key = $1 AND teams <> ''`, telemetry.PersonOf(tx.ctx).Key).Scan(ListOf(&teams))
	return teams, teams != nil
}

// SignInOf returns the session of an id; found is false if there is none.
func (s *Store) SignInOf(ctx context.Context, id string) (in telemetry.SignIn, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		fields := signInFields(&in)
		found = tx.Row(`SELECT `+Names(fields)+` FROM sign_ins WHERE id = $1`, id).Scan(Pointers(fields)...).Found
		in.Person.Session = in.ID
		return tx.Err()
	})
	return in, found, err
}

// EndSignIns removes a session of a person or, for the id "", all of them, and
// returns how many.
func (s *Store) EndSignIns(ctx context.Context, person, id string) (n int64, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		n = tx.Exec(`DELETE FROM sign_ins WHERE person = $1 AND (id = $2 OR $2 = '')`, person, id)
		return tx.Err()
	})
	return n, err
}

func signInFields(in *telemetry.SignIn) []Field {
	p := &in.Person
	return []Field{
		Col("id TEXT", &in.ID), Col("person TEXT", &p.Key), Col("name TEXT", &p.Name), Col("role TEXT", &p.Role), Col("way TEXT", &p.Way),
		Col("token TEXT", &p.Token), Col("rules TEXT", &in.Rules), Col("at BIGINT", &in.At), Col("seen BIGINT", &in.Seen),
		Col("until BIGINT", &in.Until),
	}
}

const (
	statesMost = 10_000 // sign-ins that have begun
	statesTime = 10 * time.Minute
)

// PutSignInState notes that a sign-in has begun. The error is CodeOverloaded
// while too many have.
func (s *Store) PutSignInState(ctx context.Context, st telemetry.SignInState) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`DELETE FROM sign_in_states WHERE at <= $1`, Millis(tx.Now().Add(-statesTime)))
		if One[int64](tx, `SELECT COUNT(*) FROM sign_in_states`) >= statesMost && tx.Err() == nil {
			return &telemetry.Error{Code: telemetry.CodeOverloaded, RetryAfter: time.Minute,
				Message: "Too many sign-ins have begun and not ended. Try again in some minutes."}
		}
		tx.Exec(`INSERT INTO sign_in_states (state, browser, verifier, back, at) VALUES ($1, $2, $3, $4, $5)`,
			st.State, st.Browser, st.Verifier, st.Back, Millis(tx.Now()))
		return tx.Err()
	})
}

// TakeSignInState returns a sign-in that began within ten minutes, and forgets
// it: a second time it is not found.
func (s *Store) TakeSignInState(ctx context.Context, state string) (st telemetry.SignInState, found bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		st = telemetry.SignInState{}
		found = tx.Row(`DELETE FROM sign_in_states WHERE state = $1 RETURNING state, browser, verifier, back, at`, state).
			Scan(&st.State, &st.Browser, &st.Verifier, &st.Back, &st.At).Found
		found = found && st.At.After(tx.Now().Add(-statesTime))
		return tx.Err()
	})
	return st, found, err
}

// NoteUse notes when sessions and tokens were used last, and who came.
func (s *Store) NoteUse(ctx context.Context, u telemetry.Use) error {
	return s.Write(ctx, func(tx *Tx) error {
		for id, at := range u.Sessions {
			tx.Exec(`UPDATE sign_ins SET seen = $1 WHERE id = $2 AND seen < $1`, Millis(at), id)
		}
		for id, at := range u.Tokens {
			tx.Exec(`UPDATE tokens SET used_at = $1 WHERE id = $2 AND used_at < $1`, Millis(at), id)
		}
		tx.putPeople(u.People)
		return tx.Err()
	})
}

func (tx *Tx) putPeople(list []telemetry.Person) {
	for _, p := range list {
		tx.Put("people", "key", []Field{
			Fixed("key TEXT", p.Key), Col("name TEXT", p.Name), Col("role TEXT", p.Role), Col("way TEXT", p.Way),
			Fixed("first_at BIGINT", Millis(tx.Now())), Col("last_at BIGINT", Millis(tx.Now())),
		})
	}
}

// HasPerson reports whether somebody of a name has come in.
func (s *Store) HasPerson(ctx context.Context, name string) bool {
	known, err := Get(ctx, s, func(tx *Tx) bool { return tx.Has(`SELECT 1 FROM people WHERE name = $1`, name) })
	return known && err == nil
}
