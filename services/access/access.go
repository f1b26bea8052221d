// Package access decides who asks and what they may do: sign-in, sessions of
// browsers, access tokens, and what a trusted proxy says. It owns the rules and
// the secrets of them; what is stored, the store keeps. It renders nothing, and
// knows no route.
package access

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Credentials are what a request carries that may say who asks.
type Credentials struct {
	From          netip.Addr // the other end of the connection
	Authorization []string   // the values of that header
	Session       string     // the value of the session's cookie
	Proxy         []string   // the values of the proxy's header
	ReadToken     string     // the one in the address, where that may have one
	Address       string     // for which it was sent, see Address
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

// ReadPrefix is how read tokens begin: those that stand in an address, and open
// that one alone.
const ReadPrefix = "tdashread_"

// addressMost is how long an address may be that a read token opens.
const addressMost = 2000

// Address is an address of this server in the one form that is compared: its
// path and its parameters in order of their names, without the read token. The
// error is CodeInvalid for what is no such address.
func Address(raw string) (string, error) {
	u, err := url.ParseRequestURI(raw)
	if err == nil && (u.Host != "" || !strings.HasPrefix(u.Path, "/")) {
		err = errors.New("it names a host")
	}
	var q url.Values
	if err == nil {
		q, err = url.ParseQuery(u.RawQuery)
	}
	if err != nil {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid address: want a path of this dashboard with its parameters.").Because(err)
	}
	q.Del(ReadParam)
	address := (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String()
	if len(address) > addressMost {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid address: it is longer than %d bytes. Shorten the query.", addressMost)
	}
	return address, nil
}

// ReadParam is the parameter of an address in which its read token stands.
const ReadParam = "token"
