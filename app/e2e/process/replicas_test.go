package process

import (
	"net/http"
	"path/filepath"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// TestTwoOnOneFile: two programs on one SQLite file would undo each other's
// jobs; the second is refused, and leaves the first alone.
func TestTwoOnOneFile(t *testing.T) {
	database := program.Settings{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "d.db")}
	p := program.Start(t, database)
	refused(t, database, "in use by another program", "DATABASE_URL")
	p.Object(http.MethodGet, "/api/stats")
	p.Restart()
}

// TestTwoReplicas: what one of two programs on one PostgreSQL writes, the
// other says too.
func TestTwoReplicas(t *testing.T) {
	database := program.Settings{"DATABASE_URL": storetest.PostgresAddress(t)}
	one := program.WithRuns(t, nil, database)
	other := program.Start(t, database)
	if n := totalRuns(other); n != 0.0 {
		t.Errorf("an empty database has %v runs", n)
	}
	one.Write(map[string]any{"a.json": program.SmallScan(1, "2026-02-02T10:00:00Z", nil)})
	one.Job("refresh")
	other.Until("the other program does not see what the first one wrote", func() bool { return totalRuns(other) == 1.0 })
}
