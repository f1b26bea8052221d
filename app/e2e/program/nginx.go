package program

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Nginx runs a real nginx until the test ends, and returns its address. server
// is what its one server does. Without nginx the test is skipped.
func Nginx(t *testing.T, server string) string {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("SKIPPED: nginx is not installed")
	}
	dir, address := t.TempDir(), FreeAddress(t)
	var temp strings.Builder
	for _, module := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s;\n", module, filepath.Join(dir, module))
	}
	conf := fmt.Sprintf("daemon off; master_process off; pid %s/nginx.pid; error_log stderr;\nevents { worker_connections 256; }\n"+
		"http {\naccess_log off;\n%sserver {\nlisten %s;\n%s\n}\n}\n", dir, &temp, address, server)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	c := exec.CommandContext(t.Context(), path, "-p", dir, "-c", file)
	c.Stderr = &said
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Wait() // the test's context has ended it
		if t.Failed() {
			t.Logf("nginx says:\n%s", said.String())
		}
	})
	for deadline := time.Now().Add(Patience); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil { //nolint:noctx // it neither waits nor resolves
			_ = conn.Close()
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatal("nginx does not listen")
		}
	}
}

// FreeAddress is a free address of loopback.
func FreeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
