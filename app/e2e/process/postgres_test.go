package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// as returns the credential of a user that is not root, and nil where the
// test is not root's itself.
func (p process) as(names ...string) *syscall.Credential {
	p.t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range names {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32) // the system's own numbers
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	p.t.Skipf("SKIPPED: another user: there is none of %v", names)
	return nil
}

// open lets every user into the directories of the test.
func (p process) open(paths ...string) {
	p.t.Helper()
	for _, path := range paths {
		for dir := path; len(dir) > len(filepath.Clean(os.TempDir())); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another user is to read it
				p.t.Fatal(err)
			}
		}
	}
}

// noPermission: who may not write where the database is to be is told where,
// and what to do. A database that may only be read is served.
func (p process) noPermission() {
	nobody := p.as("nobody")
	closed, free := filepath.Join(p.t.TempDir(), "closed"), "LISTEN_ADDR="+freeAddr(p.t)
	if err := os.Mkdir(closed, 0o700); err != nil {
		p.t.Fatal(err)
	}
	made := filepath.Join(closed, "made.db")
	c, _ := p.running("DATABASE_URL=sqlite:" + made)
	p.terminate(c)
	p.open(closed, filepath.Dir(p.path), made)
	if err := os.Chmod(made, 0o444); err != nil { //nolint:gosec // as above
		p.t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o555); err != nil { //nolint:gosec // as above
		p.t.Fatal(err)
	}
	defer func() { _ = os.Chmod(closed, 0o700) }() //nolint:gosec // so that it can be removed
	for path, words := range map[string][]string{
		closed + "/x.db":     {closed + "/x.db", "this user may write there", "DATABASE_URL"},
		closed + "/sub/x.db": {closed + "/sub", "permission denied", "right to write there", "DATABASE_URL"},
	} {
		c := p.command("DATABASE_URL=sqlite:"+path, free)
		p.open(c.Dir)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: nobody}
		p.refused(c, words...)
	}
	runs := filepath.Join(closed, "none")
	c, url := p.runningAs(nobody, "DATABASE_URL=sqlite:"+made, "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
	p.servesOnly(url, 0, "cannot be opened or written")
	p.terminate(c)
}

// ownPostgres is a PostgreSQL of the test's own, which asks for a password.
type ownPostgres struct {
	process
	dir, addr, bin string
	as             *syscall.Credential
	running        *exec.Cmd
}

const serverPassword = "s3cret/pass"

