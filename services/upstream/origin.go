package upstream

import (
	"cmp"
	"net/netip"
	"net/url"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// PlainHTTP reports whether a secret sent to u could be read on the way.
func PlainHTTP(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, "http") && !loopback(u.Hostname())
}

// loopback reports whether a host is this machine: RFC 6761 reserves localhost
// and the names under it.
func loopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// Secret is a token or key, its variable, and the one of its API's address.
type Secret struct{ Value, Variable, AddressVariable string }

// Base reads the address of the API, usual if there is none, without slashes at
// its end. It refuses a secret that is none or that could be read on the way. Its
// error does not repeat the address, which may hold a password.
func (s Secret) Base(address, usual string, allowPlain bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(cmp.Or(strings.TrimSpace(address), usual), "/"))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"%s is not an address of the form https://host or https://host/path, without user, query or fragment, for example %s.",
			s.AddressVariable, usual)
	case strings.ContainsFunc(s.Value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"%s holds a space or another character that no token has. Copy it again.", s.Variable)
	case s.Value != "" && !allowPlain && PlainHTTP(u):
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "%s is plain http to %s, so %s would be sent unencrypted. "+
			"Use https, or set ALLOW_PLAIN_HTTP_UPSTREAM=true if the network is trusted.", s.AddressVariable, u.Hostname(), s.Variable)
	}
	return u, nil
}
