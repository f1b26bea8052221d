package devin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	// quoted is how many characters of Devin's own words a sentence repeats.
	quoted = 200
	// defaultRetryAfter is the wait after a limit that names none that is sane.
	defaultRetryAfter = time.Minute
	minRetryAfter     = time.Second
	maxRetryAfter     = time.Hour
)

// unknown returns the code and the advice of a failure of r after which Devin may
// have done what was asked: the given ones for a GET.
func (r request) unknown(code telemetry.Code, advice string) (telemetry.Code, string) {
	if r.order != nil {
		return telemetry.CodeOutcomeUnknown, r.order.unsure
	}
	return code, advice
}

func (c *Client) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("ask Devin: %w", ctx.Err())
	}
	return telemetry.Errorf(telemetry.CodeUpstreamTimeout, "Devin (%s) did not answer in time. Try again in a moment.",
		c.host).Because(ctx.Err())
}

func (c *Client) unreached(ctx context.Context, r request, connected bool, err error) error {
	if ctx.Err() != nil && (r.order == nil || !connected) {
		return c.ended(ctx)
	}
	// A url.Error repeats the address, with up to a hundred ids in it.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	code := telemetry.CodeUpstreamDown
	how, advice := upstream.Unreached(err, "DEVIN_API_URL")
	if upstream.TimedOut(err) || ctx.Err() != nil {
		code, how, advice = telemetry.CodeUpstreamTimeout, "did not answer in time", "Check DEVIN_API_URL and the network, or try again later."
	}
	if connected {
		code, advice = r.unknown(code, advice)
	}
	return telemetry.Errorf(code, "Devin (%s) %s. %s", c.host, how, advice).Because(fmt.Errorf("%s %s: %w", r.method(), r.path, err))
}

func (c *Client) broken(r request, how string, cause error) error {
	cause = fmt.Errorf("%s %s: %w", r.method(), r.path, cmp.Or(cause, errors.New("unusable answer")))
	code, advice := r.unknown(telemetry.CodeUpstreamBroken,
		fmt.Sprintf("Check that DEVIN_API_URL (%s) is Devin's API, or try again later.", c.host))
	answer := "Devin's answer, asked for " + r.what + ","
	if r.order != nil {
		answer = "Devin's answer to " + r.what
	}
	return telemetry.Errorf(code, "%s %s. %s", answer, how, advice).Because(cause)
}

// unread is why a row, or an answer about one session, cannot be read.
type unread string

func (u unread) Error() string { return string(u) }

func (c *Client) unreadable(r request, body *noted, err error) string {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	why, unread := errors.AsType[unread](err)
	switch {
	case unread:
		return "cannot be read: " + string(why)
	case upstream.WasReset(body.err):
		return "was cut short"
	case body.n == 0:
		return "is empty"
	case errors.Is(err, upstream.ErrTooLarge):
		return fmt.Sprintf("is larger than %d MB", r.limit>>20)
	case errors.Is(err, upstream.ErrTooManyRows):
		return "has more rows than are read"
	case errors.Is(err, upstream.ErrLargeValue):
		return fmt.Sprintf("has a row or field that is larger than %d MB", upstream.LargestValue>>20)
	case errors.Is(err, upstream.ErrNotAList):
		return r.shape
	case errors.Is(err, upstream.ErrTrailing):
		return "continues after its end"
	case upstream.WasReset(err):
		return "was cut short"
	case syntax:
		return "is not JSON"
	}
	return "has an unexpected form"
}

// httpError is an answer that is not a success, as the log shows it.
type httpError struct {
	status int
	asked  string
}

func (e httpError) Error() string { return fmt.Sprintf("%s: HTTP %d", e.asked, e.status) }

