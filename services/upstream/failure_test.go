package upstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/upstream"
)

// TestUnreached: each way not to reach a server has its own words.
func TestUnreached(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	untrusted.Config.ErrorLog = nil
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	dropped := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(dropped.Close)
	for address, words := range map[string]string{
		untrusted.URL: "certificate",
		closed.URL:    "refused",
		dropped.URL:   "closed the connection",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			t.Fatalf("%s: %s", address, res.Status)
		}
		if got := upstream.Unreached(err); !strings.Contains(got, words) {
			t.Errorf("%v: %q, want %q", err, got, words)
		}
	}
	for err, words := range map[error]string{
		&net.DNSError{Name: "api.example"}:               "does not resolve",
		&tls.CertificateVerificationError{}:              "certificate",
		fmt.Errorf("read: %w", io.ErrUnexpectedEOF):      "closed the connection",
		fmt.Errorf("dial: %w", syscall.EHOSTUNREACH):     "could not be reached",
		fmt.Errorf("dial: %w", errors.New("unexpected")): "could not be reached",
	} {
		if got := upstream.Unreached(err); !strings.Contains(got, words) {
			t.Errorf("%v: %q, want %q", err, got, words)
		}
	}
}

func TestTimedOut(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded:                            true,
		&net.DNSError{IsTimeout: true}:                      true,
		&net.DNSError{}:                                     false,
		fmt.Errorf("ask: %w", context.Canceled):             false,
		fmt.Errorf("ask: %w", context.DeadlineExceeded):     true,
		fmt.Errorf("read: %w", syscall.ECONNRESET):          false,
		&net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}:    true,
		&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}: false,
	} {
		if got := upstream.TimedOut(err); got != want {
			t.Errorf("%v: %t, want %t", err, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct {
		words, secret string
		most          int
		want          string
	}{
		{"", "", 5, ""},
		{" two\n lines\t", "", 50, "two lines"},
		{"the key cog_1 is wrong", "cog_1", 50, "the key … is wrong"},
		{"größer", "", 6, "größer"},
		{"größer als", "", 6, "größe…"},
	} {
		if got := upstream.Quote(c.words, c.secret, c.most); got != c.want {
			t.Errorf("%q: %q, want %q", c.words, got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "1.5": 0, strings.Repeat("9", 40): 0,
		"0": 0, "7": 7 * time.Second, "\t8": 8 * time.Second, "-5": -5 * time.Second, "99999999999": 1_000_000_000 * time.Second,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): -time.Minute,
	} {
		if got := upstream.RetryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
