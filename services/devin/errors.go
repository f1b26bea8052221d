package devin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"telemetry-dashboard/services/telemetry"
)

const (
	// quoted is how many characters of Devin's own words a sentence repeats.
	quoted = 200
	// defaultRetryAfter is the wait that a 429 is reported with which names
	// none, or none that is sane: Devin documents neither.
	defaultRetryAfter = time.Minute
	minRetryAfter     = time.Second
	maxRetryAfter     = time.Hour

	perhapsSent = "The message may or may not have arrived: look at the session before sending it again."
)

// ended is the failure of a context that ended: as it is when it was
// cancelled, as a timeout when its time was up.
func (c *Client) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("ask Devin: %w", ctx.Err())
	}
	return telemetry.Errorf(telemetry.CodeUpstreamTimeout, "Devin (%s) did not answer in time. Try again in a moment.",
		c.host).Because(ctx.Err())
}

// unreached is the failure of a request that got no whole answer.
func (c *Client) unreached(ctx context.Context, r request, err error) error {
	if ctx.Err() != nil && r.message == "" {
		return c.ended(ctx)
	}
	// A url.Error repeats the address, with up to a hundred ids in it.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	code, how, advice := telemetry.CodeUpstreamDown, "could not be reached", "Check DEVIN_API_URL and the network, or try again later."
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case unresolved:
		how = "could not be found: its name does not resolve"
	case errors.Is(err, syscall.ECONNREFUSED):
		how = "refused the connection"
	case r.message != "":
		how, advice = "gave no answer", perhapsSent
	case wasReset(err):
		how = "closed the connection without an answer"
	}
	if isTimeout(err) || ctx.Err() != nil {
		code, how = telemetry.CodeUpstreamTimeout, "did not answer in time"
	}
	return telemetry.Errorf(code, "Devin (%s) %s. %s", c.host, how, advice).Because(fmt.Errorf("%s %s: %w", r.method(), r.path, err))
}

// broken is the failure of an answer that cannot be used.
func (c *Client) broken(r request, how string, cause error) error {
	cause = fmt.Errorf("%s %s: %w", r.method(), r.path, cmp.Or(cause, errors.New("unusable answer")))
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"Devin's answer, asked for %s, %s. Check that DEVIN_API_URL (%s) is Devin's API, or try again later.", r.what,
		how, c.host).Because(cause)
}

// notDevin is the failure of a message that was answered by a web page.
func (c *Client) notDevin(r request) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"What answered the message is not JSON but a web page. Check that DEVIN_API_URL (%s) is Devin's API. %s",
		c.host, perhapsSent).
		Because(fmt.Errorf("%s %s: text/html", r.method(), r.path))
}

// notJSON is the failure of an answer that is no JSON, or only its beginning.
func (c *Client) notJSON(r request, body []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(body, &whole)
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if text := bytes.TrimSpace(body); ok && len(text) > 0 && (text[0] == '{' || text[0] == '[') && int(syntax.Offset) >= len(body) {
		return c.broken(r, "was cut short", err)
	}
	return c.broken(r, "is not JSON", err)
}

// httpError is an answer that is no success, as the log shows it.
type httpError struct {
	status int
	asked  string
}

func (e httpError) Error() string { return fmt.Sprintf("%s: HTTP %d", e.asked, e.status) }

// refused is the failure of an answer that is no success.
func (c *Client) refused(r request, resp *http.Response, problem []byte) error {
	cause := httpError{resp.StatusCode, r.method() + " " + r.path}
	if resp.StatusCode == http.StatusTooManyRequests {
		return c.limited(resp.Header.Get("Retry-After"), cause)
	}
	e := c.meaning(r, resp.StatusCode)
	if words := c.words(problem); words != "" {
		e.Message += fmt.Sprintf(" Devin says: “%s”", words)
	}
	return e.Because(cause)
}

// limited is the failure of a 429. A Retry-After that is sane is in the cause
// too, where backoff finds how long to wait.
func (c *Client) limited(header string, cause error) error {
	wait, sane := c.retryAfter(header)
	if sane {
		cause = errors.Join(cause, &backoff.RetryAfterError{Duration: wait})
	} else {
		wait = defaultRetryAfter
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited,
		"Devin (%s) limits how often it may be asked (429). Ask again in %s.", c.host, wait.Round(time.Second))
	e.RetryAfter = wait
	return e.Because(cause)
}

// retryAfter reads a Retry-After of seconds or an HTTP date.
func (c *Client) retryAfter(header string) (wait time.Duration, sane bool) {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.Atoi(header); err == nil && seconds <= int(maxRetryAfter/time.Second) {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wait = date.Sub(c.now())
	}
	return wait, wait >= minRetryAfter && wait <= maxRetryAfter
}

func (c *Client) meaning(r request, status int) *telemetry.Error {
	switch {
	case status == http.StatusUnauthorized:
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"Devin refused the key (401 from API %s). Check DEVIN_API_KEY: keys apk_… work on API v1 only, keys cog_… on API v3 only.",
			c.api)
	case status == http.StatusForbidden:
		return telemetry.Errorf(telemetry.CodeUpstreamDenied, "%s", cmp.Or(r.denied,
			fmt.Sprintf("The key in DEVIN_API_KEY may not ask Devin for %s (403). Give it the permission, or use another key.", r.what)))
	case status == http.StatusNotFound:
		return telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", cmp.Or(r.missing,
			fmt.Sprintf("Devin (%s) has no such address for %s (404). Check DEVIN_API_URL and, for a key cog_…, DEVIN_ORG_ID.",
				c.host, r.what)))
	case status >= 500 && r.message != "":
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "Devin (%s) failed (%d). %s", c.host, status, perhapsSent)
	case status >= 500:
		return telemetry.Errorf(telemetry.CodeUpstreamDown,
			"Devin (%s) failed when asked for %s (%d). Try again later.", c.host, r.what, status)
	case status >= 400 && r.message != "":
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"Devin did not take the message (%d): the session may be over or archived. Look at it in Devin, or start a new session.",
			status)
	case status >= 400:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "Devin (%s) rejected the request for %s (%d).", c.host, r.what, status)
	}
	return telemetry.Errorf(telemetry.CodeUpstreamRejected,
		"Devin (%s) answered %d for %s and points elsewhere, which is not followed. Set DEVIN_API_URL to the API's own address.",
		c.host, status, r.what)
}

// words returns what an error's body says, on one line, shortened and
// without the key: RFC 9457's detail or title, or FastAPI's first message.
func (c *Client) words(problem []byte) string {
	o := readObject(problem)
	said := o.text("detail")
	if list := o.list("detail"); said == "" && len(list) > 0 {
		said = readObject(list[0]).text("msg")
	}
	said = strings.ReplaceAll(cmp.Or(said, o.text("title")), c.key, "…")
	runes := []rune(strings.Join(strings.Fields(said), " "))
	if len(runes) > quoted {
		runes = append(runes[:quoted-1], '…')
	}
	return string(runes)
}
