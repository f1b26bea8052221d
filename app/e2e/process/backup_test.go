package process

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// TestBackupOfARunningProgram: a backup that is taken while the program reads
// records serves the same issues from the other database, and back; what
// came later is read again.
func TestBackupOfARunningProgram(t *testing.T) {
	records, more := map[string]any{}, map[string]any{}
	for i := range 40 {
		scan := program.SmallScan(i+1, fmt.Sprintf("2026-02-%02dT%02d:00:00Z", i/20+1, i%20), nil)
		if records[fmt.Sprintf("run-%d.json", i)] = scan; i >= 20 {
			more[fmt.Sprintf("run-%d.json", i)] = scan
			delete(records, fmt.Sprintf("run-%d.json", i))
		}
	}
	urls := []string{"sqlite:" + filepath.Join(t.TempDir(), "first.db"), storetest.PostgresAddress(t), "sqlite:" + filepath.Join(t.TempDir(), "back.db")}
	p := program.WithRuns(t, records, program.Settings{"DATABASE_URL": urls[0]})
	p.Write(more)
	p.Post("/api/refresh")
	file := filepath.Join(t.TempDir(), "backup.db")
	command(t, program.Settings{"DATABASE_URL": urls[0]}, "backup", file)
	p.Job("refresh")
	_, want := p.Ask(http.MethodGet, "/api/issues")
	p.Stop()
	for _, url := range urls[1:] {
		settings := program.Settings{"DATABASE_URL": url}
		command(t, settings, "restore", file)
		next := program.Start(t, settings.With(program.Settings{"RUNS_DIR": p.Runs}))
		next.Job("refresh")
		if _, got := next.Ask(http.MethodGet, "/api/issues"); fmt.Sprint(got["items"]) != fmt.Sprint(want["items"]) || len(fmt.Sprint(got["items"])) < 20 {
			t.Errorf("%.8s answers\n%.600v, want\n%.600v", url, got, want)
		}
		file = filepath.Join(t.TempDir(), "backup.db")
		command(t, settings, "backup", file)
		next.Stop()
	}
}

// command runs a command of the program, which must end well.
func command(t *testing.T, settings program.Settings, args ...string) {
	t.Helper()
	c := program.Command(t, settings)
	c.Args = append(c.Args, args...)
	if out, err := c.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) == "" {
		t.Fatalf("%q: %v, %s", args, err, out)
	}
}
