package upstream

import (
	"net/netip"
	"net/url"
	"strings"
)

// PlainHTTP tells whether a secret sent to u could be read on the way: u is
// http and its host is not this machine.
func PlainHTTP(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, "http") && !loopback(u.Hostname())
}

// loopback tells whether a host name is this machine's: localhost (RFC 6761
// reserves it and the names under it) or a loopback address.
func loopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
