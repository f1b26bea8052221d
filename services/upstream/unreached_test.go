package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/upstream"
)

// secured serves TLS, with a certificate that ended an hour ago if so asked,
// until the test ends, and returns what trusts it.
func secured(t *testing.T, expired bool, change func(*tls.Config)) (address string, trust *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	trust = x509.NewCertPool()
	if expired {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		s.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	}
	if change != nil {
		change(s.TLS)
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	leaf, err := x509.ParseCertificate(s.TLS.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trust.AddCert(leaf)
	return s.URL, trust
}

// TestUnreached: each way not to reach a server has its own words, and says
// what to do.
func TestUnreached(t *testing.T) {
	serve := func(handle http.HandlerFunc) *httptest.Server {
		s := httptest.NewServer(handle)
		t.Cleanup(s.Close)
		return s
	}
	plain := serve(http.NotFound)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	dropped := serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	untrusted, trust := secured(t, false, nil)
	expired, expiredTrust := secured(t, true, nil)
	strict, strictTrust := secured(t, false, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	secure := strings.Replace(plain.URL, "http://", "https://", 1)
	proxy := func(status int) string {
		return serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }).URL
	}
	for name, c := range map[string]struct {
		address     string
		trust       *x509.CertPool
		proxy       string
		how, advice string
	}{
		"an authority that is not known": {untrusted, nil, "", "an authority that this machine does not trust", "SSL_CERT_FILE"},
		"a certificate of another name":  {strings.Replace(untrusted, "127.0.0.1", "localhost", 1), trust, "", "for another name", "X_URL"},
		"an expired certificate":         {expired, expiredTrust, "", "expired", "clock of this machine"},
		"a client certificate is wanted": {strict, strictTrust, "", "refused the TLS connection", "X_URL"},
		"no TLS":                         {secure, nil, "", "does not speak TLS", "port in X_URL"},
		"nobody listens":                 {closed.URL, nil, "", "refused the connection", "X_URL"},
		"cut":                            {dropped.URL, nil, "", "closed the connection", "X_URL"},
		"a proxy that wants a password":  {secure, nil, proxy(407), "proxy wants a user and a password (407)", "HTTPS_PROXY"},
		"a proxy that refuses":           {secure, nil, proxy(403), "proxy refused to connect to it (403)", "NO_PROXY"},
		"a proxy that is away":           {secure, nil, closed.URL, "proxy did not take the connection", "HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			transport := upstream.Transport(1, time.Minute)
			defer transport.CloseIdleConnections()
			transport.Proxy = nil
			if c.proxy != "" {
				through, err := url.Parse(c.proxy)
				if err != nil {
					t.Fatal(err)
				}
				transport.Proxy = http.ProxyURL(through)
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: c.trust, MinVersion: tls.VersionTLS12}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.address, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := (&http.Client{Transport: transport}).Do(req)
			if err == nil {
				res.Body.Close()
				t.Fatal(res.Status)
			}
			if how, advice := upstream.Unreached(err, "X_URL"); !strings.Contains(how, c.how) || !strings.Contains(advice, c.advice) {
				t.Errorf("%v: %q %q, want %q %q", err, how, advice, c.how, c.advice)
			}
		})
	}
	for err, words := range map[error]string{
		&net.DNSError{Name: "api.example", IsNotFound: true}: "does not resolve Check X_URL",
		&net.DNSError{Name: "api.example"}:                   "name server does not answer Check the network",
		&tls.CertificateVerificationError{}:                  "is not valid Check X_URL",
		fmt.Errorf("read: %w", io.ErrUnexpectedEOF):          "closed the connection",
		fmt.Errorf("dial: %w", syscall.EHOSTUNREACH):         "no way to it Check this machine's network",
		fmt.Errorf("dial: %w", errors.New("unexpected")):     "could not be reached Check X_URL and the network",
	} {
		if how, advice := upstream.Unreached(err, "X_URL"); !strings.Contains(how+" "+advice, words) {
			t.Errorf("%v: %q %q, want %q", err, how, advice, words)
		}
	}
}
