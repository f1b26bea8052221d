package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

const (
	// quoted is how many characters of GitHub's own words a sentence repeats.
	quoted = 300
	// defaultWait is the wait after a limit that names none, as GitHub's
	// documentation of secondary limits asks for; maxWait is the length of
	// the hourly limit's window.
	defaultWait = time.Minute
	maxWait     = time.Hour
)

// question is what was asked, and what its failures mean to a reader.
type question struct {
	what    string // "pull requests of o/r": completes "GitHub's answer about …"
	needs   string // the permission that it takes: completes "give it …"
	missing string // what a 404 means
}

// cutShort is an answer that ended before its end.
type cutShort struct{ err error }

func (e *cutShort) Error() string { return "the answer ended early: " + e.err.Error() }
func (e *cutShort) Unwrap() error { return e.err }

// ended is the failure of a context that ended: as it is when it was
// cancelled, as a timeout when its time was up.
func (c *Client) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("ask GitHub: %w", ctx.Err())
	}
	return c.timedOut(ctx.Err())
}

func (c *Client) timedOut(cause error) error {
	return telemetry.Errorf(telemetry.CodeUpstreamTimeout, "GitHub (%s) did not answer in time; try again in a moment.",
		c.host).Because(cause)
}

// failure is what err, of asking q, means to a reader.
func (c *Client) failure(ctx context.Context, q question, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*telemetry.Error](err); ok {
		return known
	}
	if ctx.Err() != nil {
		return c.ended(ctx)
	}
	if refusal, ok := errors.AsType[*gh.ErrorResponse](err); ok && refusal.Response != nil {
		return c.refused(q, refusal.Response, words(refusal.Message, refusal.Errors))
	}
	if twoFactor, ok := errors.AsType[*gh.TwoFactorAuthError](err); ok && twoFactor.Response != nil {
		return c.refused(q, twoFactor.Response, twoFactor.Message)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // the address of an archive can hold a token
	}
	_, short := errors.AsType[*cutShort](err)
	switch {
	case isTimeout(err):
		return c.timedOut(err)
	case short, errors.Is(err, io.ErrUnexpectedEOF):
		return c.broken(q, "was cut short", err)
	case isJSONError(err):
		return c.broken(q, "is not the JSON that GitHub promises", err)
	}
	return c.unreached(err)
}

// unreached is the failure of a request that got no answer.
func (c *Client) unreached(err error) error {
	how := "could not be reached"
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		how = "could not be found: its name does not resolve"
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		how = "refused the connection"
	} else if wasReset(err) {
		how = "closed the connection without an answer"
	}
	return telemetry.Errorf(telemetry.CodeUpstreamDown,
		"GitHub (%s) %s; check GITHUB_API_URL and the network, or try again later.", c.host, how).Because(err)
}

// broken is the failure of an answer that cannot be used.
func (c *Client) broken(q question, how string, cause error) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"GitHub's answer about %s %s; check that GITHUB_API_URL (%s) is GitHub's API, or try again later.", q.what, how,
		c.host).Because(cause)
}

// refused is the failure of an answer that is no success; said are GitHub's
// own words.
func (c *Client) refused(q question, resp *http.Response, said string) error {
	e := c.meaning(q, resp)
	if said = c.quote(said); said != "" {
		e.Message += fmt.Sprintf(" GitHub says: “%s”", said)
	}
	return e.Because(fmt.Errorf("HTTP %d", resp.StatusCode))
}

