// Package access decides who asks and what they may do: sign-in, sessions of
// browsers, access tokens, and what a trusted proxy says. It owns the rules and
// the secrets of them; what is stored, the store keeps. It renders nothing, and
// knows no route.
package access

import (
	"context"
	"net/netip"

	"telemetry-dashboard/services/telemetry"
)

// Credentials are what a request carries that may say who asks.
type Credentials struct {
	From          netip.Addr // the other end of the connection
	Authorization []string   // the values of that header
	Session       string     // the value of the session's cookie
	Proxy         []string   // the values of the proxy's header
}

// Names are where credentials stand in a request.
type Names struct {
	Cookie string // of the session
	Header string // that a proxy sets; "" if none is trusted
}

// Open is the access of a program in which nobody signs in: whoever asks is
// one person.
type Open telemetry.Person

// Names returns no names: nothing is read.
func (o Open) Names() Names { return Names{} }

// Identify returns the one person.
func (o Open) Identify(context.Context, Credentials) (telemetry.Person, error) {
	return telemetry.Person(o), nil
}

// Everyone is the access in which who asks is an admin of this name.
func Everyone(name string) Open {
	return Open{Key: KeyYou, Name: name, Role: telemetry.RoleAdmin, Way: telemetry.EntryOpen}
}

// KeyYou is the key of the one person of a program in which nobody signs in.
const KeyYou = "you"

// TokenPrefix is how access tokens begin, so that people and scanners of
// secrets recognize one.
const TokenPrefix = "tdash_"
