package process

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// servesOnly: what is stored is shown while nothing can be written, and each
// page says so; what would write is refused in words. A read that finds every
// connection taken needs a further one, which cannot be opened: it is refused in
// the same words, and the next is answered.
func servesOnly(p *program.Program, runs float64, says string) {
	p.T.Helper()
	for _, path := range []string{"/issues", "/runs", "/panels/freshness"} {
		p.Until(fmt.Sprintf("%s is not shown, or does not say %q", path, says), func() bool {
			status, page := p.Get(path, program.InPlace(path)...)
			if !strings.Contains(page, says) {
				p.T.Fatalf("%s: %d %s", path, status.StatusCode, page)
			}
			return status.StatusCode == http.StatusOK && strings.Contains(page, "Nothing new has been stored since")
		})
	}
	if got := totalRuns(p); got != runs {
		p.T.Errorf("it has %v runs, want %v", got, runs)
	}
	if status, body := saveView(p, "mine"); status != http.StatusServiceUnavailable || !strings.Contains(body, says) {
		p.T.Errorf("a write answers %d %s", status, body)
	}
}

// saveView writes something.
func saveView(p *program.Program, name string) (status int, body string) {
	p.T.Helper()
	return p.PostJSON("/api/views", `{"name": "`+name+`", "list": "issues", "query": "q=is%3Aopen"}`)
}

func mustSaveView(p *program.Program, name string) {
	p.T.Helper()
	if status, body := saveView(p, name); status != http.StatusCreated {
		p.T.Errorf("a write answers %d %s", status, body)
	}
}

// untilStores waits until the strip no longer says that nothing is stored.
func untilStores(p *program.Program) {
	p.T.Helper()
	p.Until("it still says that nothing is stored", func() bool {
		return !strings.Contains(p.Page("/panels/freshness"), "Nothing new is stored")
	})
}

// TestOtherPathsToAFile: whatever path leads to the file, it is the same
// file, and a second program on it is refused.
func TestOtherPathsToAFile(t *testing.T) {
	dir := t.TempDir()
	file, link, hard := filepath.Join(dir, "d.db"), filepath.Join(dir, "link.db"), filepath.Join(dir, "hard.db")
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, program.Settings{"DATABASE_URL": "sqlite:" + file})
	if err := os.Link(file, hard); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link, hard, dir + "/sub/../d.db", dir + "//d.db"} {
		refused(t, program.Settings{"DATABASE_URL": "sqlite:" + path}, "in use by another program", "DATABASE_URL")
	}
	mustSaveView(p, "mine")
	p.Stop()
	p = program.Start(t, program.Settings{"DATABASE_URL": "sqlite:" + link})
	if views := p.Object(http.MethodGet, "/api/views"); views["total"] != 1.0 {
		t.Errorf("by its link the file has %v", views)
	}
}

// TestFileRemoved: a file that is no longer the one that was opened takes no
// writes, until it is back.
func TestFileRemoved(t *testing.T) {
	dir := t.TempDir()
	file, aside := filepath.Join(dir, "d.db"), filepath.Join(dir, "aside.db")
	p := program.Start(t, program.Settings{"DATABASE_URL": "sqlite:" + file})
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	totalRuns(p) // it has connections to read with: no further one opens another file
	move(file, aside)
	servesOnly(p, 0, "removed or replaced")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	servesOnly(p, 0, "removed or replaced")
	move(aside, file)
	untilStores(p)
	mustSaveView(p, "mine")
	if err := os.Remove(file + "-wal"); err != nil {
		t.Fatal(err)
	}
	if status, body := saveView(p, "other"); status != http.StatusServiceUnavailable || !strings.Contains(body, "removed or replaced") {
		t.Errorf("without its log it answers %d %s", status, body)
	}
}

// TestFilePermissions: other users cannot read the database, nor enter a
// directory that was made for it; one that was there stays as it is.
func TestFilePermissions(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	loose := filepath.Join(dir, "loose.db")
	if err := os.WriteFile(loose, nil, 0o644); err != nil { //nolint:gosec // what an older file may have
		t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o644); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	made := filepath.Join(dir, "a", "b", "d.db")
	for _, path := range []string{made, loose} {
		p := program.Start(t, program.Settings{"DATABASE_URL": "sqlite:" + path})
		for _, suffix := range []string{"", "-wal", "-shm"} {
			hasMode(t, path+suffix, 0o600)
		}
		p.Stop()
	}
	hasMode(t, filepath.Join(dir, "a"), 0o700)
	hasMode(t, filepath.Join(dir, "a", "b"), 0o700)
	hasMode(t, dir, 0o755)
}

func hasMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
	} else if got := info.Mode().Perm(); got != want {
		t.Errorf("%s has the permissions %o, want %o", path, got, want)
	}
}
