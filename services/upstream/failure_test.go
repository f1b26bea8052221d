package upstream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/upstream"
)

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
