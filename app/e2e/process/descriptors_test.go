package process

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// fewFiles starts the program with at most so many open files.
func fewFiles(n int) func(*exec.Cmd) {
	return func(c *exec.Cmd) {
		c.Args = []string{"sh", "-c", fmt.Sprintf("ulimit -n %d; exec %q", n, c.Path)}
		c.Path = "/bin/sh"
	}
}

// TestFlooded: with more connections than it may have files, the program goes
// on: upstreams, database and new clients have their descriptors.
func TestFlooded(t *testing.T) {
	players := program.NewPlayed(t, "apk_test", withSession())
	p := program.Start(t, players.Settings(nil), fewFiles(256))
	for range 600 {
		dial(t, p, "")
	}
	for _, request := range []string{"POST /api/refresh", "POST /api/poll", "GET /api/stats", "GET /"} {
		method, path, _ := strings.Cut(request, " ")
		said := ""
		p.Until(request+" is not answered", func() bool {
			status, body := tried(p, method, path)
			said = fmt.Sprintf("%d %.300s", status, body)
			return status == http.StatusOK
		})
		t.Logf("%s: %s", request, said)
	}
}

// tried asks on a connection of its own; a connection that is refused is
// status 0.
func tried(p *program.Program, method, path string) (int, string) {
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(p.Request(method, path, ""))
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}
