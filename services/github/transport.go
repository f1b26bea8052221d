package github

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	// defaultWait is what GitHub's documentation of secondary limits asks for; maxWait
	// is the length of the hourly limit's window.
	defaultWait = time.Minute
	maxWait     = time.Hour
)

// breath is for how long a limit stops every request without asking: long enough
// for the rest of a job, short enough that who asks again hears GitHub.
const breath = time.Second

// wire is the transport under go-github: it signs what goes to GitHub and to no
// other host, repeats what failed in passing, and turns limits into errors.
type wire struct {
	base   http.RoundTripper
	api    *url.URL
	token  string
	now    func() time.Time
	limits *upstream.Limits
}

// RoundTrip implements http.RoundTripper. A limit is a *telemetry.Error.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := w.limits.Held(req.Context()); err != nil {
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
	for _, h := range []string{upstream.HeaderLimit, upstream.HeaderRemaining, upstream.HeaderReset} {
		resp.Header.Del(h)
	}
	return resp, nil
}

type limitedBody struct {
	io.Reader
	io.Closer
}

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

func passing(resp *http.Response, err error) bool {
	if err != nil {
		return upstream.WasReset(err)
	}
	return slices.Contains([]int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout}, resp.StatusCode)
}

// note keeps the hourly limit that an answer tells, if it is that of the REST API.
func (w *wire) note(h http.Header) {
	if resource := h.Get("X-RateLimit-Resource"); resource == "" || resource == "core" {
		w.limits.Note(h)
	}
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
	limit := limitMeaning(resp, problem, w.now())
	if limit == nil {
		return nil
	}
	w.limits.Met(limit)
	return limit
}

// limitMeaning says which limit an answer of 403 or 429 is, and until when; nil
// is a missing permission.
func limitMeaning(resp *http.Response, problem []byte, now time.Time) *telemetry.Error {
	var said struct {
		Message string `json:"message"`
		Docs    string `json:"documentation_url"`
	}
	_ = json.Unmarshal(problem, &said) // what is no JSON says nothing
	h := resp.Header
	wait := max(0, upstream.RetryAfter(h.Get("Retry-After"), now))
	text := strings.ToLower(said.Message)
	secondary := strings.Contains(text, "secondary rate limit") || strings.Contains(text, "abuse detection") ||
		strings.HasSuffix(said.Docs, "secondary-rate-limits") || strings.HasSuffix(said.Docs, "#abuse-rate-limits")
	spent := h.Get(upstream.HeaderRemaining) == "0" && !secondary
	if reset, _ := strconv.ParseInt(h.Get(upstream.HeaderReset), 10, 64); spent && reset > 0 && wait == 0 {
		wait = max(0, time.Unix(reset, 0).Sub(now))
	}
	message := "GitHub's hourly limit of requests for this token is used up (%d); it resets at %s. Stored data is kept."
	switch {
	case spent:
	case secondary || wait > 0 || resp.StatusCode == http.StatusTooManyRequests || strings.Contains(text, "rate limit"):
		message = "GitHub asks to slow down (%d, a limit on requests in a short time); try again in %s."
	default:
		return nil
	}
	wait = min(cmp.Or(wait, defaultWait), maxWait)
	end := wait.Round(time.Second).String()
	if spent {
		end = now.Add(wait).UTC().Format("15:04:05 MST")
	}
	e := telemetry.Errorf(telemetry.CodeRateLimited, message, resp.StatusCode, end)
	e.RetryAfter = wait
	return e
}
