package process

import (
	"bufio"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store"
)

// quietly are settings with which the program logs only errors, on a free
// port.
func quietly(more program.Settings) program.Settings {
	return program.Settings{"LISTEN_ADDR": "127.0.0.1:0", "LOG_LEVEL": "error"}.With(more)
}

// refused starts the program, which must say why it cannot in one sentence.
func refused(t *testing.T, settings program.Settings, words ...string) {
	t.Helper()
	refusedCommand(t, program.Command(t, quietly(settings)), words...)
}

func refusedCommand(t *testing.T, c *exec.Cmd, words ...string) {
	t.Helper()
	out, err := c.CombinedOutput()
	said := strings.TrimSpace(string(out))
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 || strings.Contains(said, "\n") || strings.Contains(said, "s3cret") {
		t.Errorf("%v: %v, %s", c.Env, err, out)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("%v: %q does not say %q", c.Env, said, word)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// TestStartIsRefused: what hinders the start is said in one sentence that
// names the variable and no secret.
func TestStartIsRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("this is no database, and no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, program.Settings{"LISTEN_ADDR": listen(t).Addr().String()}, "is in use", "LISTEN_ADDR")
	refused(t, program.Settings{"CACHE_TTL": "soon"}, "CACHE_TTL", "for example")
	refused(t, program.Settings{"DATABASE_URL": "sqlite:" + file + "/x.db"}, "director", "DATABASE_URL")
	refused(t, program.Settings{"DATABASE_URL": "sqlite:" + file}, "not a SQLite database", "DATABASE_URL")
	refused(t, program.Settings{"DATABASE_URL": "sqlite:" + dir}, "Cannot open", "DATABASE_URL")
	refused(
		t,
		program.Settings{"DATABASE_URL": "postgres://u:s3cret@" + program.FreeAddress(t) + "/d"},
		"PostgreSQL",
		"Cannot reach",
		"start the program again",
		"DATABASE_URL",
	)
	broken := program.Command(t, quietly(nil))
	if err := os.WriteFile(filepath.Join(broken.Dir, ".env"), []byte("CACHE_TTL=7\nGITHUB_TOKEN='s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusedCommand(t, broken, ".env", "line 2")
	if address := os.Getenv("TEST_POSTGRES_URL"); address != "" {
		nowhere := strings.Replace(address, "/postgres?", "/no_such_database?", 1)
		refused(t, program.Settings{"DATABASE_URL": nowhere}, "PostgreSQL", "database name")
	}
	if os.Geteuid() != 0 { // root may write anywhere
		closed := program.Command(t, quietly(nil))
		if err := os.Chmod(closed.Dir, 0o500); err != nil {
			t.Fatal(err)
		}
		refusedCommand(t, closed, "data", "user to write there", "DATABASE_URL")
	}
}

// TestOtherDatabasesAreRefused: a newer one, and one that another program
// holds.
func TestOtherDatabasesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.db")
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, program.Settings{"DATABASE_URL": "sqlite:" + path}, "in use by another program")
	if _, err := tx.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	refused(t, program.Settings{"DATABASE_URL": "sqlite:" + path}, "version 99999", "newer than this program", "DATABASE_URL")
}

// TestNothingSet: the program starts with nothing set, and its page says what
// is missing, where to get it, and what needs nothing.
func TestNothingSet(t *testing.T) {
	p := program.Start(t, program.Settings{"DATABASE_URL": "", "REFRESH_INTERVAL": "", "POLL_INTERVAL": ""})
	page := p.Page("/")
	for _, words := range []string{
		"GITHUB_TOKEN", "ACTION_REPO", "DEVIN_API_KEY", "https://github.com/settings/tokens", "https://app.devin.ai", "--demo", "RUNS_DIR",
	} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %s", words)
		}
	}
	for job, words := range map[string]string{"refresh": "GITHUB_TOKEN and ACTION_REPO", "poll": "DEVIN_API_KEY", "poll-prs": "GITHUB_TOKEN"} {
		if status, body := p.Post("/api/" + job); status != http.StatusBadRequest || !strings.Contains(body, words) {
			t.Errorf("%s: %d %s", job, status, body)
		}
	}
}

// TestExposed: on an address that others reach the start is refused in words,
// unless the settings allow it; then each page says so.
func TestExposed(t *testing.T) {
	refused(t, program.Settings{"LISTEN_ADDR": "0.0.0.0:0"}, "LISTEN_ADDR", "no sign-in", "app token create", "ALLOW_UNAUTHENTICATED=true")
	refused(t, program.Settings{"LISTEN_ADDR": ":0"}, "LISTEN_ADDR", "127.0.0.1")
	const says = "Anyone who can reach this address can read everything and make changes"
	p := program.Start(t, program.Settings{"ALLOW_UNAUTHENTICATED": "true"})
	for _, path := range []string{"/", "/issues", "/nothing"} {
		if _, page := p.Get(path); !strings.Contains(page, says) {
			t.Errorf("%s does not say that there is no sign-in", path)
		}
	}
	if page := program.Start(t, nil).Page("/"); strings.Contains(page, says) {
		t.Error("on loopback the page warns of others")
	}
}

// TestMemoryLimit: the log has the limit that the program keeps to, the
// machine's or GOMEMLIMIT's, and one that is asked to end while it starts
// ends well.
func TestMemoryLimit(t *testing.T) {
	limit := func(settings program.Settings) string {
		c := program.Command(t, program.Settings{"LISTEN_ADDR": "127.0.0.1:0"}.With(settings))
		out, err := c.StderrPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(program.Patience, func() { _ = c.Process.Kill() })
		defer late.Stop()
		found := ""
		for lines := bufio.NewScanner(out); found == "" && lines.Scan(); {
			if m := regexp.MustCompile(`memory limit" GOMEMLIMIT=(\d+)`).FindStringSubmatch(lines.Text()); m != nil {
				found = m[1]
			}
		}
		_ = c.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			t.Errorf("asked to end while it starts: %v", err)
		}
		return found
	}
	if got := limit(program.Settings{"GOMEMLIMIT": "400MiB"}); got != "419430400" {
		t.Errorf("with GOMEMLIMIT=400MiB: %q", got)
	}
	if got := limit(nil); got == "" || got == "9223372036854775807" {
		t.Errorf("by itself: %q", got)
	}
}

// TestVersion: the program says which build it is, and an unknown word how
// it is used.
func TestVersion(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), program.Binary(t), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "telemetry-dashboard ") || !strings.Contains(string(out), runtime.Version()) {
		t.Errorf("version: %q, %v", out, err)
	}
	for words, want := range map[string]string{
		"versions": `Unknown argument "versions".`, "version x": `Unknown argument "x": version takes none.`,
		"demo": "use --demo", "--demo x": `Unknown argument "x".`,
	} {
		said, err := exec.CommandContext(t.Context(), program.Binary(t), strings.Fields(words)...).CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if first, usage, _ := strings.Cut(string(said), "\n"); !ok || exit.ExitCode() != 2 ||
			!strings.Contains(first, want) || !strings.HasPrefix(usage, "usage:") {
			t.Errorf("%s: %q, %v", words, said, err)
		}
	}
}