// refused is the failure of a refusal; kind is its media type.
func (c *Client) refused(r request, resp *http.Response, kind string, problem []byte) error {
	cause := httpError{resp.StatusCode, r.method() + " " + r.path}
	words := c.words(problem)
	switch {
	case limits(resp, words):
		return c.limited(resp, cause)
	case resp.StatusCode == http.StatusProxyAuthRequired:
		how, advice := upstream.ProxyRefused(resp.StatusCode)
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "Devin (%s) %s. %s", c.host, how, advice).Because(cause)
	case kind == "text/html" && (resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden):
		return telemetry.Errorf(telemetry.CodeUpstreamDown,
			"Devin (%[1]s) could not be reached: a proxy or firewall answered in its place with a web page (%[2]d). "+
				"Ask who runs it to let this machine reach %[1]s.", c.host, resp.StatusCode).Because(cause)
	case resp.StatusCode == http.StatusNotFound && kind == "text/html" && r.missing != "" && r.order == nil:
		// Devin's own 404 is JSON: of a session, this says nothing.
		return c.broken(r, "is a web page (404)", cause)
	}
	e := c.meaning(r, resp.StatusCode)
	if words != "" {
		e.Message += fmt.Sprintf(" Devin says: “%s”", words)
	}
	return e.Because(cause)
}

// limits reports whether an answer is a limit's. Devin documents 429; gateways
// also answer 403, and then say so in a header or in words.
func limits(resp *http.Response, words string) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		words = strings.ToLower(words)
		return resp.Header.Get("X-Ratelimit-Remaining") == "0" || strings.Contains(words, "rate limit") ||
			strings.Contains(words, "too many requests")
	}
	return false
}

// limited is the failure of a limit.
func (c *Client) limited(resp *http.Response, cause error) error {
	wait, unsaid := upstream.RetryAfter(resp.Header.Get("Retry-After"), c.now()), ""
	if rate := c.limits.Rate(); wait == 0 && resp.Header.Get(upstream.HeaderRemaining) == "0" {
		wait = rate.Reset.Sub(c.now())
	}
	if wait < minRetryAfter || wait > maxRetryAfter {
		wait, unsaid = defaultRetryAfter, " and does not say for how long"
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited,
		"Devin (%s) limits the rate of requests (%d)%s. Try again in %s.", c.host, resp.StatusCode, unsaid, wait.Round(time.Second))
	e.RetryAfter = wait
	c.limits.Met(e)
	return e.Because(cause)
}

func (c *Client) meaning(r request, status int) *telemetry.Error {
	switch {
	case status == http.StatusUnauthorized:
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"Devin refused the key (401 from API %s). Check DEVIN_API_KEY: keys apk_… work on API v1 only, keys cog_… on API v3 only.",
			c.api)
	case status == http.StatusForbidden:
		return telemetry.Errorf(telemetry.CodeUpstreamDenied, "%s", cmp.Or(r.denied,
			fmt.Sprintf("The key in DEVIN_API_KEY may not read %s (403). Give it the permission, or use another key.", r.what)))
	case status == http.StatusNotFound:
		return telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", cmp.Or(r.missing,
			fmt.Sprintf("Devin (%s) has no such address for %s (404). Check DEVIN_API_URL and, for a key cog_…, DEVIN_ORG_ID.",
				c.host, r.what)))
	case r.order != nil && (status >= 500 || status == http.StatusRequestTimeout || status == http.StatusSeeOther):
		// All of these are also answered after the request was worked on.
		return telemetry.Errorf(telemetry.CodeOutcomeUnknown, "Devin (%s) answered %s with %d. %s", c.host, r.what, status, r.order.unsure)
	case status >= 500:
		return telemetry.Errorf(telemetry.CodeUpstreamDown,
			"Devin (%s) failed to return %s (%d). Try again later.", c.host, r.what, status)
	case status >= 400 && r.order != nil:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "Devin did not take %s (%d). %s", r.what, status, r.order.rejected)
	case status >= 400:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "Devin (%s) rejected the request for %s (%d).", c.host, r.what, status)
	}
	return telemetry.Errorf(telemetry.CodeUpstreamRejected,
		"Devin (%s) answered %d for %s and points elsewhere, which is not followed. Set DEVIN_API_URL to the API's own address.",
		c.host, status, r.what)
}

// words returns what an error's body says: RFC 9457's detail or title, or
// FastAPI's first message.
func (c *Client) words(problem []byte) string {
	o, err := readRow(problem, "detail", "title")
	if err != nil {
		return ""
	}
	said := o.text("detail")
	if said == "" {
		_ = upstream.Rows(strings.NewReader(string(o["detail"])), 1, func(first json.RawMessage) error {
			said = object{"first": first}.inner("first", "msg")
			return nil
		})
	}
	return upstream.Quote(cmp.Or(said, o.text("title")), c.key, quoted)
}
