package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Transport returns a transport that keeps so many connections to a host, and
// waits idle for one and for the first byte of an answer. Where the network's
// proxy refuses a connection, the error is a proxyRefusal.
func Transport(perHost int, idle time.Duration) *http.Transport {
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // nothing here replaces it
	own.MaxIdleConnsPerHost = perHost
	own.DialContext = (&net.Dialer{Timeout: idle}).DialContext
	own.TLSHandshakeTimeout = idle
	own.ResponseHeaderTimeout = idle
	own.MaxResponseHeaderBytes = 1 << 20
	own.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return proxyRefusal(resp.StatusCode)
		}
		return nil
	}
	return own
}

// proxyRefusal is the status with which the network's proxy refused to connect.
type proxyRefusal int

func (p proxyRefusal) Error() string { return fmt.Sprintf("the proxy answered %d", int(p)) }

const checkNetwork = "Check %s and the network, or try again later."

// Unreached says why a request got no answer, and what to do. how completes a
// sentence that begins with who was asked: "could not be reached"; advice is a
// sentence. variable is the setting that holds the address.
func Unreached(err error, variable string) (how, advice string) {
	for _, of := range []func(error) (string, string){ofProxy, ofName, ofCertificate, ofTLS} {
		if how, advice = of(err); how != "" {
			break
		}
	}
	switch {
	case how != "":
	case errors.Is(err, syscall.ECONNREFUSED):
		how, advice = "refused the connection", checkNetwork
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		how, advice = "could not be reached: this machine has no way to it", "Check this machine's network and firewall, and %s."
	case WasReset(err):
		how, advice = "closed the connection without an answer", checkNetwork
	default:
		how, advice = "could not be reached", checkNetwork
	}
	return how, strings.ReplaceAll(advice, "%s", variable)
}

// ProxyRefused says what an answer of the network's proxy means.
func ProxyRefused(status int) (how, advice string) {
	if status == http.StatusProxyAuthRequired {
		return "could not be reached: this network's proxy wants a user and a password (407)",
			"Put them into the environment variable HTTPS_PROXY (http://user:password@proxy:port) and restart."
	}
	return fmt.Sprintf("could not be reached: this network's proxy refused to connect to it (%d)", status),
		"Ask who runs the proxy to allow it, or name its host in the environment variable NO_PROXY and restart."
}

func ofProxy(err error) (how, advice string) {
	if refusal, ok := errors.AsType[proxyRefusal](err); ok {
		return ProxyRefused(int(refusal))
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return "could not be reached: this network's proxy did not take the connection",
			"Check the environment variables HTTPS_PROXY and HTTP_PROXY, and restart."
	}
	return "", ""
}

func ofName(err error) (how, advice string) {
	switch unresolved, ok := errors.AsType[*net.DNSError](err); {
	case !ok:
		return "", ""
	case unresolved.IsNotFound:
		return "could not be found: its name does not resolve", "Check %s, and this machine's name server."
	}
	return "could not be found: its name does not resolve, since this machine's name server does not answer",
		"Check the network and the name server (DNS) of this machine."
}

func ofCertificate(err error) (how, advice string) {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "has a certificate of an authority that this machine does not trust",
			"If the network inspects TLS, or the server has an authority of its own, " +
				"name the file with that authority's certificate in the environment variable SSL_CERT_FILE and restart."
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "has a certificate for another name", "Check %s, and whether something else answers in its place."
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "has a certificate that has expired or is not valid yet",
			"Check the clock of this machine, or ask who runs the server to renew it."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "has a certificate that is not valid", "Check %s, or ask who runs the server to renew it."
	}
	return "", ""
}

func ofTLS(err error) (how, advice string) {
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	if noTLS || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") { // net/http has no type for it
		return "does not speak TLS at this address", "Check the scheme and the port in %s."
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" { // as crypto/tls calls an alert
		return "refused the TLS connection", "Check %s, and whether a proxy or firewall of the network stands between."
	}
	return "", ""
}
