package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program builds the program and returns its path.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dashboard")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// command is the program with no settings but these, in a directory of its
// own.
func command(t *testing.T, path string, settings ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), path)
	c.Dir, c.Env = t.TempDir(), append(settings, "PATH="+os.Getenv("PATH"))
	return c
}

func TestStartThatCannotBe(t *testing.T) {
	path := program(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, settings := range map[string][]string{
		"is taken by another program": {"LISTEN_ADDR=" + taken.Addr().String()},
		"CACHE_TTL":                   {"CACHE_TTL=soon", "LISTEN_ADDR=" + freeAddr(t)},
		"director":                    {"DATABASE_URL=sqlite:" + file + "/x.db", "LISTEN_ADDR=" + freeAddr(t)},
	} {
		c := command(t, path, append(settings, "LOG_LEVEL=error")...)
		out, err := c.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), want) || strings.Count(strings.TrimSpace(string(out)), "\n") != 0 {
			t.Errorf("%v: %v, %s", settings, err, out)
		}
	}
}

// stats waits for the program's answer of /api/stats.
func stats(t *testing.T, addr string) map[string]any {
	t.Helper()
	for range 2000 {
		resp, err := http.Get("http://" + addr + "/api/stats") //nolint:noctx // it ends with the process
		if err != nil {
			time.Sleep(5 * time.Millisecond) // the program is starting; only its answer tells when it has
			continue
		}
		defer resp.Body.Close()
		var v map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	t.Fatal("the program does not answer")
	return nil
}

// TestKilledAtAnyMoment: after each of twenty kills the next start is clean,
// and has what was acknowledged.
func TestKilledAtAnyMoment(t *testing.T) {
	path, runs, db, addr := program(t), t.TempDir(), filepath.Join(t.TempDir(), "k.db"), freeAddr(t)
	settings := []string{"RUNS_DIR=" + runs, "DATABASE_URL=sqlite:" + db, "LISTEN_ADDR=" + addr, "LOG_LEVEL=error", "REFRESH_INTERVAL=0"}
	acknowledged := 0.0
	for turn := range 20 {
		for i := range 40 {
			n := 40*turn + i
			body := fmt.Sprintf(`{"target_repo":"https://github.com/o/r%d","run_number":%d,"run_id":"%d","timestamp":"2026-01-01T%02d:%02d:00Z","issues_found":1,"issue_fingerprints":[{"id":"CQLF-R%d-1","fingerprint":"%016x","rule_id":"x","severity_tier":"high","cwe_family":"xss","file":"a","start_line":1}]}`, n%7, n+1, n+1, n/60, n%60, n+1, n%5)
			if err := os.WriteFile(filepath.Join(runs, fmt.Sprintf("r%d.json", n)), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := command(t, path, settings...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		got, _ := stats(t, addr)["total_runs"].(float64)
		if got < acknowledged {
			t.Fatalf("after kill %d: %v runs, %v were acknowledged", turn, got, acknowledged)
		}
		acknowledged = got
		time.Sleep(rand.N(60 * time.Millisecond)) //nolint:gosec // the moment of the kill is what is tried
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	c := command(t, path, settings...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stats(t, addr)
	resp, err := http.Post("http://"+addr+"/api/refresh", "", nil) //nolint:noctx // it ends with the process
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := stats(t, addr); got["total_runs"] != 800.0 || got["total_issues"] != 800.0 || got["repos_scanned"] != 7.0 {
		t.Errorf("after twenty kills: %v", got)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
