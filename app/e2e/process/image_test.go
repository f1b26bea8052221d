package process

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// nobody is the user of the image (deploy/docker/Dockerfile).
const nobody = 65532

// TestAsInTheImage: the program needs nothing of a system but what the image
// has. It runs as another user, where nothing can be written but its database
// and /tmp, without a shell, a C library or another file, and trusts the
// authorities that it is given and no other.
func TestAsInTheImage(t *testing.T) {
	if program.Race {
		t.Skip("SKIPPED: under the race detector the program is no static binary")
	}
	played := program.NewPlayed(t, "cog_played", program.Sample())
	github := httptest.NewTLSServer(played.GitHub)
	t.Cleanup(github.Close)
	root := imageRoot(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: github.Certificate().Raw}))
	settings := played.Settings(nil).With(program.Settings{"GITHUB_API_URL": github.URL, "DATABASE_URL": "sqlite:/data/dashboard.db"})
	inImage := func(c *exec.Cmd) {
		c.Path, c.Dir = "/dashboard", "/data"
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	t.Run("without the authority", func(t *testing.T) {
		p := program.Start(t, settings, inImage)
		if status, body := p.Post("/api/refresh"); status != http.StatusBadGateway || !strings.Contains(body, "certificate") {
			t.Errorf("a server whose authority is unknown: %d %s", status, body)
		}
	})
	p := program.Start(t, settings.With(program.Settings{"SSL_CERT_FILE": "/etc/authority.pem"}), inImage)
	p.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`)
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2})
	p.Page("/issues")
	health := func() (string, error) {
		c := program.Command(t, program.Settings{"LISTEN_ADDR": strings.TrimPrefix(p.URL, "http://")})
		c.Args = append(c.Args, "health")
		inImage(c)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if said, err := health(); err != nil || said != "ok\n" {
		t.Errorf("health: %v, %q", err, said)
	}
	p.Stop()
	if said, err := health(); err == nil || !strings.Contains(said, "Nothing answers") {
		t.Errorf("health of a program that has ended: %v, %q", err, said)
	}
	got := filesIn(t, root)
	got = slices.DeleteFunc(got, func(name string) bool { return strings.HasPrefix(name, "data/dashboard.db") })
	if want := []string{"dashboard", "etc/authority.pem"}; !slices.Equal(got, want) {
		t.Errorf("files beside the database: %q, want %q", got, want)
	}
}

// imageRoot is a directory like the image, read-only but for /data and /tmp.
func imageRoot(t *testing.T, authorities []byte) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"data", "tmp", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(t, filepath.Join(root, "dashboard"), program.Binary(t))
	if err := os.WriteFile(filepath.Join(root, "etc/authority.pem"), authorities, 0o644); err != nil {
		t.Fatal(err)
	}
	mount(t, root, root, "", syscall.MS_BIND, "")
	for _, dir := range []string{"data", "tmp"} {
		mount(t, "tmpfs", filepath.Join(root, dir), "tmpfs", 0, "size=64m,mode=0700,uid=65532,gid=65532")
	}
	if err := syscall.Mount("", root, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	return root
}

// mount mounts until the test ends.
func mount(t *testing.T, from, to, kind string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount(from, to, kind, flags, options); err != nil {
		t.Skipf("SKIPPED: an image's file system: it cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(to, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", to, err)
		}
	})
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// filesIn are the files beneath a directory, in order.
func filesIn(t *testing.T, root string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
