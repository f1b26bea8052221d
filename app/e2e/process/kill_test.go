package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/store"
)

// process is the program as a process, built once for all its tests.
type process struct {
	t    *testing.T
	path string
}

func TestProcess(t *testing.T) {
	p := process{t, filepath.Join(t.TempDir(), "dashboard")}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", p.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for name, try := range map[string]func(process){
		"refusals":                 process.refusals,
		"no settings":              process.noSettings,
		"version":                  process.version,
		"terminated":               process.terminated,
		"killed":                   process.killed,
		"killed while sending":     process.killedWhileSending,
		"killed while dispatching": process.killedWhileDispatching,
		"two at once":              process.twoAtOnce,
		"two replicas":             process.twoReplicas,
		"no permission":            process.noPermission,
		"database away":            process.databaseAway,
		"disk full":                process.diskFull,
		"flooded":                  process.flooded,
		"busy":                     process.busy,
		"database hangs":           process.databaseHangs,
		"exposed":                  process.exposed,
		"memory":                   process.memory,
		"small machine":            process.smallMachine,
		"other paths":              process.otherPaths,
		"file removed":             process.fileRemoved,
		"permissions":              process.permissions,
		"database frozen":          process.databaseFrozen,
	} {
		t.Run(name, func(t *testing.T) { try(process{t, p.path}) })
	}
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
func (p process) command(settings ...string) *exec.Cmd {
	p.t.Helper()
	c := exec.CommandContext(p.t.Context(), p.path)
	c.Dir, c.Env = p.t.TempDir(), append(settings, "PATH="+os.Getenv("PATH"), "LOG_LEVEL=error")
	return c
}

// running starts the program and returns its address once it answers.
func (p process) running(settings ...string) (c *exec.Cmd, url string) {
	p.t.Helper()
	return p.runningAs(nil, settings...)
}

// runningAs is running as another user.
func (p process) runningAs(user *syscall.Credential, settings ...string) (c *exec.Cmd, url string) {
	p.t.Helper()
	addr := freeAddr(p.t)
	c = p.command(append(settings, "LISTEN_ADDR="+addr)...)
	c.Stderr = p.t.Output()
	if user != nil {
		p.open(c.Dir)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for range 4000 {
		if res, err := http.Get("http://" + addr + "/api/config"); err == nil { //nolint:noctx // it ends with the process
			res.Body.Close()
			return c, "http://" + addr
		}
		time.Sleep(5 * time.Millisecond) // the program is starting; only its answer tells when it has
	}
	p.t.Fatal("the program does not answer")
	return nil, ""
}

// terminate ends the program by SIGTERM, after which it must say that all
// is well.
func (p process) terminate(c *exec.Cmd) {
	p.t.Helper()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		p.t.Errorf("after SIGTERM: %v", err)
	}
}

func (p process) ask(method, url string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(req)
}

func (p process) do(req *http.Request) (int, string) {
	p.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (p process) object(method, url string) map[string]any {
	p.t.Helper()
	status, body := p.ask(method, url)
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil || status >= 300 {
		p.t.Fatalf("%s %s: %d %v %.300s", method, url, status, err, body)
	}
	return v
}

// refused starts the program, which must say why it cannot in one sentence.
func (p process) refused(c *exec.Cmd, words ...string) {
	p.t.Helper()
	out, err := c.CombinedOutput()
	said := strings.TrimSpace(string(out))
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 || strings.Contains(said, "\n") || strings.Contains(said, "s3cret") {
		p.t.Errorf("%v: %v, %s", c.Env, err, out)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			p.t.Errorf("%v: %q does not say %q", c.Env, said, word)
		}
	}
}

