//go:build unfinished

package devin

import (
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

	"telemetry-dashboard/services/telemetry"
)

const (
	// quoted is how many characters of Devin's own words a sentence repeats.
	quoted = 200
	// defaultRetryAfter is the wait after a 429 that names none, or none
	// that is sane: Devin documents neither.
	defaultRetryAfter = time.Minute
	minRetryAfter     = time.Second
	maxRetryAfter     = time.Hour
)

// ended is the failure of a context that ended: as it is when it was
// cancelled, as a timeout when its time was up.
func (c *Client) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("ask Devin: %w", ctx.Err())
	}
	return c.timedOut(ctx.Err())
}

func (c *Client) timedOut(cause error) error {
	return telemetry.Errorf(telemetry.CodeUpstreamTimeout, "Devin (%s) did not answer in time; try again in a moment.", c.host).Because(cause)
}

// unreached is the failure of a request that got no whole answer.
func (c *Client) unreached(ctx context.Context, r request, err error) error {
	// A url.Error repeats the address, with up to a hundred ids in it.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	err = fmt.Errorf("%s %s: %w", r.method(), r.path, err)
	if ctx.Err() != nil {
		return c.ended(ctx)
	}
	if isTimeout(err) {
		return c.timedOut(err)
	}
	how := "could not be reached"
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		how = "could not be found: its name does not resolve"
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		how = "refused the connection"
	} else if wasReset(err) {
		how = "closed the connection without an answer"
	}
	if r.message != nil && wasReset(err) {
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "Devin (%s) %s; the message may or may not have arrived. Look at the session before sending it again.", c.host, how).Because(err)
	}
	return telemetry.Errorf(telemetry.CodeUpstreamDown, "Devin (%s) %s; check DEVIN_API_URL and the network, or try again later.", c.host, how).Because(err)
}

// broken is the failure of an answer that cannot be used.
func (c *Client) broken(r request, how string, cause error) error {
	cause = fmt.Errorf("%s %s: %w", r.method(), r.path, cmp.Or(cause, errors.New("unusable answer")))
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"Devin's answer about %s %s; check that DEVIN_API_URL (%s) is Devin's API, or try again later.", r.what, how, c.host).Because(cause)
}

// refused is the failure of an answer that is no success.
func (c *Client) refused(r request, resp *http.Response, problem []byte) error {
	e := c.meaning(r, resp)
	if words := c.words(problem); words != "" {
		e.Message += fmt.Sprintf(" Devin says: “%s”", words)
	}
	return e.Because(fmt.Errorf("%s %s: HTTP %d", r.method(), r.path, resp.StatusCode))
}

func (c *Client) meaning(r request, resp *http.Response) *telemetry.Error {
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized:
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"Devin refused the key (401 from API %s); check DEVIN_API_KEY. Keys apk_… work on API v1 only, keys cog_… on API v3 only.", c.api)
	case status == http.StatusForbidden:
		return telemetry.Errorf(telemetry.CodeUpstreamDenied, "%s", cmp.Or(r.denied,
			fmt.Sprintf("The key in DEVIN_API_KEY may not ask Devin for %s (403); give it the permission, or use another key.", r.what)))
	case status == http.StatusNotFound:
		return telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", cmp.Or(r.missing,
			fmt.Sprintf("Devin (%s) has no such address for %s (404); check DEVIN_API_URL and, for a key cog_…, DEVIN_ORG_ID.", c.host, r.what)))
	case status == http.StatusTooManyRequests:
		wait := c.retryAfter(resp.Header.Get("Retry-After"))
		e := telemetry.Errorf(telemetry.CodeRateLimited, "Devin limits how often it may be asked (429); ask again in %s.", wait.Round(time.Second))
		e.RetryAfter = wait
		return e
	case status >= 500:
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "Devin (%s) failed on %s (%d); try again later.", c.host, r.what, status)
	case status >= 400:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "Devin rejected the request for %s (%d).", r.what, status)
	default:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"Devin (%s) answered %d for %s and points elsewhere, which is not followed; set DEVIN_API_URL to the API's own address.", c.host, status, r.what)
	}
}

// retryAfter reads a Retry-After of seconds or an HTTP date.
func (c *Client) retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && seconds <= int(maxRetryAfter/time.Second) {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wait = date.Sub(c.now())
	}
	if wait < minRetryAfter || wait > maxRetryAfter {
		return defaultRetryAfter
	}
	return wait
}

// words returns what an error's body says, on one line, shortened and
// without the key: RFC 9457's detail or title, or FastAPI's first message.
func (c *Client) words(problem []byte) string {
	var o object
	if json.Unmarshal(problem, &o) != nil {
		return ""
	}
	said := o.text("detail")
	if list := o.list("detail"); said == "" && len(list) > 0 {
		said = readObject(list[0]).text("msg")
	}
	said = cmp.Or(said, o.text("title"))
	if c.key != "" {
		said = strings.ReplaceAll(said, c.key, "…")
	}
	runes := []rune(strings.Join(strings.Fields(said), " "))
	if len(runes) > quoted {
		runes = append(runes[:quoted-1], '…')
	}
	return string(runes)
}