func (p process) newServer() *ownPostgres {
	p.t.Helper()
	initdb, err := exec.LookPath("initdb")
	if err == nil {
		initdb, err = filepath.EvalSymlinks(initdb)
	}
	if err != nil {
		p.t.Skip("SKIPPED: PostgreSQL: initdb is not on this machine")
	}
	s := &ownPostgres{process: p, dir: p.t.TempDir(), addr: freeAddr(p.t), bin: filepath.Dir(initdb), as: p.as("postgres", "nobody")}
	p.open(s.dir)
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(serverPassword), 0o644); err != nil { //nolint:gosec // another user is to read it
		p.t.Fatal(err)
	}
	if s.as != nil {
		if err := os.Chown(s.dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
	c := s.command(context.WithoutCancel(p.t.Context()), "initdb", "-D", filepath.Join(s.dir, "data"), "-U", "dashboard", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.t.Cleanup(s.stop)
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
	_, port, _ := net.SplitHostPort(s.addr) // of freeAddr
	s.running = s.command(context.WithoutCancel(s.t.Context()), "postgres", "-D", "data", "-h", "127.0.0.1", "-p", port, "-k", "", "-c", "fsync=off")
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.until("PostgreSQL lets nobody in", func() bool {
		return s.command(s.t.Context(), "pg_isready", "-h", "127.0.0.1", "-p", port).Run() == nil
	})
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

func (s *ownPostgres) url(password string) string {
	return "DATABASE_URL=postgres://dashboard:" + strings.ReplaceAll(password, "/", "%2F") + "@" + s.addr + "/postgres?sslmode=disable"
}

// until waits for what others do.
func (p process) until(otherwise string, is func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatal(otherwise)
		}
	}
}

// databaseAway: a wrong password is told without it; a PostgreSQL that goes
// away is told on every page (the overview's panels say it each), and what is
// shown comes back by itself with it.
func (p process) databaseAway() {
	s := p.newServer()
	p.refused(p.command(s.url("s3cret-wrong"), "LISTEN_ADDR="+freeAddr(p.t)), "refuses the login", "password", "DATABASE_URL")
	runs := p.t.TempDir()
	c, url := p.running(s.url(serverPassword), "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
	if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", nil), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.object("POST", url+"/api/refresh")
	s.stop()
	for method, paths := range map[string][]string{"GET": {"/api/issues?per_page=7", "/panels/issues?page=1&per_page=7", "/issues", "/"}, "POST": {"/api/refresh"}} {
		for _, path := range paths {
			status, body := p.ask(method, url+path)
			if (status != http.StatusServiceUnavailable && path != "/") || !strings.Contains(body, "PostgreSQL at DATABASE_URL cannot be reached") || strings.Contains(body, "s3cret") {
				p.t.Errorf("without its database %s %s answers %d %.400s", method, path, status, body)
			}
		}
	}
	s.start()
	p.until("it does not come back with its database", func() bool {
		status, _ := p.ask("GET", url+"/api/issues?per_page=7")
		return status == http.StatusOK
	})
	if result := p.object("POST", url+"/api/refresh"); result["total_files"] != 1.0 {
		p.t.Errorf("the refresh afterwards: %v", result)
	}
	if stats := p.object("GET", url+"/api/stats"); stats["total_runs"] != 1.0 {
		p.t.Errorf("afterwards: %v", stats)
	}
	p.terminate(c)
	s.stop()
	p.refused(p.command(s.url(serverPassword), "LISTEN_ADDR="+freeAddr(p.t)), "cannot be reached", "DATABASE_URL")
}

// diskFull: a refresh onto a full disk says so, what was stored stays and is
// served, and the next one brings the rest.
func (p process) diskFull() {
	disk, runs := p.t.TempDir(), p.t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m"); err != nil {
		p.t.Skipf("SKIPPED: a small disk: it cannot be made here: %v", err)
	}
	defer func() { _ = syscall.Unmount(disk, 0) }()
	put := func(n int) {
		findings := make([]any, 2000)
		for i := range findings {
			findings[i] = oddFinding(n, map[string]any{"id": fmt.Sprintf("CQLF-R%d-%04d", n, i), "fingerprint": fmt.Sprintf("%010x%06x", n, i), "file": fmt.Sprintf("src/%d/%d.js", n, i), "start_line": i})
		}
		if err := os.WriteFile(filepath.Join(runs, fmt.Sprintf("r%d.json", n)), oddScan(n, fmt.Sprintf("2026-02-%02dT10:00:00Z", n), map[string]any{"target_repo": fmt.Sprintf("octo/r%d", n), "issues_found": len(findings), "issue_fingerprints": findings}), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	c, url := p.running("DATABASE_URL=sqlite:"+filepath.Join(disk, "d.db"), "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
	put(1)
	p.object("POST", url+"/api/refresh")
	before := p.all(url)
	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		p.t.Fatal(err)
	}
	for chunk := bytes.Repeat([]byte("x"), 1<<16); err == nil; {
		_, err = f.Write(chunk)
	}
	_ = f.Close() // it is as full as the disk
	for n := 2; n <= 4; n++ {
		put(n)
	}
	status, body := p.ask("POST", url+"/api/refresh")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "is full") || !strings.Contains(body, "make room") {
		p.t.Errorf("on a full disk: %d %s", status, body)
	}
	if after := p.all(url); fmt.Sprint(after["stats"]) != fmt.Sprint(before["stats"]) || fmt.Sprint(after["issues"]) != fmt.Sprint(before["issues"]) {
		p.t.Errorf("on a full disk it says otherwise: %v, before %v", after["stats"], before["stats"])
	}
	p.terminate(c)
	c, url = p.running("DATABASE_URL=sqlite:"+filepath.Join(disk, "d.db"), "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
	p.servesOnly(url, 1, "make room")
	if after := p.all(url); fmt.Sprint(after) != fmt.Sprint(before) {
		p.t.Errorf("started on a full disk it says otherwise: %v, before %v", after["stats"], before["stats"])
	}
	if err := os.Remove(ballast); err != nil {
		p.t.Fatal(err)
	}
	p.heals(url)
	if result := p.object("POST", url+"/api/refresh"); result["total_files"] != 4.0 {
		p.t.Errorf("with room again: %v", result)
	}
	if stats := p.object("GET", url+"/api/stats"); stats["total_runs"] != 4.0 || stats["latest_issues"] != 8000.0 {
		p.t.Errorf("with room again: %v", stats)
	}
	p.terminate(c)
}
