package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
)

// fewFiles starts the program with at most so many open files.
func (p process) fewFiles(files int, settings ...string) (c *exec.Cmd, url string) {
	limited := filepath.Join(p.t.TempDir(), "limited")
	script := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec %q \"$@\"\n", files, p.path)
	if err := os.WriteFile(limited, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		p.t.Fatal(err)
	}
	return process{p.t, limited}.running(settings...)
}

// flooded: with more connections than it may have files, the program goes on:
// upstreams, database and new clients have their descriptors.
func (p process) flooded() {
	player := devintest.New(devintest.Options{Key: "apk_test"})
	upstream := httptest.NewServer(player)
	defer upstream.Close()
	runs := p.t.TempDir()
	if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", nil), 0o600); err != nil {
		p.t.Fatal(err)
	}
	c, address := p.fewFiles(256, "RUNS_DIR="+runs, "DEVIN_API_KEY=apk_test",
		"DEVIN_API_URL="+upstream.URL, "REFRESH_INTERVAL=0", "POLL_INTERVAL=0")
	host := strings.TrimPrefix(address, "http://")
	for i := range 600 {
		conn, err := net.DialTimeout("tcp", host, patience) //nolint:noctx // it has its own deadline
		if err != nil {
			p.t.Fatalf("connection %d: %v", i, err)
		}
		defer conn.Close()
	}
	for _, request := range []string{"POST /api/refresh", "POST /api/poll", "GET /api/stats", "GET /"} {
		method, path, _ := strings.Cut(request, " ")
		status, body := 0, ""
		for end := time.Now().Add(2 * patience); status != http.StatusOK && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			status, body = p.tried(method, address+path)
		}
		if status != http.StatusOK {
			p.t.Errorf("%s: %d %.300s", request, status, body)
		}
	}
	p.terminate(c)
}

// tried asks on a connection of its own; a connection that is refused is
// status 0.
func (p process) tried(method, address string) (int, string) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, address, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// ended waits for the program after a signal, and returns how it ended.
func (p process) ended(c *exec.Cmd) *os.ProcessState {
	p.t.Helper()
	began := time.Now()
	late := time.AfterFunc(3*patience, func() { _ = c.Process.Kill() })
	defer late.Stop()
	_ = c.Wait() // its state says more
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		p.t.Errorf("the program did not end by itself")
	}
	p.t.Logf("%v after %v", c.ProcessState, time.Since(began).Round(time.Millisecond))
	return c.ProcessState
}

// busy: SIGTERM ends the program while clients hold streams, send nothing to
// an end and read nothing.
func (p process) busy() {
	c, address := p.running()
	for _, text := range []string{
		"", "GET / HTTP/1.1\r\nHost: loc", "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/runs.csv HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST /api/views HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
	} {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "http://"), patience) //nolint:noctx // it has its own deadline
		if err != nil {
			p.t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, text); err != nil {
			p.t.Fatal(err)
		}
		if strings.Contains(text, "/events") { // until it streams
			if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
				p.t.Fatalf("%q %v", line, err)
			}
		}
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if state := p.ended(c); state.ExitCode() != 0 {
		p.t.Errorf("it ended with %v", state)
	}
}

// frozen stands before a database until it is told to freeze: then it holds
// its connections and passes nothing on.
type frozen struct {
	net.Listener
	to     string
	cold   atomic.Bool
	silent chan bool // a connection on which something was asked in vain
}

func freezable(t *testing.T, database string) (*frozen, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	f := &frozen{Listener: ln, to: u.Host, silent: make(chan bool, 1000)}
	u.Host = ln.Addr().String()
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.DialTimeout("tcp", f.to, patience) //nolint:noctx // it has its own deadline
			if err != nil {
				near.Close()
				continue
			}
			t.Cleanup(func() { near.Close(); far.Close() })
			go f.pass(near, far)
			go f.pass(far, near)
		}
	}()
	return f, u.String()
}

