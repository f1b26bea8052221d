package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// built is the path of the program, which is built when the first test of a
// test binary needs it: as a release is, without C, or with the race detector
// where the test has it.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir(), "dashboard")
	args, c := []string{"build", "-buildvcs=false", "-o", path}, "0"
	if Race {
		args, c = append(args, "-race"), "1"
	}
	build := exec.Command("go", append(args, "telemetry-dashboard/app")...)
	build.Env = append(os.Environ(), "CGO_ENABLED="+c)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// buildDir is where this process keeps the program that it built.
func buildDir() string {
	return filepath.Join(os.TempDir(), "dashboard-e2e-"+strconv.Itoa(os.Getpid()))
}

// Main runs the tests of a package and removes the program that they built.
// It is for TestMain.
func Main(m *testing.M) {
	defer os.RemoveAll(buildDir())
	m.Run()
}

// Binary is the path of the program.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
