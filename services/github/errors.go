package github

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// quoted is how many characters of GitHub's own words a sentence repeats.
const quoted = 300

// question is what was asked, and what its failures mean to a reader.
type question struct {
	what    string // "pull requests of o/r": completes "GitHub's answer about …"
	needs   string // the permission that it takes: completes "give it …"
	missing string // what a 404 means
}

type cutShort struct{ err error }

func (e *cutShort) Error() string { return "the answer ended early: " + e.err.Error() }
func (e *cutShort) Unwrap() error { return e.err }

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
		said := refusal.Message
		for _, d := range refusal.Errors {
			if d.Message != "" {
				said += "; " + d.Message
			}
		}
		return c.refused(q, refusal.Response, said)
	}
	if twoFactor, ok := errors.AsType[*gh.TwoFactorAuthError](err); ok && twoFactor.Response != nil {
		return c.refused(q, twoFactor.Response, twoFactor.Message)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // the address of an archive can hold a token
	}
	if address, ok := errors.AsType[*refusedAddress](err); ok {
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"GitHub's answer about %s %s; check GITHUB_API_URL (%s) and the repository's name.", q.what, address.why, c.host).Because(err)
	}
	switch how := flaw(err); {
	case upstream.TimedOut(err) || errors.Is(err, errStalled):
		return c.timedOut(err)
	case how != "":
		return c.broken(q, how, err)
	}
	how, advice := upstream.Unreached(err, "GITHUB_API_URL")
	return telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub (%s) %s. %s", c.host, how, advice).Because(err)
}

// flaw completes "GitHub's answer …" for one that cannot be used; it is "" for
// any other failure.
func flaw(err error) string {
	if row, ok := errors.AsType[*unusable](err); ok {
		return row.how
	}
	if _, ok := errors.AsType[*gh.AcceptedError](err); ok {
		return "came with status 202, which GitHub does not document"
	}
	if _, ok := errors.AsType[*cutShort](err); ok {
		return "was cut short"
	}
	for _, known := range []struct {
		err error
		how string
	}{
		{io.ErrUnexpectedEOF, "was cut short"},
		{upstream.ErrTooLarge, "is larger than any that GitHub gives"},
		{upstream.ErrLargeValue, "has a larger entry than any that GitHub gives"},
		{upstream.ErrManyFields, "has more fields than any that GitHub gives"},
		{upstream.ErrTooManyRows, "has more entries than any that GitHub gives"},
		{upstream.ErrNullRow, "has null in place of an entry"},
		{upstream.ErrNotAList, "is not the list that GitHub promises"},
		{gzip.ErrHeader, "cannot be unpacked"},
		{gzip.ErrChecksum, "cannot be unpacked"},
		{upstream.ErrTrailing, "has more after its end"},
	} {
		if errors.Is(err, known.err) {
			return known.how
		}
	}
	switch _, corrupt := errors.AsType[flate.CorruptInputError](err); {
	case corrupt:
		return "cannot be unpacked"
	case isJSONError(err):
		return "is not the JSON that GitHub promises"
	}
	return ""
}

// broken is the failure of an answer that cannot be used.
func (c *Client) broken(q question, how string, cause error) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"GitHub's answer about %s %s; check that GITHUB_API_URL (%s) is GitHub's API, or try again later.", q.what, how,
		c.host).Because(cause)
}

func (c *Client) refused(q question, resp *http.Response, said string) error {
	e := c.byProxy(resp)
	if e == nil {
		e = c.meaning(q, resp, said)
	}
	if said = upstream.Quote(said, c.wire.token, quoted); said != "" {
		e.Message += fmt.Sprintf(" GitHub says: “%s”", said)
	}
	return e.Because(fmt.Errorf("HTTP %d", resp.StatusCode))
}

func (c *Client) meaning(q question, resp *http.Response, said string) *telemetry.Error {
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized && c.wire.token == "":
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"GitHub (%s) wants a token for %s (401); set GITHUB_TOKEN and restart.", c.host, q.what)
	case status == http.StatusUnauthorized:
		return telemetry.Errorf(telemetry.CodeUpstreamToken,
			"GitHub (%s) refused the token (401): GITHUB_TOKEN is wrong, expired or revoked. Create a new one, set it and restart.",
			c.host)
	case status == http.StatusForbidden || status == http.StatusUnavailableForLegalReasons:
		return denied(q, resp, said)
	case status == http.StatusNotFound || status == http.StatusGone:
		return telemetry.Errorf(telemetry.CodeUpstreamNotFound, "%s", q.missing)
	case status >= 500:
		return telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub (%s) failed on %s (%d); try again later.", c.host, q.what, status)
	case status >= 400:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected, "GitHub rejected the request for %s (%d).", q.what, status)
	default:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"GitHub (%s) answered %d for %s, which is not followed; check GITHUB_API_URL and the repository's name.",
			c.host, status, q.what)
	}
}

func isJSONError(err error) bool {
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	_, parse := errors.AsType[*time.ParseError](err)
	_, number := errors.AsType[*strconv.NumError](err)
	return syntax || kind || parse || number
}
