package process

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// ownPostgres is a PostgreSQL of the test's own, which asks for a password.
type ownPostgres struct {
	t              *testing.T
	dir, addr, bin string
	as             *syscall.Credential
	running        *exec.Cmd
}

const serverPassword = "s3cret/pass"

// newServer starts a PostgreSQL.
func newServer(t *testing.T) *ownPostgres {
	t.Helper()
	initdb, err := exec.LookPath("initdb")
	if err == nil {
		initdb, err = filepath.EvalSymlinks(initdb)
	}
	if err != nil {
		t.Skip("SKIPPED: PostgreSQL: initdb is not on this machine")
	}
	s := &ownPostgres{t: t, dir: t.TempDir(), addr: program.FreeAddress(t), bin: filepath.Dir(initdb), as: otherUser(t, "postgres", "nobody")}
	open(t, s.dir)
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(serverPassword), 0o644); err != nil { //nolint:gosec // another user is to read it
		t.Fatal(err)
	}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	c := s.command(
		context.WithoutCancel(t.Context()),
		"initdb",
		"-D",
		filepath.Join(s.dir, "data"),
		"-U",
		"dashboard",
		"-A",
		"scram-sha-256",
		"--pwfile",
		secret,
		"-E",
		"UTF8",
		"--locale=C",
		"--no-sync",
	)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	t.Cleanup(s.stop)
	s.start()
	return s
}

func (s *ownPostgres) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...) //nolint:gosec // a tool of PostgreSQL
	c.Dir, c.Env, c.SysProcAttr = s.dir, []string{"PATH=" + s.bin, "LC_ALL=C"}, &syscall.SysProcAttr{Credential: s.as}
	return c
}

// start starts it, and waits until it lets in.
func (s *ownPostgres) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr) // of program.FreeAddress
	s.running = s.command(
		context.WithoutCancel(s.t.Context()),
		"postgres",
		"-D",
		"data",
		"-h",
		"127.0.0.1",
		"-p",
		port,
		"-k",
		"",
		"-c",
		"fsync=off",
	)
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(3 * program.Patience); ; time.Sleep(20 * time.Millisecond) {
		if s.command(context.WithoutCancel(s.t.Context()), "pg_isready", "-h", "127.0.0.1", "-p", port).Run() == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("PostgreSQL lets nobody in")
		}
	}
}

// stop ends it as a shutdown of its machine does.
func (s *ownPostgres) stop() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.SIGINT)
	_ = s.running.Wait()
	s.running = nil
}

// url is the setting that leads to it.
func (s *ownPostgres) url(password string) program.Settings {
	return program.Settings{
		"DATABASE_URL": "postgres://dashboard:" + strings.ReplaceAll(password, "/", "%2F") + "@" + s.addr + "/postgres?sslmode=disable",
	}
}

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
