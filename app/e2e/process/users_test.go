package process

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// otherUser returns the credential of a user that is not root, and nil where the
// test is not root's itself.
func otherUser(t *testing.T, names ...string) *syscall.Credential {
	t.Helper()
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
	t.Skipf("SKIPPED: another user: there is none of %v", names)
	return nil
}

// open lets every user into the directories of the test.
func open(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		for dir := path; len(dir) > len(filepath.Clean(os.TempDir())); dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another user is to read it
				t.Fatal(err)
			}
		}
	}
}

// TestMayNotWrite: who may not write where the database is to be hears
// where, and what to do. A database that may only be read is served.
func TestMayNotWrite(t *testing.T) {
	nobody := &syscall.SysProcAttr{Credential: otherUser(t, "nobody")}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(closed, "made.db")
	program.Start(t, program.Settings{"DATABASE_URL": "sqlite:" + made}).Stop()
	open(t, closed, filepath.Dir(program.Binary(t)), made)
	if err := os.Chmod(made, 0o444); err != nil { //nolint:gosec // another user is to read it
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o555); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o700) }) //nolint:gosec // so that it can be removed
	for path, words := range map[string][]string{
		closed + "/x.db":     {closed + "/x.db", "permission denied", "user may write there", "DATABASE_URL"},
		closed + "/sub/x.db": {closed + "/sub", "permission denied", "user to write there", "DATABASE_URL"},
	} {
		c := program.Command(t, quietly(program.Settings{"DATABASE_URL": "sqlite:" + path}))
		open(t, c.Dir)
		c.SysProcAttr = nobody
		refusedCommand(t, c, words...)
	}
	settings := program.Settings{"DATABASE_URL": "sqlite:" + made, "RUNS_DIR": filepath.Join(closed, "none")}
	p := program.Start(t, settings, func(c *exec.Cmd) {
		open(t, c.Dir)
		c.SysProcAttr = nobody
	})
	servesOnly(p, 0, "Cannot open or write")
}
