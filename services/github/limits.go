package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
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

// limitMeaning says which limit an answer of 403 or 429 is, and how long to wait; ""
// is a missing permission.
func limitMeaning(resp *http.Response, problem []byte, now time.Time) (message string, wait time.Duration) {
	var said struct {
		Message string `json:"message"`
		Docs    string `json:"documentation_url"`
	}
	_ = json.Unmarshal(problem, &said) // what is no JSON says nothing
	h := resp.Header
	wait = max(0, upstream.RetryAfter(h.Get("Retry-After"), now))
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
		wait = believed(wait)
		return fmt.Sprintf("GitHub's hourly limit of requests for this token is used up (%d); it resets at %s. Stored data is kept.",
			resp.StatusCode, now.Add(wait).UTC().Format("15:04:05 MST")), wait
	case secondary || wait > 0 || resp.StatusCode == http.StatusTooManyRequests || strings.Contains(text, "rate limit"):
		wait = believed(wait)
		return fmt.Sprintf("GitHub asks to slow down (%d, a limit on requests in a short time); try again in %s.",
			resp.StatusCode, wait.Round(time.Second)), wait
	}
	return "", 0
}

func believed(wait time.Duration) time.Duration {
	return min(cmp.Or(max(wait, 0), defaultWait), maxWait)
}

func limitError(message string, wait time.Duration) error {
	e := telemetry.Errorf(telemetry.CodeRateLimited, "%s", message)
	e.RetryAfter = wait
	return e
}
