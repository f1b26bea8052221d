//go:build unfinished

package devin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"telemetry-dashboard/services/telemetry"
)

const (
	// maxBody bounds what is read of an answer: a page of 200 sessions with
	// their structured output stays far below it.
	maxBody = 32 << 20
	// maxProblem bounds what is read of an answer that is an error.
	maxProblem = 64 << 10
	// tries is how often a GET is asked in all.
	tries = 3
	// firstWait is the middle of the first wait; the second is twice as long.
	firstWait = 100 * time.Millisecond
)

// request is one question, and what its failures mean to a reader.
type request struct {
	what    string // "the list of sessions": completes "asking for …"
	path    string // from the version on, escaped
	query   url.Values
	message any    // POSTed as JSON; nil makes a GET
	denied  string // what a 403 means, "" for the usual
	missing string // what a 404 means, "" for the usual
}

func (r request) method() string {
	if r.message != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// get asks r, again when the failure is a passing one, and decodes the answer.
func (c *Client) get(ctx context.Context, r request, into any) error {
	waits := &backoff.ExponentialBackOff{InitialInterval: firstWait, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Second}
	body, err := backoff.Retry(ctx, func() ([]byte, error) {
		body, passing, err := c.roundTrip(ctx, r)
		if err != nil && !passing {
			return nil, backoff.Permanent(err)
		}
		return body, err
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(tries))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Err
	}
	if err != nil {
		if ctx.Err() != nil {
			return c.ended(ctx)
		}
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return c.broken(r, "is not the JSON that its description promises", err)
	}
	return nil
}

// post sends r once: a message that may have arrived is not sent again.
func (c *Client) post(ctx context.Context, r request) error {
	_, _, err := c.roundTrip(ctx, r)
	return err
}

// roundTrip makes one request and returns the body of its answer. A failure
// is passing when the same request may succeed a moment later.
func (c *Client) roundTrip(ctx context.Context, r request) (body []byte, passing bool, err error) {
	if err := c.ready(); err != nil {
		return nil, false, err
	}
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.newRequest(timed, r)
	if err != nil {
		return nil, false, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, wasReset(err), c.unreached(ctx, r, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// What could be read of the problem is enough: the status decides.
		problem, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
		switch resp.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			passing = true
		}
		return nil, passing, c.refused(r, resp, problem)
	}
	if r.message != nil {
		// Accepted is accepted, whatever becomes of the answer's body.
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProblem))
		return nil, false, nil
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil && (ctx.Err() != nil || isTimeout(err)):
		return nil, false, c.unreached(ctx, r, err)
	case err != nil:
		return nil, false, c.broken(r, "was cut short", err)
	case len(body) > maxBody:
		return nil, false, c.broken(r, "is larger than 32 MB", nil)
	}
	return body, false, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.message != nil {
		raw, err := json.Marshal(r.message)
		if err != nil {
			return nil, telemetry.Errorf(telemetry.CodeInternal, "The message to Devin cannot be written as JSON.").Because(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), address, body)
	if err != nil {
		return nil, telemetry.Errorf(telemetry.CodeInternal, "The address for %s at Devin cannot be built; check DEVIN_API_URL and DEVIN_ORG_ID.", r.what).Because(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// wasReset tells whether the connection ended before an answer came.
func wasReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}
