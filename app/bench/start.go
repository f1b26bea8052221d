package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// started is how the built program starts on a stored history.
type started struct {
	times   []time.Duration // from its start to the end of the first page
	atStart int64           // bytes of memory after that page
	used    int64           // and after every endpoint was asked
	failed  string
}

// starts is how often the program is started.
const starts = 7

// build makes the program.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "dashboard")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "telemetry-dashboard/app")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return program, nil
}

// start runs the program on a database several times, and asks the last one
// for everything.
func start(ctx context.Context, program, database, dir string, list []endpoint) (s started) {
	for i := range starts {
		var ask []endpoint
		if i == starts-1 {
			ask = list
		}
		if err := s.once(ctx, program, database, dir, ask); err != nil {
			s.failed = err.Error()
			return s
		}
	}
	return s
}

func (s *started) once(ctx context.Context, program, database, dir string, list []endpoint) error {
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = dir
	cmd.Env = []string{"DATABASE_URL=" + database, "LISTEN_ADDR=127.0.0.1:0", "REFRESH_INTERVAL=0", "POLL_INTERVAL=0"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, stderr)
		_ = cmd.Wait() // it was asked to end
	}()
	address, err := listening(stderr)
	if err != nil {
		return err
	}
	if err := expect(address, "/"); err != nil {
		return err
	}
	s.times = append(s.times, time.Since(begun))
	s.atStart = max(s.atStart, memory(cmd.Process.Pid))
	for _, e := range list {
		if _, err := get(address, request(address, e.path, e.headers)); err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
	}
	s.used = memory(cmd.Process.Pid)
	return nil
}

func expect(address, path string) error {
	a, err := get(address, request(address, path, ""))
	if err == nil && a.status != 200 {
		err = fmt.Errorf("status %d", a.status)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// listening reads the program's log up to the line that names its address.
func listening(log io.Reader) (string, error) {
	url := regexp.MustCompile(`msg=listening url=http://(\S+)`)
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		if m := url.FindStringSubmatch(lines.Text()); m != nil {
			return m[1], nil
		}
		said = append(said, lines.Text())
	}
	return "", fmt.Errorf("the program did not start: %s", strings.Join(said, "; "))
}

// memory returns the resident bytes of a process, 0 where the system has no
// /proc.
func memory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// pageLoad is what a browser fetches to show a page for the first time.
func (s *site) pageLoad(path string) (files, bytes int, err error) {
	page, err := get(s.address, request(s.address, path, ""))
	if err != nil {
		return 0, 0, err
	}
	body, err := page.plain()
	if err != nil {
		return 0, 0, err
	}
	files, bytes = 1, len(page.body)
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllSubmatch(body, -1) {
		if url := string(m[1]); !seen[url] {
			seen[url] = true
			a, err := get(s.address, request(s.address, url, ""))
			if err != nil || a.status != 200 {
				return 0, 0, fmt.Errorf("%s: status %d: %w", url, a.status, err)
			}
			files, bytes = files+1, bytes+len(a.body)
		}
	}
	return files, bytes, nil
}
