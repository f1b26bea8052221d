package telemetry

import (
	"context"
	"slices"
)

// Role is what a person may do. Each role may do what those before it may.
type Role string

// The roles. RoleAnyone is what routes need that are open to strangers; nobody has it.
const (
	RoleAnyone   Role = "anyone"
	RoleViewer   Role = "viewer"   // reads
	RoleOperator Role = "operator" // polls, refreshes, replies, starts runs, saves views
	RoleAdmin    Role = "admin"    // backfills, accepts scopes and listings, makes tokens, reads the audit log
)

// Roles are the roles that people have, the least first.
func Roles() []Role { return []Role{RoleViewer, RoleOperator, RoleAdmin} }

// Allows reports whether who has the role r may do what needs a role. What
// needs no role that is known is allowed to nobody.
func (r Role) Allows(need Role) bool {
	if need == RoleAnyone {
		return true
	}
	least := slices.Index(Roles(), need)
	return least >= 0 && slices.Index(Roles(), r) >= least
}

// EntryWay is how a person came in.
type EntryWay string

// The ways in.
const (
	EntryOpen   EntryWay = "open"   // nobody signs in: the program listens on loopback, or ALLOW_UNAUTHENTICATED is set
	EntryGitHub EntryWay = "github" // GitHub's OAuth
	EntryProxy  EntryWay = "proxy"  // a header of a proxy that is trusted
	EntryToken  EntryWay = "token"  // an access token
)

// Person is who asks. The zero Person is a stranger.
type Person struct {
	Key     string   // names the person in what is stored: "github:mona"; "" of a stranger
	Name    string   // as it is shown: GitHub's login, the proxy's name, a token's name
	Role    Role     // "" of a stranger
	Way     EntryWay // how the person came in
	Session string   // id of the session of a browser, "" without one
	Token   string   // id of the access token that was sent or signed in with, "" without one
	Teams   []string // "org/team", as GitHub named them at this sign-in; nil where it was not asked
}

// Known reports whether the person is no stranger.
func (p Person) Known() bool { return p.Key != "" }

// May reports whether the person may do what needs a role.
func (p Person) May(need Role) bool { return p.Role.Allows(need) }

// Effect is what an action changed, as far as its request does not say it.
type Effect struct {
	Subject       string // what was changed; "" is what the request names
	Before, After string // "" where there was nothing, or nothing is left
	Failure       string // why it was not done, where the handler itself shows it; "" else
}

// asking is who asks, and what came of it.
type asking struct {
	person Person
	effect Effect
}

type askingKey struct{}

// AsPerson returns a context of what a person asks for.
func AsPerson(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, askingKey{}, &asking{person: p})
}

// AsIn returns to as a context of what is asked for in from, by the same person.
func AsIn(to, from context.Context) context.Context {
	if a := askingIn(from); a != nil {
		return context.WithValue(to, askingKey{}, a)
	}
	return to
}

type requestKey struct{}

// AsRequest returns a context of what a request asks for, which its id names in
// the log.
func AsRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf is the id of the request that ctx is about, "" without one.
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// PersonOf returns the person who asked for what ctx is about, the zero
// Person where nobody did.
func PersonOf(ctx context.Context) Person {
	if a := askingIn(ctx); a != nil {
		return a.person
	}
	return Person{}
}

// You is who asks where nobody is named.
const You = "you"

// NameOf is the name of the person who asked for what ctx is about, You where nobody did.
func NameOf(ctx context.Context) string {
	if p := PersonOf(ctx); p.Name != "" {
		return p.Name
	}
	return You
}

// NoteEffect says what the action of ctx changed, for the audit log. It is called
// by who does the action, before it answers.
func NoteEffect(ctx context.Context, e Effect) {
	if a := askingIn(ctx); a != nil {
		a.effect = e
	}
}

// Answered is what a reply to a session changed: it waited, and has an answer now.
// What it then does is Devin's to say.
func (s SessionRow) Answered() Effect {
	return Effect{Subject: s.ID, Before: string(s.State), After: "a message was sent"}
}

// EffectOf returns what was noted.
func EffectOf(ctx context.Context) Effect {
	if a := askingIn(ctx); a != nil {
		return a.effect
	}
	return Effect{}
}

func askingIn(ctx context.Context) *asking {
	a, _ := ctx.Value(askingKey{}).(*asking)
	return a
}
