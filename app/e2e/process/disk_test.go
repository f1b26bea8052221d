package process

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/app/e2e/program"
)

// TestDiskFull: a refresh onto a full disk says so, what was stored stays and
// is served, after a restart too, and the next refresh brings the rest.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("SKIPPED: a small disk: it cannot be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
	p := program.WithRuns(t, manyFindings(1), program.Settings{"DATABASE_URL": "sqlite:" + filepath.Join(disk, "d.db")})
	p.Job("refresh")
	before := records(p)
	ballast := fill(t, disk)
	for n := 2; n <= 4; n++ {
		p.Write(manyFindings(n))
	}
	status, body := p.Post("/api/refresh")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "is full") || !strings.Contains(body, "Free some space") {
		t.Errorf("on a full disk: %d %s", status, body)
	}
	if diff := cmp.Diff(before, records(p)); diff != "" {
		t.Errorf("on a full disk it says otherwise: %.2000s", diff)
	}
	p.Restart()
	servesOnly(p, 1, "Free some space")
	if diff := cmp.Diff(before, records(p)); diff != "" {
		t.Errorf("started on a full disk it says otherwise: %.2000s", diff)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	untilStores(p)
	if result := p.Job("refresh"); result["total_files"] != 4.0 {
		t.Errorf("with room again: %v", result)
	}
	if stats := p.Object(http.MethodGet, "/api/stats"); stats["total_runs"] != 4.0 || stats["latest_issues"] != 8000.0 {
		t.Errorf("with room again: %v", stats)
	}
}

// manyFindings is the n-th run file, a scan of a repository of its own.
func manyFindings(n int) map[string]any {
	findings := make([]any, 2000)
	for i := range findings {
		findings[i] = program.SmallFinding(n, map[string]any{
			"id": fmt.Sprintf("CQLF-R%d-%04d", n, i), "fingerprint": fmt.Sprintf("%010x%06x", n, i),
			"file": fmt.Sprintf("src/%d/%d.js", n, i), "start_line": i,
		})
	}
	return map[string]any{fmt.Sprintf("r%d.json", n): program.SmallScan(n, fmt.Sprintf("2026-02-%02dT10:00:00Z", n), map[string]any{
		"target_repo": fmt.Sprintf("octo/r%d", n), "issues_found": len(findings), "issue_fingerprints": findings,
	})}
}

// fill fills a disk with a file, and returns its path.
func fill(t *testing.T, disk string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := bytes.Repeat([]byte("x"), 1<<16); err == nil; {
		_, err = f.Write(chunk)
	}
	_ = f.Close() // it is as full as the disk
	return ballast
}