func (p process) refusals() {
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		p.t.Fatal(err)
	}
	defer taken.Close()
	free, dir := "LISTEN_ADDR="+freeAddr(p.t), p.t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("this is no database, and no directory"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.refused(p.command("LISTEN_ADDR="+taken.Addr().String()), "is taken by another program", "LISTEN_ADDR")
	p.refused(p.command("CACHE_TTL=soon", free), "CACHE_TTL", "for example")
	p.refused(p.command("DATABASE_URL=sqlite:"+file+"/x.db", free), "director", "DATABASE_URL")
	p.refused(p.command("DATABASE_URL=sqlite:"+file, free), "no SQLite database", "DATABASE_URL")
	p.refused(p.command("DATABASE_URL=sqlite:"+dir, free), "cannot be opened", "DATABASE_URL")
	p.refused(p.command("DATABASE_URL=postgres://u:s3cret@"+freeAddr(p.t)+"/d", free), "PostgreSQL", "cannot be reached", "DATABASE_URL")
	broken := p.command(free)
	if err := os.WriteFile(filepath.Join(broken.Dir, ".env"), []byte("CACHE_TTL=7\nGITHUB_TOKEN='s3cret\n"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.refused(broken, ".env", "line 2")
	if address := os.Getenv("TEST_POSTGRES_URL"); address != "" {
		p.refused(p.command("DATABASE_URL="+strings.Replace(address, "/postgres?", "/no_such_database?", 1), free), "PostgreSQL", "database name")
	}
	if os.Geteuid() != 0 { // root may write anywhere
		closed := p.command(free)
		if err := os.Chmod(closed.Dir, 0o500); err != nil {
			p.t.Fatal(err)
		}
		p.refused(closed, "data", "right to write", "DATABASE_URL")
	}
	p.refusedDatabases(filepath.Join(dir, "d.db"), free)
}

// refusedDatabases are a newer one and one that another program holds.
func (p process) refusedDatabases(path, free string) {
	db, err := store.Open(p.t.Context(), store.Options{URL: "sqlite:" + path, Now: time.Now})
	if err != nil {
		p.t.Fatal(err)
	}
	db.Close()
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive")
	if err != nil {
		p.t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(p.t.Context(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.refused(p.command("DATABASE_URL=sqlite:"+path, free), "locked by another program")
	if _, err := tx.ExecContext(p.t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		p.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
	p.refused(p.command("DATABASE_URL=sqlite:"+path, free), "version 99999", "a newer program wrote it", "DATABASE_URL")
}

// noSettings: the program starts with nothing set, and its page says what
// is missing, where to get it, and what needs nothing.
func (p process) noSettings() {
	c, url := p.running()
	status, page := p.ask("GET", url+"/")
	for _, words := range []string{"GITHUB_TOKEN", "ACTION_REPO", "DEVIN_API_KEY", "https://github.com/settings/tokens", "https://app.devin.ai", "--demo", "RUNS_DIR"} {
		if !strings.Contains(page, words) {
			p.t.Errorf("the page (%d) does not say %s", status, words)
		}
	}
	for path, words := range map[string]string{"refresh": "GITHUB_TOKEN and ACTION_REPO", "poll": "DEVIN_API_KEY", "poll-prs": "GITHUB_TOKEN"} {
		if status, body := p.ask("POST", url+"/api/"+path); status != http.StatusBadRequest || !strings.Contains(body, words) {
			p.t.Errorf("%s: %d %s", path, status, body)
		}
	}
	p.terminate(c)
}

// terminated: at SIGTERM a job under way stops, who waits for it is told its
// id, and the next start resumes it under that id.
func (p process) terminated() {
	const id = "aaaabbbbccccdddd0000111122223333"
	player := devintest.New(devintest.Options{Key: "apk_test"})
	player.Put(devintest.Session{ID: id, Status: "running"})
	var answers atomic.Bool
	asked := make(chan bool, 100)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers.Load() {
			asked <- true
			<-r.Context().Done()
			return
		}
		player.ServeHTTP(w, r)
	}))
	defer upstream.Close()
	runs := p.t.TempDir()
	session := map[string]any{"session_id": id, "session_url": "", "batch_id": 1, "status": "created", "issue_ids": []any{}, "pr_url": ""}
	if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", map[string]any{"sessions": []any{session}}), 0o600); err != nil {
		p.t.Fatal(err)
	}
	settings := []string{"RUNS_DIR=" + runs, "DATABASE_URL=sqlite:" + filepath.Join(p.t.TempDir(), "d.db"), "DEVIN_API_KEY=apk_test", "DEVIN_API_URL=" + upstream.URL, "REFRESH_INTERVAL=0", "POLL_INTERVAL=0"}
	c, url := p.running(settings...)
	p.object("POST", url+"/api/refresh")
	type answer struct {
		status int
		body   string
	}
	waiter := make(chan answer, 1)
	go func() {
		status, body := 0, ""
		if res, err := http.Post(url+"/api/poll", "", nil); err == nil { //nolint:noctx // it ends with the process
			text, _ := io.ReadAll(res.Body)
			res.Body.Close()
			status, body = res.StatusCode, string(text)
		}
		waiter <- answer{status, body}
	}()
	<-asked
	job := p.object("GET", url+"/api/jobs?per_page=1")["items"].([]any)[0].(map[string]any)
	p.terminate(c)
	if got := <-waiter; got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, job["id"].(string)) {
		p.t.Errorf("who waited got %d %s, the job is %v", got.status, got.body, job)
	}
	answers.Store(true)
	c, url = p.running(settings...)
	for range 2000 {
		if _, body := p.ask("GET", url+"/api/sessions?state=working"); strings.Contains(body, `"total":1`) {
			if again := p.object("GET", url+"/api/jobs/"+job["id"].(string)); again["state"] == "interrupted" {
				p.t.Errorf("the job went on under another id: %v", again)
			}
			p.terminate(c)
			return
		}
		time.Sleep(5 * time.Millisecond) // the job goes on by itself
	}
	_, body := p.ask("GET", url+"/api/jobs")
	p.t.Errorf("the job was not resumed: %s", body)
}

// all is what the program says of its records.
func (p process) all(url string) map[string]any {
	p.t.Helper()
	return map[string]any{"stats": p.object("GET", url+"/api/stats"), "issues": p.object("GET", url+"/api/issues?per_page=200"), "last": p.object("GET", url+"/api/issues?per_page=200&page=2"), "runs": p.object("GET", url+"/api/runs?per_page=200")}
}

// killed: after each of twenty kills the next start is clean, has what was
// acknowledged, and ends where one that was never killed is.
func (p process) killed() {
	runs, db := p.t.TempDir(), filepath.Join(p.t.TempDir(), "k.db")
	settings := []string{"RUNS_DIR=" + runs, "REFRESH_INTERVAL=0"}
	acknowledged := 0.0
	for turn := range 20 {
		for i := range 20 {
			n := 20*turn + i
			body := oddScan(n+1, fmt.Sprintf("2026-01-01T%02d:%02d:00Z", n/60, n%60), map[string]any{"target_repo": fmt.Sprintf("https://github.com/o/r%d", n%7), "issue_fingerprints": []any{oddFinding(n+1, map[string]any{"fingerprint": fmt.Sprintf("%016x", n%5)})}})
			if err := os.WriteFile(filepath.Join(runs, fmt.Sprintf("r%d.json", n)), body, 0o600); err != nil {
				p.t.Fatal(err)
			}
		}
		c, url := p.running(append(settings, "DATABASE_URL=sqlite:"+db)...)
		got, _ := p.object("GET", url+"/api/stats")["total_runs"].(float64)
		if got < acknowledged {
			p.t.Fatalf("after kill %d: %v runs, %v were acknowledged", turn, got, acknowledged)
		}
		acknowledged = got
		time.Sleep(rand.N(60 * time.Millisecond)) //nolint:gosec // the moment of the kill is what is tried
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	var answers []map[string]any
	for _, database := range []string{db, filepath.Join(p.t.TempDir(), "whole.db")} {
		c, url := p.running(append(settings, "DATABASE_URL=sqlite:"+database)...)
		p.object("POST", url+"/api/refresh")
		answers = append(answers, p.all(url))
		p.terminate(c)
	}
	if answers[0]["stats"].(map[string]any)["total_runs"] != 400.0 {
		p.t.Errorf("after twenty kills: %v", answers[0]["stats"])
	}
	if diff := cmp.Diff(answers[1], answers[0]); diff != "" {
		p.t.Errorf("after twenty kills it says otherwise than without any: %.2000s", diff)
	}
}

// twoAtOnce: two programs on one SQLite file would undo each other's jobs;
// the second is refused, and leaves the first alone.
func (p process) twoAtOnce() {
	database := "DATABASE_URL=sqlite:" + filepath.Join(p.t.TempDir(), "d.db")
	c, url := p.running(database)
	p.refused(p.command(database, "LISTEN_ADDR="+freeAddr(p.t)), "locked by another program", "DATABASE_URL")
	p.object("GET", url+"/api/stats")
	p.terminate(c)
	c, _ = p.running(database)
	p.terminate(c)
}

// twoReplicas: what one of two programs on one PostgreSQL writes, the other
// says too.
func (p process) twoReplicas() {
	runs, database := p.t.TempDir(), "DATABASE_URL="+freshPostgres(p.t)
	one, first := p.running(database, "RUNS_DIR="+runs, "REFRESH_INTERVAL=0")
	two, second := p.running(database)
	if n := p.object("GET", second+"/api/stats")["total_runs"]; n != 0.0 {
		p.t.Errorf("an empty database has %v runs", n)
	}
	if err := os.WriteFile(filepath.Join(runs, "a.json"), oddScan(1, "2026-02-02T10:00:00Z", nil), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.object("POST", first+"/api/refresh")
	seen := false
	for deadline := time.Now().Add(patience); !seen && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		seen = p.object("GET", second+"/api/stats")["total_runs"] == 1.0
	}
	if !seen {
		p.t.Error("the other program does not see what the first one wrote")
	}
	p.terminate(two)
	p.terminate(one)
}
