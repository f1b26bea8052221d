package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"telemetry-dashboard/services/access"
)

// OAuthClient is the id of an OAuth app.
type OAuthClient string

// HeaderName is the name of a header of HTTP.
type HeaderName string

// Networks are networks, a single address among them.
type Networks []netip.Prefix

// Members are people by login, team or organization.
type Members []access.Member

func parseOAuthClient(v string) (OAuthClient, error) {
	for _, r := range v {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r) {
			return "", fmt.Errorf("is %q; want letters, digits, dots, - and _", v)
		}
	}
	return OAuthClient(v), nil
}

// parseHeaderName refuses the headers that mean something else.
func parseHeaderName(v string) (HeaderName, error) {
	for _, r := range v {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' {
			return "", fmt.Errorf("is %q; want the name of a header: letters, digits and -", v)
		}
	}
	switch strings.ToLower(v) {
	case "authorization", "cookie", "host", "origin", "referer", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto":
		return "", fmt.Errorf("is %q, which says something else than who asks", v)
	}
	return HeaderName(v), nil
}

func parseNetworks(v string) (Networks, error) {
	var networks Networks
	for part := range strings.SplitSeq(v, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		network, err := netip.ParsePrefix(part)
		if address, single := netip.ParseAddr(part); single == nil {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("has %q; want an IP address or a network such as 10.0.0.0/8", part)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func parseMembers(v string) (Members, error) {
	var members Members
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		m, err := access.ParseMember(part)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

// signsIn reports whether the settings have a way to sign in.
func (c Config) signsIn() bool { return c.OAuthClient != "" || c.ProxyHeader != "" }

// isOpen reports whether others than who sits at this machine may reach the
// dashboard, and nobody signs in: where that is set, and behind a proxy.
func (c Config) isOpen() bool { return c.Unauthenticated || !c.signsIn() && c.isPublic() }

// isPublic reports whether PUBLIC_URL is an address of other machines.
func (c Config) isPublic() bool {
	u, err := url.Parse(string(c.PublicURL))
	if err != nil || u.Hostname() == "" || u.Hostname() == "localhost" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip == nil || !ip.IsLoopback()
}

// accessRules are who has which role.
func (c Config) accessRules() access.Rules {
	return access.Rules{Admins: c.Admins, Operators: c.Operators, Viewers: c.Viewers}
}

// accessFault is what of the settings about access does not fit together.
func (c Config) accessFault() error {
	switch {
	case c.OAuthClient != "" && c.OAuthSecret == "":
		return errors.New("GITHUB_OAUTH_CLIENT_ID is set, and GITHUB_OAUTH_CLIENT_SECRET is not: set both, as the OAuth app at GitHub has them")
	case c.OAuthClient == "" && c.OAuthSecret != "":
		return errors.New("GITHUB_OAUTH_CLIENT_SECRET is set, and GITHUB_OAUTH_CLIENT_ID is not: set both, as the OAuth app at GitHub has them")
	case c.OAuthClient != "" && c.accessRules().Empty():
		return errors.New("GITHUB_OAUTH_CLIENT_ID is set, and nobody may sign in with it: " +
			"set ACCESS_ADMINS, ACCESS_OPERATORS or ACCESS_VIEWERS, for example ACCESS_VIEWERS=your-org/*")
	case c.ProxyHeader != "" && len(c.Proxies) == 0:
		return errors.New("ACCESS_PROXY_HEADER is set, and ACCESS_PROXIES is not: set it to the address of the proxy, for example 127.0.0.1")
	case c.ProxyHeader == "" && len(c.Proxies) > 0:
		return errors.New("ACCESS_PROXIES is set, and ACCESS_PROXY_HEADER is not: set it to the header in which the proxy says who asks")
	case c.Unauthenticated && c.signsIn():
		return errors.New("ALLOW_UNAUTHENTICATED is set beside a way to sign in (GITHUB_OAUTH_CLIENT_ID or ACCESS_PROXY_HEADER): " +
			"remove one of them")
	}
	return nil
}
