package process

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/store/storetest"
)

// exitInterrupted is the exit status of a program that was interrupted twice.
const exitInterrupted = 130

// dial opens a connection to the program and sends a text.
func dial(t *testing.T, p *program.Program, text string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", host(p), program.Patience) //nolint:noctx // it has its own deadline
	if err == nil {
		t.Cleanup(func() { conn.Close() })
		_, err = io.WriteString(conn, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func host(p *program.Program) string { return strings.TrimPrefix(p.URL, "http://") }

// withSession is a run file that names the session of the sample.
func withSession() map[string]any {
	sessions := []any{program.RecordedSession(nil)}
	return map[string]any{"a.json": program.SmallScan(1, "2026-02-02T10:00:00Z", map[string]any{"sessions": sessions})}
}

// TestJobIsResumed: at SIGTERM a job under way stops, who waits for it gets
// its id, and the next start resumes it under that id.
func TestJobIsResumed(t *testing.T) {
	var answers atomic.Bool
	asked := make(chan bool, 100)
	p := program.NewPlayed(t, "apk_test", withSession())
	p.Devin.Put(devintest.Session{ID: program.SampleSession, Status: "running"})
	p.Start(p.Settings(program.Fronts{"DEVIN_API_URL": func(player http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answers.Load() {
				asked <- true
				<-r.Context().Done()
				return
			}
			player.ServeHTTP(w, r)
		})
	}}))
	type answer struct {
		status int
		body   string
	}
	waiter := make(chan answer, 1)
	go func() {
		status, body := p.Post("/api/poll")
		waiter <- answer{status, body}
	}()
	<-asked
	id := p.Items("/api/jobs?per_page=1")[0]["id"].(string)
	p.Stop()
	if got := <-waiter; got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, id) {
		t.Errorf("who waited got %d %s, the job is %s", got.status, got.body, id)
	}
	answers.Store(true)
	p.Restart()
	p.UntilSays("/api/sessions?state=working", `"total":1`)
	if again := p.Object(http.MethodGet, "/api/jobs/"+id); again["state"] == "interrupted" {
		t.Errorf("the job went on under another id: %v", again)
	}
}

// TestBusyProgramEnds: SIGTERM ends the program while clients hold streams,
// send nothing to an end and read nothing.
func TestBusyProgramEnds(t *testing.T) {
	p := program.Start(t, nil)
	for _, text := range []string{
		"", "GET / HTTP/1.1\r\nHost: loc", "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/runs.csv HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /api/views HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
	} {
		conn := dial(t, p, text)
		if strings.Contains(text, "/events") { // until it streams
			if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
				t.Fatalf("%q %v", line, err)
			}
		}
	}
	p.Stop()
}

// TestSilentDatabaseHoldsNoEnd: SIGTERM ends the program while the database
// is silent, and a job and requests wait for it; a second signal ends it at
// once.
func TestSilentDatabaseHoldsNoEnd(t *testing.T) {
	for name, again := range map[string]bool{"one signal": false, "two signals": true} {
		t.Run(name, func(t *testing.T) {
			database, address := newFreezable(t, storetest.PostgresAddress(t))
			p := program.WithRuns(t, nil, program.Settings{"DATABASE_URL": address})
			p.Write(map[string]any{"a.json": program.SmallScan(1, "2026-02-02T10:00:00Z", nil)})
			database.frozen.Store(true)
			for _, request := range []string{"POST /api/refresh", "GET /api/stats", "GET /api/runs", "GET /"} {
				dial(t, p, request+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
			}
			for range 3 { // one of them may be the program's own
				<-database.silent
			}
			p.Signal(syscall.SIGTERM)
			if again {
				for { // until the first signal is heeded
					conn, err := net.DialTimeout("tcp", host(p), program.Patience) //nolint:noctx // it has its own deadline
					if err != nil {
						break
					}
					conn.Close()
				}
				p.Signal(syscall.SIGTERM)
			}
			if state := p.Wait(); again && state.ExitCode() != exitInterrupted {
				t.Errorf("after a second signal: %v", state)
			}
		})
	}
}
