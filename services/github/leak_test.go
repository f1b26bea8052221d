package github_test

import (
	"bytes"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// waiting are the goroutines that wait for an answer, or for its time to be
// up.
func waiting() string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // a buffer takes everything
	var found []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, "net/http.setRequestCancel") || strings.Contains(stack, "net/http.(*persistConn)") {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}

// TestAnswersLeaveNothingBehind: once a call has returned, whatever the answer
// was, neither a goroutine nor a connection waits for the time of its request
// to be up.
func TestAnswersLeaveNothingBehind(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	p, c := start(t, func(o *github.Options) { o.HTTPTimeout = time.Hour })
	world(p)
	call := func() {
		for range 5 {
			_, _ = c.RunFiles(t.Context()) // what it answers does not matter
			_, _ = c.PullRequests(t.Context(), "o/r", time.Time{})
			_, _ = c.PullDetails(t.Context(), "o/r", 1)
			_, _ = c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "https://github.com/o/r"})
		}
	}
	call()
	call() // mostly 304
	for _, f := range []githubtest.Fault{
		{Status: http.StatusNotFound}, {Status: http.StatusNotFound, Raw: long}, {Status: http.StatusUnprocessableEntity, Raw: long},
		{Status: http.StatusBadGateway, Raw: long}, {Status: http.StatusAccepted, Raw: long}, {Status: http.StatusOK, Raw: long},
		{Status: http.StatusForbidden, Raw: long}, {Status: http.StatusFound, Raw: long, Header: http.Header{"Location": {"/elsewhere"}}},
	} {
		p.Fail(f)
		call()
		p.ClearFaults()
	}
	for end := time.Now().Add(time.Minute); ; {
		c.Close()
		left := waiting()
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("these still wait:\n%s", left)
		}
		time.Sleep(20 * time.Millisecond) // only the goroutines tell
	}
}
