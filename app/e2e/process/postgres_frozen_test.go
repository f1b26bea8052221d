package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// everyProcess sends a signal to the server and all that serve its clients.
func (s *ownPostgres) everyProcess(signal syscall.Signal) {
	s.t.Helper()
	server := s.running.Process.Pid
	lists, err := filepath.Glob("/proc/" + strconv.Itoa(server) + "/task/*/children")
	if err != nil || len(lists) == 0 {
		s.t.Skip("SKIPPED: a frozen PostgreSQL: this system does not list a process's children")
	}
	for _, list := range lists {
		children, err := os.ReadFile(list) //nolint:gosec // of the server that this test started
		if err != nil {
			s.t.Fatal(err)
		}
		for _, text := range strings.Fields(string(children)) {
			if pid, err := strconv.Atoi(text); err == nil {
				_ = syscall.Kill(pid, signal) // it may just have ended
			}
		}
	}
	if err := syscall.Kill(server, signal); err != nil {
		s.t.Fatal(err)
	}
}

// databaseFrozen: a PostgreSQL that takes connections and answers nothing
// holds no request for ever, and no program that is to end.
func (p process) databaseFrozen() {
	s := p.newServer()
	c, url := p.running(s.url(serverPassword), "RUNS_DIR="+p.t.TempDir(), "REFRESH_INTERVAL=0")
	p.object("POST", url+"/api/refresh")
	s.everyProcess(syscall.SIGSTOP)
	thaw := func() { s.everyProcess(syscall.SIGCONT) }
	p.t.Cleanup(thaw)
	status, body := p.ask("GET", url+"/api/issues?per_page=3")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "longer than") {
		p.t.Errorf("of a frozen database: %d %s", status, body)
	}
	thaw()
	p.until("it does not come back with its database", func() bool {
		status, _ := p.ask("GET", url+"/api/issues?per_page=4")
		return status == http.StatusOK
	})
	s.everyProcess(syscall.SIGSTOP)
	for range 12 { // more than there are connections
		go func() { _, _ = http.Get(url + "/api/stats?repo=octo/shop") }() //nolint:noctx,bodyclose // it ends with the program
	}
	began := time.Now()
	p.terminate(c)
	if took := time.Since(began); took > 30*time.Second {
		p.t.Errorf("with a frozen database it took %v to end", took)
	}
}
