package devin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// What is read of an answer at most, unpacked.
const (
	maxList    = 16 << 20 // a page of sessions with their structured output stays far below it
	maxSession = 32 << 20 // v1's session holds its whole message log
	maxSmall   = 4 << 20  // an answer without a list
	maxProblem = 64 << 10 // an answer that is an error
	// largeAnswers is how many answers over upstream.SmallAnswer are read at a time.
	largeAnswers = 2
)

// patience bounds the tries of a GET.
const patience = 5 * time.Second

// request is one question, and what its failures mean to a reader.
type request struct {
	what    string // "the list of sessions": completes "asked for …"
	path    string // from the version on, escaped
	query   url.Values
	limit   int64  // bytes of the answer
	order   *order // POSTed; nil makes a GET
	shape   string // what an answer of another shape does, "names no sessions"
	denied  string // what a 403 means, "" for the usual
	missing string // what a 404 means, "" for the usual
}

// order is what a request has Devin do. It is sent once: one that may have arrived
// is not sent again.
type order struct {
	body     any    // as JSON
	unsure   string // what to do where it is not known whether it arrived
	rejected string // what its refusal means
}

// about is a request about the session of a path.
func (c *Client) about(path string) request {
	r := request{
		path: path, limit: maxSession,
		missing: "Devin cannot find this session with this key (404). It may belong to another organization, or it was deleted.",
	}
	if c.api == apiV3 {
		r.denied = deniedRead
	}
	return r
}

func (r request) method() string {
	if r.order != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// get asks r, again when the failure is a passing one, and returns what read reads
// of the answer: beside an error it may be the beginning of one. Between two tries
// it waits with exponential backoff. A limit is no passing failure: who asked hears of
// it at once, and a loop comes again when it has ended.
func get[T any](ctx context.Context, c *Client, r request, read func(io.Reader) (T, error)) (T, error) {
	answer, err := backoff.Retry(ctx, func() (answer T, err error) {
		passing, err := c.exchange(ctx, r, func(in io.Reader) (err error) {
			answer, err = read(in)
			return err
		})
		if err != nil && !passing {
			err = backoff.Permanent(err)
		}
		return answer, err
	}, backoff.WithBackOff(upstream.Waits()), backoff.WithMaxTries(upstream.Tries), backoff.WithMaxElapsedTime(patience))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = permanent.Err
	}
	if err != nil && ctx.Err() != nil {
		err = c.ended(ctx)
	}
	return answer, err
}

// exchange makes one request and hands the body of a success to read. After a
// passing failure the same request may succeed a moment later.
func (c *Client) exchange(ctx context.Context, r request, read func(io.Reader) error) (passing bool, err error) {
	if err := c.limits.Held(ctx); err != nil {
		return false, err
	}
	var connected atomic.Bool
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.newRequest(httptrace.WithClientTrace(timed, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), r)
	if err != nil {
		return false, err
	}
	resp, err := c.http.Do(req) //nolint:bodyclose // body.in closes it
	if err != nil {
		return upstream.WasReset(err), c.unreached(ctx, r, connected.Load(), err)
	}
	c.limits.Note(resp.Header)
	body := &noted{in: c.budget.Body(timed, resp.Body, r.limit)}
	defer body.in.Close()
	switch kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		// What could be read of the problem is enough: the status decides.
		problem, _ := io.ReadAll(io.LimitReader(body, maxProblem))
		passing = resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		return passing, c.refused(r, resp, kind, problem)
	case kind == "text/html":
		return false, c.broken(r, "is a web page instead of JSON", nil)
	case resp.StatusCode != http.StatusOK:
		return false, c.broken(r, fmt.Sprintf("has the status %d instead of 200", resp.StatusCode), nil)
	}
	if err = read(body); err == nil {
		return false, nil
	}
	if body.err != nil && (timed.Err() != nil || upstream.TimedOut(body.err)) {
		return false, c.unreached(ctx, r, true, cmp.Or(timed.Err(), body.err))
	}
	return upstream.WasReset(body.err), c.broken(r, c.unreadable(r, body, err), err)
}

// noted notes how much was read of a body, and why reading it failed: an answer
// that was cut on its way is told from one that was sent cut.
type noted struct {
	in  io.ReadCloser
	n   int64
	err error // nil at the end of the body
}

func (b *noted) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.n += int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
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
	if r.order != nil {
		raw, err := json.Marshal(r.order.body)
		if err != nil {
			return nil, err
		}
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
	if r.order != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}
