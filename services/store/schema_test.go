package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestOtherSchemasRefused: a database that a newer program wrote, or a build
// from before the first release, is refused on both databases, with what to do.
func TestOtherSchemasRefused(t *testing.T) {
	for _, database := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"sqlite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "other.db") }},
		{"postgres", func(t *testing.T) string { return storetest.PostgresAddress(t) }},
	} {
		for version, words := range map[int]string{99999: "newer than this program", 112: "before the first release"} {
			t.Run(fmt.Sprint(database.name, " ", version), func(t *testing.T) {
				o := store.Options{URL: database.url(t), Now: time.Now}
				s := storetest.OpenWith(t, o)
				if err := s.Exec(t.Context(), fmt.Sprintf(`UPDATE goose_db_version SET version_id = %d WHERE version_id <> 0`, version)); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				again, err := store.Open(t.Context(), o)
				if err == nil {
					again.Close()
					t.Fatal("it was opened")
				}
				if telemetry.CodeOf(err) != telemetry.CodeUnavailable || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "DATABASE_URL") {
					t.Errorf("refused with %v", err)
				}
			})
		}
	}
}
