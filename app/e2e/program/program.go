// Package program runs the built dashboard for the tests of app/e2e: as a
// process of its own, with settings from its environment alone, over real
// sockets. The players of GitHub and Devin run in the test's process. It
// looks at the program only from outside.
package program

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Patience is how long a test waits for what must come.
const Patience = 20 * time.Second

// Settings are variables of .env.example. One that is empty counts as one
// that is not set.
type Settings map[string]string

// With returns the settings with those of more over them.
func (s Settings) With(more Settings) Settings {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// Program is a dashboard that runs.
type Program struct {
	T    *testing.T
	URL  string
	Runs string // the directory of its run files, "" if the test has none

	client  *http.Client
	command func() *exec.Cmd
	process *process
}

// process is one run of the program.
type process struct {
	cmd   *exec.Cmd
	read  chan struct{} // closed once its log was read whole
	mu    sync.Mutex
	to    io.Writer // gets the log
	log   strings.Builder
	trace trace
	over  bool
}

// Command is the program with no settings but these, in a directory of its
// own. It is not started.
func Command(t testing.TB, settings Settings) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(context.WithoutCancel(t.Context()), Binary(t))
	c.Dir, c.Env = t.TempDir(), []string{"PATH=" + os.Getenv("PATH")}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		c.Env = append(c.Env, name+"="+settings[name])
	}
	return c
}

// Start runs the program until the test ends, when it must end well on
// SIGTERM, and waits until it listens. By itself it has a free port of
// loopback, a SQLite file of its own, and no intervals. The changes are made
// to each command before it starts; one that sets Stderr gets the lines of the
// log, which Log then has none of.
func Start(t *testing.T, settings Settings, changes ...func(*exec.Cmd)) *Program {
	t.Helper()
	settings = Settings{
		"LISTEN_ADDR":      "127.0.0.1:0",
		"DATABASE_URL":     "sqlite:" + filepath.Join(t.TempDir(), "dashboard.db"),
		"REFRESH_INTERVAL": "0",
		"POLL_INTERVAL":    "0",
	}.With(settings)
	p := &Program{T: t, Runs: settings["RUNS_DIR"], client: newClient()}
	p.command = func() *exec.Cmd {
		c := Command(t, settings)
		for _, change := range changes {
			change(c)
		}
		return c
	}
	t.Cleanup(func() {
		p.Stop()
		p.client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("the end of the program's log:\n%s", tail(p.Log(), 4000))
		}
	})
	p.Restart()
	return p
}

// In is the program for a part of a test.
func (p *Program) In(t *testing.T) *Program {
	of := *p
	of.T = t
	return &of
}

// Restart starts the program again with the same settings, after it has
// ended. Its address is another one unless LISTEN_ADDR names a port.
func (p *Program) Restart() {
	p.T.Helper()
	p.Stop()
	run := &process{cmd: p.command(), read: make(chan struct{})}
	run.to, run.cmd.Stderr = run.cmd.Stderr, nil
	if run.to == nil {
		run.to = &run.log
	}
	out, err := run.cmd.StderrPipe()
	if err != nil {
		p.T.Fatal(err)
	}
	if err := run.cmd.Start(); err != nil {
		p.T.Fatal(err)
	}
	p.process = run
	listens := make(chan string, 1)
	go func() {
		defer close(run.read)
		if err := telemetry.Guard("read the program's log", func() error { run.readLog(out, listens); return nil }); err != nil {
			p.T.Error(err)
		}
	}()
	select {
	case p.URL = <-listens:
	case <-run.read:
		run.over = true
		p.T.Fatalf("the program did not start: %v\n%s", run.cmd.Wait(), p.Log())
	case <-time.After(3 * Patience):
		p.T.Fatalf("the program does not listen:\n%s", p.Log())
	}
}

// readLog keeps the log, and sends the address that it names.
func (run *process) readLog(out io.Reader, listens chan<- string) {
	address := regexp.MustCompile(`msg=listening url=(\S+)|"msg":"listening","url":"([^"]+)"`)
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		run.mu.Lock()
		if !run.trace.takes(line) {
			_, _ = io.WriteString(run.to, line) // to a buffer
		}
		run.mu.Unlock()
		if m := address.FindStringSubmatch(line); m != nil {
			listens <- m[1] + m[2]
		}
		if err != nil {
			return // it has ended
		}
	}
}

// Log is what the program has logged since it was started last.
func (p *Program) Log() string {
	if p.process == nil {
		return ""
	}
	p.process.mu.Lock()
	defer p.process.mu.Unlock()
	return p.process.log.String()
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// PID is the process id of the program.
func (p *Program) PID() int { return p.process.cmd.Process.Pid }

// Signal sends a signal to the program.
func (p *Program) Signal(signal os.Signal) {
	p.T.Helper()
	if err := p.process.cmd.Process.Signal(signal); err != nil {
		p.T.Fatal(err)
	}
}

// Stop ends the program by SIGTERM, after which it must say that all is well.
// It does nothing where the program has ended already.
func (p *Program) Stop() {
	p.T.Helper()
	if p.process == nil || p.process.over {
		return
	}
	p.Signal(syscall.SIGTERM)
	if state := p.Wait(); state.ExitCode() != 0 {
		p.T.Errorf("after SIGTERM: %v\n%s", state, tail(p.Log(), 4000))
	}
}

// Kill ends the program as kill -9 does.
func (p *Program) Kill() {
	p.T.Helper()
	p.Signal(syscall.SIGKILL)
	p.Wait()
}

// Wait waits for the end of the program, and returns how it ended. One that
// does not end is killed, and the test fails.
func (p *Program) Wait() *os.ProcessState {
	p.T.Helper()
	run := p.process
	late := time.AfterFunc(6*Patience, func() {
		p.T.Errorf("the program did not end by itself")
		_ = run.cmd.Process.Signal(syscall.SIGQUIT) // its log then has the goroutines
	})
	defer late.Stop()
	<-run.read
	_ = run.cmd.Wait() // its state says more
	run.over = true
	if strings.Contains(p.Log(), "DATA RACE") || strings.Contains(p.Log(), "panic:") {
		p.T.Errorf("the program's log:\n%s", p.Log())
	}
	return run.cmd.ProcessState
}
