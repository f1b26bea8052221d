package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// refusedNetworks are those that nothing is sent to unless NOTIFY_ALLOW_PRIVATE is set:
// those of this machine and network, and those that lead there or to nobody. From the
// registries of special addresses of IANA.
func refusedNetworks() []netip.Prefix {
	var list []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/128", "::1/128", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
		"5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// allowed reports whether an address is of nobody in particular: a public one.
func allowed(a netip.Addr, refused []netip.Prefix) bool {
	a = a.Unmap().WithZone("")
	for _, p := range refused {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// dialer connects to public addresses alone, unless private ones are allowed. The address
// is checked as it is connected to, so that a name which leads elsewhere at the second
// question gains nothing.
func dialer(private bool) *net.Dialer {
	d := &net.Dialer{Timeout: dialLimit}
	if private {
		return d
	}
	refused := refusedNetworks()
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read the address %s: %w", telemetry.Shown(address), err)
		}
		if !allowed(to.Addr(), refused) {
			return &refusedAddress{to.Addr()}
		}
		return nil
	}
	return d
}

const (
	dialLimit = 10 * time.Second
	sendLimit = 30 * time.Second
	bodyMost  = 8 << 10 // of an answer
)

// refusedAddress is why nothing was sent to an address.
type refusedAddress struct{ addr netip.Addr }

func (e *refusedAddress) Error() string {
	return fmt.Sprintf("The receiver's name leads to %s, which is a private or reserved address, so nothing was sent. "+
		"If that is right, set NOTIFY_ALLOW_PRIVATE=true and restart.", e.addr)
}

// client posts to a receiver: no redirect is followed, and a proxy is used only where
// private addresses are allowed, since behind one the address cannot be checked.
func client(private bool, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	t := &http.Transport{
		DialContext: dialer(private).DialContext, TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: sendLimit,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 4, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true, DisableCompression: true,
	}
	if private {
		t.Proxy = proxy
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: t, Timeout: sendLimit, CheckRedirect: stay}
}

// why says why a receiver was not reached, without its address, which may hold a secret.
func why(err error) error {
	var refused *refusedAddress
	if errors.As(err, &refused) {
		return &Refusal{refused.Error()}
	}
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"The receiver's name cannot be resolved. Check the setting, and the name server.").Because(err)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return telemetry.Errorf(telemetry.CodeUnavailable, "The receiver did not answer in time.").Because(err)
	}
	return telemetry.Errorf(telemetry.CodeUnavailable, "The receiver cannot be reached: %s.",
		telemetry.Shorten(oneLine(err.Error()), 200)).Because(err)
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
