package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// WasReset reports whether the connection ended before its answer did.
func WasReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// TimedOut reports whether the time for an answer was up.
func TimedOut(err error) bool {
	broken, ok := errors.AsType[net.Error](err)
	return ok && broken.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// Quote returns words of an upstream on one line, without the secret, and cut.
func Quote(words, secret string, most int) string {
	if secret != "" {
		words = strings.ReplaceAll(words, secret, "…")
	}
	runes := []rune(strings.Join(strings.Fields(words), " "))
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	return string(runes)
}

// Tries is how often a GET is sent in all where it fails in passing.
const Tries = 3

// Waits returns how long to wait between the tries of one request.
func Waits() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Second,
	}
}

// longestWait keeps a Retry-After of many seconds within a time.Duration.
const longestWait = 1_000_000_000

// RetryAfter reads a Retry-After of seconds or an HTTP date; 0 if it is neither.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, -longestWait), longestWait)) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return date.Sub(now)
	}
	return 0
}
