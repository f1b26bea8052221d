package devin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
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
	// maxProblem bounds what is read of an answer that is an error, or is not
	// looked at.
	maxProblem = 64 << 10
	// tries is how often a GET is asked in all, within patience.
	tries    = 3
	patience = 5 * time.Second
	// firstWait is the middle of the first wait; the second is twice as long.
	firstWait = 100 * time.Millisecond
)

// request is one question, and what its failures mean to a reader.
type request struct {
	what    string // "the list of sessions": completes "asked for …"
	path    string // from the version on, escaped
	query   url.Values
	message string // POSTed; "" makes a GET
	denied  string // what a 403 means, "" for the usual
	missing string // what a 404 means, "" for the usual
}

func (r request) method() string {
	if r.message != "" {
		return http.MethodPost
	}
	return http.MethodGet
}

// get asks r, again when the failure is a passing one, and returns the JSON
// of the answer. Between two tries it waits as long as a Retry-After says,
// else with exponential backoff and jitter.
func (c *Client) get(ctx context.Context, r request) (json.RawMessage, error) {
	waits := &backoff.ExponentialBackOff{InitialInterval: firstWait, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Second}
	body, err := backoff.Retry(ctx, func() ([]byte, error) {
		body, passing, err := c.roundTrip(ctx, r)
		if err != nil && !passing {
			err = backoff.Permanent(err)
		}
		return body, err
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(patience))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Err
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, c.ended(ctx)
	case err != nil:
		return nil, err
	case !json.Valid(body):
		return nil, c.notJSON(r, body)
	}
	return body, nil
}

// post sends r once: a message that may have arrived is not sent again.
func (c *Client) post(ctx context.Context, r request) error {
	_, _, err := c.roundTrip(ctx, r)
	return err
}

// roundTrip makes one request and returns the body of its answer. A failure
// is passing when the same request may succeed a moment later.
func (c *Client) roundTrip(ctx context.Context, r request) (body []byte, passing bool, err error) {
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
		passing = resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		return nil, passing, c.refused(r, resp, problem)
	}
	if r.message != "" {
		// Accepted is accepted, whatever becomes of the answer's body; but a
		// page for people comes from something else than Devin.
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" {
			return nil, false, c.notDevin(r)
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProblem))
		return nil, false, nil
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil && (ctx.Err() != nil || isTimeout(err)):
		return nil, false, c.unreached(ctx, r, err)
	case err != nil:
		return nil, wasReset(err), c.broken(r, "was cut short", err)
	case len(body) > maxBody:
		return nil, false, c.broken(r, "is larger than 32 MB", nil)
	}
	return body, false, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	if c.key == "" {
		return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
			"DEVIN_API_KEY is not set, and Devin answers nothing without it. Create a key in Devin's settings, set the variable and restart.")
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader = http.NoBody
	if r.message != "" {
		raw, _ := json.Marshal(map[string]string{"message": r.message}) // a text only
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), address, body)
	if err != nil {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"The address for %s at Devin cannot be built. Check DEVIN_API_URL and DEVIN_ORG_ID.", r.what).Because(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "telemetry-dashboard")
	if r.message != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// wasReset tells whether the connection ended before its answer did.
func wasReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func isTimeout(err error) bool {
	broken, ok := errors.AsType[net.Error](err)
	return ok && broken.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