func (f *frozen) pass(from, to net.Conn) {
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		if f.cold.Load() {
			f.silent <- true
			return
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			from.Close()
			to.Close()
			return
		}
	}
}

// databaseHangs: SIGTERM ends the program while the database is silent, and a
// job and requests wait for it; a second signal ends it at once.
func (p process) databaseHangs() {
	for _, again := range []bool{false, true} {
		f, database := freezable(p.t, freshPostgres(p.t))
		runs := p.t.TempDir()
		c, address := p.running("DATABASE_URL="+database, "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
		if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", nil), 0o600); err != nil {
			p.t.Fatal(err)
		}
		f.cold.Store(true)
		host := strings.TrimPrefix(address, "http://")
		for _, request := range []string{"POST /api/refresh", "GET /api/stats", "GET /api/runs", "GET /"} {
			conn, err := net.DialTimeout("tcp", host, patience) //nolint:noctx // it has its own deadline
			if err != nil {
				p.t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, request+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				p.t.Fatal(err)
			}
		}
		for range 3 { // one of them may be the program's own
			<-f.silent
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Fatal(err)
		}
		if again {
			for { // until the first signal is heeded
				conn, err := net.DialTimeout("tcp", host, patience) //nolint:noctx // it has its own deadline
				if err != nil {
					break
				}
				conn.Close()
			}
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				p.t.Fatal(err)
			}
		}
		if state := p.ended(c); again && state.ExitCode() != exitInterrupted {
			p.t.Errorf("after a second signal: %v", state)
		}
	}
}

// exposed: on an address that others reach the start is refused in words,
// unless the settings allow it; then each page says so.
func (p process) exposed() {
	p.refused(p.command("LISTEN_ADDR=0.0.0.0:0"), "LISTEN_ADDR", "no sign-in", "ALLOW_UNAUTHENTICATED=true")
	p.refused(p.command("LISTEN_ADDR=:0"), "LISTEN_ADDR", "127.0.0.1")
	const says = "Anyone who can reach this address can read everything and make changes"
	c, address := p.running("ALLOW_UNAUTHENTICATED=true")
	for _, path := range []string{"/", "/issues", "/nothing"} {
		if _, page := p.ask("GET", address+path); !strings.Contains(page, says) {
			p.t.Errorf("%s does not say that there is no sign-in", path)
		}
	}
	p.terminate(c)
	c, address = p.running()
	if _, page := p.ask("GET", address+"/"); strings.Contains(page, says) {
		p.t.Error("on loopback the page warns of others")
	}
	p.terminate(c)
}

// memory: the log tells the limit that the program keeps to, the machine's or
// GOMEMLIMIT's.
func (p process) memory() {
	limit := func(settings ...string) string {
		c := p.command(append(settings, "LISTEN_ADDR="+freeAddr(p.t))...)
		c.Env = append(c.Env, "LOG_LEVEL=info")
		out, err := c.StderrPipe()
		if err != nil {
			p.t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			p.t.Fatal(err)
		}
		late := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
		defer late.Stop()
		defer func() {
			if state := p.ended(c); state.ExitCode() != 0 {
				p.t.Errorf("asked to end while it starts: %v", state)
			}
		}()
		defer func() { _ = c.Process.Signal(syscall.SIGTERM) }()
		lines, found := bufio.NewScanner(out), ""
		for found == "" && lines.Scan() {
			if m := regexp.MustCompile(`memory limit" GOMEMLIMIT=(\d+)`).FindStringSubmatch(lines.Text()); m != nil {
				found = m[1]
			}
		}
		go func() { _, _ = io.Copy(io.Discard, out) }()
		return found
	}
	if got := limit("GOMEMLIMIT=400MiB"); got != "419430400" {
		p.t.Errorf("with GOMEMLIMIT=400MiB: %q", got)
	}
	if got := limit(); got == "" || got == "9223372036854775807" {
		p.t.Errorf("by itself: %q", got)
	}
}
