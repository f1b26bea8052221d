package store_test

import (
	"reflect"
	"testing"
	"time"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestPeopleOnBothDatabases: what is stored of who comes is read as it was written.
func TestPeopleOnBothDatabases(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		ctx := t.Context()
		mona := telemetry.Person{Key: "github:mona", Name: "Mona", Role: telemetry.RoleOperator, Way: telemetry.EntryGitHub}
		in := telemetry.SignIn{ID: "a", Person: mona, Rules: "r", At: telemetry.At(now), Seen: telemetry.At(now), Until: telemetry.At(now.Add(time.Hour))}
		if err := s.PutSignIn(ctx, in, ""); err != nil {
			t.Fatal(err)
		}
		in.Person.Session = "a"
		if got, found, err := s.SignInOf(ctx, "a"); err != nil || !found || !reflect.DeepEqual(got, in) {
			t.Errorf("the session is %+v, %v, %v", got, found, err)
		}
		later := telemetry.At(now.Add(time.Minute))
		use := telemetry.Use{Sessions: map[string]telemetry.Time{"a": later, "gone": later}, People: []telemetry.Person{{Key: "you", Name: "you", Role: "admin", Way: "open"}}}
		if err := s.NoteUse(ctx, use); err != nil {
			t.Fatal(err)
		}
		if got, _, err := s.SignInOf(ctx, "a"); err != nil || got.Seen != later {
			t.Errorf("it was seen at %v, %v", got.Seen, err)
		}
		if people, err := s.People(ctx); err != nil || len(people) != 2 || !reflect.DeepEqual(people[0], mona) {
			t.Errorf("people are %+v, %v", people, err)
		}
		if n, err := s.EndSignIns(ctx, "github:other", "a"); err != nil || n != 0 {
			t.Errorf("another ended %d, %v", n, err)
		}
		if n, err := s.EndSignIns(ctx, mona.Key, ""); err != nil || n != 1 {
			t.Errorf("it ended %d, %v", n, err)
		}
		in.Person.Token = "none"
		if err := s.PutSignIn(ctx, in, ""); telemetry.CodeOf(err) != telemetry.CodeUnauthenticated {
			t.Errorf("a session of a token that is none: %v", err)
		}
		tok := telemetry.Token{ID: "t", Name: "ci", Role: telemetry.RoleAdmin, MadeAt: telemetry.At(now), MadeBy: "me", ExpiresAt: later}
		if err := s.AddToken(ctx, tok, "hash", 1); err != nil {
			t.Fatal(err)
		}
		if err := s.AddToken(ctx, telemetry.Token{ID: "u"}, "hash2", 1); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("one too many: %v", err)
		}
		if got, found, err := s.TokenOf(ctx, "hash"); err != nil || !found || got != tok {
			t.Errorf("the token is %+v, %v, %v", got, found, err)
		}
		for at, want := range map[time.Time]int64{now: 1, later.Time: 0} {
			if n, err := s.AdminTokens(ctx, at); err != nil || n != want {
				t.Errorf("admin tokens at %v: %d, %v", at, n, err)
			}
		}
	})
}

// TestAStateIsTakenOnce: a second time, and after ten minutes, it is not found.
func TestAStateIsTakenOnce(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		ctx := t.Context()
		for _, id := range []string{"a", "old"} {
			if err := s.PutSignInState(ctx, telemetry.SignInState{State: id, Browser: "b", Verifier: "v", Back: "/issues"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Exec(ctx, `UPDATE sign_in_states SET at = at - 600000 WHERE state = 'old'`); err != nil {
			t.Fatal(err)
		}
		st, found, err := s.TakeSignInState(ctx, "a")
		if err != nil || !found || st.Verifier != "v" || st.Back != "/issues" || st.Browser != "b" {
			t.Errorf("it is %+v, %v, %v", st, found, err)
		}
		for _, id := range []string{"a", "old"} {
			if _, found, err := s.TakeSignInState(ctx, id); err != nil || found {
				t.Errorf("%s: found %v, %v", id, found, err)
			}
		}
	})
}