func (c *Client) meaning(q question, resp *http.Response) *telemetry.Error {
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized && c.wire.token == "":
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"GitHub (%s) wants a token for %s (401); set GITHUB_TOKEN and restart.", c.host, q.what)
	case status == http.StatusUnauthorized:
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"GitHub (%s) refused the token (401): GITHUB_TOKEN is wrong, expired or revoked. Create a new one, set it and restart.",
			c.host)
	case status == http.StatusForbidden && strings.HasPrefix(resp.Header.Get("X-GitHub-SSO"), "required"):
		return telemetry.Errorf(telemetry.CodeUpstreamDenied,
			"The token is not authorized for the organization's single sign-on (403), which %s needs; authorize it in GitHub's token settings (Configure SSO).",
			q.what)
	case status == http.StatusForbidden:
		return telemetry.Errorf(telemetry.CodeUpstreamDenied,
			"The token in GITHUB_TOKEN lacks the permission for %s (403); give it %s.", q.what, q.needs)
	case status == http.StatusNotFound || status == http.StatusGone:
		return telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", q.missing)
	case status >= 500:
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub (%s) failed on %s (%d); try again later.", c.host, q.what, status)
	case status >= 400:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "GitHub rejected the request for %s (%d).", q.what, status)
	default:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"GitHub (%s) answered %d for %s and points elsewhere, which is not followed; check GITHUB_API_URL and the repository's name.",
			c.host, status, q.what)
	}
}

// limitMeaning tells whether an answer of 403 or 429 is a limit, and which:
// its sentence, "" if it is a missing permission, and how long to wait.
func limitMeaning(resp *http.Response, problem []byte, now time.Time) (message string, wait time.Duration) {
	var said struct {
		Message string `json:"message"`
		Docs    string `json:"documentation_url"`
	}
	_ = json.Unmarshal(problem, &said) // what is no JSON says nothing
	h := resp.Header
	wait = retryAfter(h.Get("Retry-After"), now)
	reset, _ := strconv.ParseInt(h.Get(headerReset), 10, 64)
	spent := h.Get(headerRemaining) == "0"
	text := strings.ToLower(said.Message)
	secondary := strings.Contains(text, "secondary rate limit") || strings.Contains(text, "abuse detection") ||
		strings.HasSuffix(said.Docs, "secondary-rate-limits") || strings.HasSuffix(said.Docs, "#abuse-rate-limits")
	switch {
	case spent && !secondary:
		if reset > 0 && wait == 0 {
			wait = time.Unix(reset, 0).Sub(now)
		}
		wait = sane(wait)
		return fmt.Sprintf("GitHub's hourly limit of requests for this token is used up (%d); it is renewed at %s. What was stored stays.",
			resp.StatusCode, now.Add(wait).UTC().Format("15:04:05 MST")), wait
	case secondary || wait > 0 || resp.StatusCode == http.StatusTooManyRequests || strings.Contains(text, "rate limit"):
		wait = sane(wait)
		return fmt.Sprintf("GitHub asks to slow down (%d, a limit on requests in a short time); ask again in %s.",
			resp.StatusCode, wait.Round(time.Second)), wait
	}
	return "", 0
}

// sane is a wait that can be believed.
func sane(wait time.Duration) time.Duration {
	if wait <= 0 {
		return defaultWait
	}
	return min(wait, maxWait)
}

func limitError(message string, wait time.Duration) error {
	e := telemetry.Errorf(telemetry.CodeRateLimited, "%s", message)
	e.RetryAfter = wait
	return e
}

// retryAfter reads a Retry-After of seconds or an HTTP date; 0 if there is none.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxWait/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// words joins what GitHub says of a failure.
func words(message string, details []gh.Error) string {
	for _, d := range details {
		if d.Message != "" {
			message += "; " + d.Message
		}
	}
	return message
}

// quote makes words fit for a sentence: one line, shortened, without the token.
func (c *Client) quote(said string) string {
	if c.wire.token != "" {
		said = strings.ReplaceAll(said, c.wire.token, "…")
	}
	runes := []rune(strings.Join(strings.Fields(said), " "))
	if len(runes) > quoted {
		runes = append(runes[:quoted-1], '…')
	}
	return string(runes)
}

func isTimeout(err error) bool {
	broken, ok := errors.AsType[net.Error](err)
	return ok && broken.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func isJSONError(err error) bool {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	_, parse := errors.AsType[*time.ParseError](err)
	_, number := errors.AsType[*strconv.NumError](err)
	return syntax || kind || parse || number
}
