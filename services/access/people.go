package access

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"telemetry-dashboard/services/telemetry"
)

// tokensMost bounds the access tokens that have not ended.
const tokensMost = 1000

// MostTokenDays is the longest that a token may hold.
const MostTokenDays = 3650

// NewToken makes an access token, and returns it: this is the only time that it
// is known. days is how long it holds, 0 for ever. The error is CodeInvalid for
// a name, role or number that is none.
func (g *Gate) NewToken(
	ctx context.Context, by telemetry.Person, name string, role telemetry.Role, days int64,
) (telemetry.Token, string, error) {
	t, secret, err := newToken(by, name, role, days, g.o.Now())
	if err == nil {
		err = g.o.Tokens.AddToken(ctx, t, hashOf(secret), tokensMost)
	}
	return t, secret, err
}

func newToken(by telemetry.Person, name string, role telemetry.Role, days int64, now time.Time) (telemetry.Token, string, error) {
	invalid := func(field, format string, args ...any) (telemetry.Token, string, error) {
		e := telemetry.Errorf(telemetry.CodeInvalid, format, args...)
		e.Field = field
		return telemetry.Token{}, "", e
	}
	name = strings.TrimSpace(name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > 100 || strings.ContainsFunc(name, unicode.IsControl):
		return invalid("name", "Invalid name: want 1 to 100 characters that say what the token is for.")
	case !slices.Contains(telemetry.Roles(), role):
		return invalid("role", "Invalid role: want viewer, operator or admin.")
	case days < 0 || days > MostTokenDays:
		return invalid("days", "Invalid days: want a whole number from 1 to %d, or 0 for a token that does not expire.", MostTokenDays)
	}
	t := telemetry.Token{ID: telemetry.NewID(), Name: name, Role: role, MadeAt: telemetry.At(now), MadeBy: by.Name}
	if days > 0 {
		t.ExpiresAt = telemetry.At(now.AddDate(0, 0, int(days)))
	}
	return t, TokenPrefix + newSecret(), nil
}

// How long a read token may hold, and how many one person may have.
const (
	MostReadDays = 365
	readMost     = 100
)

// NewReadToken makes a token that opens one address to whoever has it, as a
// viewer sees it, and returns it: this is the only time that it is known. The
// error is CodeInvalid or CodeConflict.
func (g *Gate) NewReadToken(ctx context.Context, by telemetry.Person, address string, days int64) (telemetry.Token, string, error) {
	opens, err := Address(address)
	if err != nil {
		return telemetry.Token{}, "", err
	}
	if days < 1 || days > MostReadDays {
		e := telemetry.Errorf(telemetry.CodeInvalid, "Invalid days: want a whole number from 1 to %d.", MostReadDays)
		e.Field = "days"
		return telemetry.Token{}, "", e
	}
	path, _, _ := strings.Cut(opens, "?")
	now := g.o.Now()
	t := telemetry.Token{
		ID: telemetry.NewID(), Name: telemetry.Shown(path), Role: telemetry.RoleViewer, Opens: opens, MadeBy: by.Name,
		MadeAt: telemetry.At(now), ExpiresAt: telemetry.At(now.AddDate(0, 0, int(days))),
	}
	secret := ReadPrefix + newSecret()
	return t, secret, g.o.Tokens.AddToken(ctx, t, hashOf(secret), readMost)
}

// RevokeToken ends a token, its streams and the sessions that were signed in with
// it. The error is CodeNotFound or CodeConflict.
func (g *Gate) RevokeToken(ctx context.Context, by telemetry.Person, id string) (telemetry.Token, error) {
	defer g.forget()
	return g.o.Tokens.RevokeToken(ctx, id, by.Name)
}

// SignIn makes a session of a person, in place of the one of the cookie that the
// browser had, and returns the value of its cookie and its end.
func (g *Gate) SignIn(ctx context.Context, p telemetry.Person, had string) (secret string, until time.Time, err error) {
	return g.signIn(ctx, p, had, time.Time{})
}

// signIn ends the session at a time at the latest; zero does not say.
func (g *Gate) signIn(ctx context.Context, p telemetry.Person, had string, latest time.Time) (secret string, until time.Time, err error) {
	now := g.o.Now()
	secret, until = newSecret(), now.Add(SessionTime)
	if !latest.IsZero() && latest.Before(until) {
		until = latest
	}
	in := telemetry.SignIn{ID: hashOf(secret), Person: p, Rules: g.o.Rules.Print(), At: telemetry.At(now), Seen: telemetry.At(now),
		Until: telemetry.At(until)}
	replaced := ""
	if had != "" {
		replaced = hashOf(had)
	}
	defer g.forget()
	return secret, until, g.o.Sessions.PutSignIn(ctx, in, replaced)
}

// SignInWithToken makes a session of who has an access token, which ends with it.
func (g *Gate) SignInWithToken(ctx context.Context, token, had string) (p telemetry.Person, secret string, until time.Time, err error) {
	token = strings.TrimSpace(token)
	if !strings.HasPrefix(token, TokenPrefix) {
		return p, "", until, noSuchToken()
	}
	if p, err = g.ofToken(ctx, token); err != nil {
		return p, "", until, err
	}
	t, _, err := g.o.Tokens.TokenOf(ctx, hashOf(token))
	if err != nil {
		return p, "", until, err
	}
	secret, until, err = g.signIn(ctx, p, had, t.ExpiresAt.Time)
	return p, secret, until, err
}

// SignOut ends the session of a person or, everywhere, all that the person has.
func (g *Gate) SignOut(ctx context.Context, p telemetry.Person, everywhere bool) error {
	defer g.forget()
	id := p.Session
	if everywhere {
		id = ""
	} else if id == "" {
		return nil
	}
	_, err := g.o.Sessions.EndSignIns(ctx, p.Key, id)
	return err
}
