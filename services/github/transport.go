package github

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// breath is for how long a limit stops every request without asking: long enough
// for the rest of a job, short enough that who asks again hears GitHub.
const breath = time.Second

// The headers in which GitHub tells the token's limit.
const (
	headerLimit     = "X-RateLimit-Limit"
	headerRemaining = "X-RateLimit-Remaining"
	headerReset     = "X-RateLimit-Reset"
)

// wire is the transport under go-github: it signs what goes to GitHub and to no
// other host, repeats what failed in passing, and turns limits into errors.
type wire struct {
	base  http.RoundTripper
	api   *url.URL
	token string
	now   func() time.Time

	mu    sync.Mutex
	rate  telemetry.RateLimit
	limit limited
}

// limited is the last limit that GitHub answered.
type limited struct {
	at, until time.Time // when it was answered, when it ends
	message   string
}

// RoundTrip implements http.RoundTripper. A limit is a *telemetry.Error.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := w.held(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	own := sameOrigin(req.URL, w.api)
	if own && w.token != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	resp, err := w.send(req)
	if err != nil {
		return nil, err
	}
	if own {
		w.note(resp.Header)
	}
	if err := w.limitOf(resp); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		// go-github reads an error whole.
		resp.Body = limitedBody{io.LimitReader(resp.Body, maxProblem), resp.Body}
	}
	// go-github would stop asking when it reads Remaining: 0, by its own clock.
	for _, h := range []string{headerLimit, headerRemaining, headerReset} {
		resp.Header.Del(h)
	}
	return resp, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

// send sends req, a GET again when it failed in passing.
func (w *wire) send(req *http.Request) (*http.Response, error) {
	waits := upstream.Waits()
	for try := 1; ; try++ {
		resp, err := w.base.RoundTrip(req)
		if req.Method != http.MethodGet || try == upstream.Tries || !passing(resp, err) {
			return resp, err
		}
		if resp != nil {
			_, _ = io.CopyN(io.Discard, resp.Body, maxProblem)
			_ = resp.Body.Close()
		}
		wait := time.NewTimer(waits.NextBackOff())
		select {
		case <-wait.C:
		case <-req.Context().Done():
			wait.Stop()
			return nil, req.Context().Err()
		}
	}
}

// passing reports whether the same request may succeed a moment later.
func passing(resp *http.Response, err error) bool {
	if err != nil {
		return upstream.WasReset(err)
	}
	return slices.Contains([]int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout}, resp.StatusCode)
}

// note keeps the hourly limit that an answer tells, as far as it can be.
func (w *wire) note(h http.Header) {
	limit, err1 := strconv.Atoi(h.Get(headerLimit))
	remaining, err2 := strconv.Atoi(h.Get(headerRemaining))
	if resource := h.Get("X-RateLimit-Resource"); err1 != nil || err2 != nil || limit < 0 || (resource != "" && resource != "core") {
		return
	}
	rate := telemetry.RateLimit{Known: true, Limit: limit, Remaining: min(max(remaining, 0), limit)}
	if reset, err := strconv.ParseInt(h.Get(headerReset), 10, 64); err == nil && reset > 0 {
		if at := time.Unix(reset, 0).UTC(); at.Before(w.now().Add(2 * maxWait)) {
			rate.Reset = at
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rate = rate
}

// held is the limit that stops a request before it is sent, if any.
func (w *wire) held() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if !now.Before(w.limit.until) || now.Sub(w.limit.at) >= breath || now.Before(w.limit.at) {
		return nil
	}
	return limitError(w.limit.message, w.limit.until.Sub(now))
}

// limitOf returns the limit that an answer is, if any. Its body can be read again.
func (w *wire) limitOf(resp *http.Response) error {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return nil
	}
	// What could be read of the problem is enough: it only tells kinds apart.
	problem, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(problem))
	message, wait := limitMeaning(resp, problem, w.now())
	if message == "" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = limited{at: w.now(), until: w.now().Add(wait), message: message}
	return limitError(message, wait)
}
