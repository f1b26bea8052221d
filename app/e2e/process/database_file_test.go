package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// servesOnly: what is stored is shown while nothing can be written, and each
// page says so; what would write is refused in words.
func (p process) servesOnly(url string, runs float64, says string) {
	p.t.Helper()
	if stats := p.object("GET", url+"/api/stats"); stats["total_runs"] != runs {
		p.t.Errorf("it has %v runs, want %v", stats["total_runs"], runs)
	}
	for _, path := range []string{"/issues", "/runs", "/panels/freshness"} {
		if status, page := p.ask("GET", url+path); status != http.StatusOK || !strings.Contains(page, "Nothing new has been stored since") || !strings.Contains(page, says) {
			p.t.Errorf("%s answers %d and does not say %q", path, status, says)
		}
	}
	status, body := p.post(url+"/api/views", `{"name": "mine", "list": "issues", "query": "q=is%3Aopen"}`)
	if status != http.StatusServiceUnavailable || !strings.Contains(body, says) {
		p.t.Errorf("a write answers %d %s", status, body)
	}
}

// heals waits until the strip no longer says that nothing is stored.
func (p process) heals(url string) {
	p.t.Helper()
	p.until("it still says that nothing is stored", func() bool {
		_, page := p.ask("GET", url+"/panels/freshness")
		return !strings.Contains(page, "Nothing new is stored")
	})
}

func (p process) post(url, body string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return p.do(req)
}

// otherPaths: whatever path leads to the file, it is the same file, and a
// second program on it is refused.
func (p process) otherPaths() {
	dir := p.t.TempDir()
	file, link, hard := filepath.Join(dir, "d.db"), filepath.Join(dir, "link.db"), filepath.Join(dir, "hard.db")
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		p.t.Fatal(err)
	}
	c, url := p.running("DATABASE_URL=sqlite:" + file)
	if err := os.Link(file, hard); err != nil {
		p.t.Fatal(err)
	}
	for _, path := range []string{file, link, hard, dir + "/sub/../d.db", dir + "//d.db"} {
		p.refused(p.command("DATABASE_URL=sqlite:"+path, "LISTEN_ADDR="+freeAddr(p.t)), "locked by another program", "DATABASE_URL")
	}
	if status, body := p.post(url+"/api/views", `{"name": "mine", "list": "issues", "query": ""}`); status != http.StatusCreated {
		p.t.Errorf("the first program answers %d %s", status, body)
	}
	p.terminate(c)
	c, url = p.running("DATABASE_URL=sqlite:" + link)
	if views := p.object("GET", url+"/api/views"); views["total"] != 1.0 {
		p.t.Errorf("by its link the file has %v", views)
	}
	p.terminate(c)
}

// fileRemoved: a file that is no longer the one that was opened takes no
// writes, until it is back.
func (p process) fileRemoved() {
	dir := p.t.TempDir()
	file, aside := filepath.Join(dir, "d.db"), filepath.Join(dir, "aside.db")
	c, url := p.running("DATABASE_URL=sqlite:" + file)
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			p.t.Fatal(err)
		}
	}
	move(file, aside)
	p.servesOnly(url, 0, "removed or replaced")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.servesOnly(url, 0, "removed or replaced")
	move(aside, file)
	p.heals(url)
	if status, body := p.post(url+"/api/views", `{"name": "mine", "list": "issues", "query": ""}`); status != http.StatusCreated {
		p.t.Errorf("with its file again it answers %d %s", status, body)
	}
	if err := os.Remove(file + "-wal"); err != nil {
		p.t.Fatal(err)
	}
	if status, body := p.post(url+"/api/views", `{"name": "other", "list": "issues", "query": ""}`); status != http.StatusServiceUnavailable || !strings.Contains(body, "removed or replaced") {
		p.t.Errorf("without its log it answers %d %s", status, body)
	}
	p.terminate(c)
}

// permissions: other users cannot read the database, nor enter a directory
// that was made for it; one that was there stays as it is.
func (p process) permissions() {
	dir := p.t.TempDir()
	p.open(dir)
	loose := filepath.Join(dir, "loose.db")
	if err := os.WriteFile(loose, nil, 0o644); err != nil { //nolint:gosec // what an older file may have
		p.t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o644); err != nil { //nolint:gosec // as above
		p.t.Fatal(err)
	}
	made := filepath.Join(dir, "a", "b", "d.db")
	for _, path := range []string{made, loose} {
		c, _ := p.running("DATABASE_URL=sqlite:" + path)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			p.mode(path+suffix, 0o600)
		}
		p.terminate(c)
	}
	p.mode(filepath.Join(dir, "a"), 0o700)
	p.mode(filepath.Join(dir, "a", "b"), 0o700)
	p.mode(dir, 0o755)
}

func (p process) mode(path string, want os.FileMode) {
	p.t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		p.t.Error(err)
	} else if got := info.Mode().Perm(); got != want {
		p.t.Errorf("%s has the permissions %o, want %o", path, got, want)
	}
}
