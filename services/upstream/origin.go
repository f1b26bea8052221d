package upstream

import (
	"net/netip"
	"net/url"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// PlainHTTP reports whether a secret sent to u could be read on the way: u is
// http and its host is not this machine.
func PlainHTTP(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, "http") && !loopback(u.Hostname())
}

// loopback reports whether a host name is this machine's: localhost (RFC 6761
// reserves it and the names under it) or a loopback address.
func loopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// Base reads the address of an API: http or https with a host, without user,
// query or fragment. It returns nil for any other.
func Base(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil
	}
	return u
}

// Secret is a token or key, and the variables that it and the address of its
// API are set by.
type Secret struct{ Value, Variable, AddressVariable string }

// Check refuses a secret that is none, or that anybody on the way to base
// could read, unless that is allowed.
func (s Secret) Check(base *url.URL, allowPlain bool) error {
	switch {
	case strings.ContainsFunc(s.Value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return telemetry.Errorf(telemetry.CodeInvalid,
			"%s holds a space or another character that no token has. Copy it again.", s.Variable)
	case s.Value != "" && !allowPlain && PlainHTTP(base):
		return telemetry.Errorf(telemetry.CodeInvalid, "%s is plain http to %s, so %s would be sent unencrypted. "+
			"Use https, or set ALLOW_PLAIN_HTTP_UPSTREAM=true if the network is trusted.", s.AddressVariable, base.Hostname(), s.Variable)
	}
	return nil
}
