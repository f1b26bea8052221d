package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

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

// TestManyStartOnAnEmptyDatabase: programs that start at the same time on an
// empty PostgreSQL migrate it once, and all of them start.
func TestManyStartOnAnEmptyDatabase(t *testing.T) {
	for range 3 {
		address := storetest.PostgresAddress(t)
		ids := make([]string, 3)
		var started errgroup.Group
		for i := range ids {
			started.Go(func() error {
				s, err := store.Open(t.Context(), store.Options{URL: address, Now: time.Now})
				if err != nil {
					return err
				}
				ids[i] = s.ID()
				return s.Close()
			})
		}
		if err := started.Wait(); err != nil {
			t.Fatal(err)
		}
		if ids[0] == "" || ids[1] != ids[0] || ids[2] != ids[0] {
			t.Errorf("the database has the ids %q", ids)
		}
		s := storetest.OpenWith(t, store.Options{URL: address, Now: time.Now})
		if rows, err := s.Texts(t.Context(), `SELECT CAST(version_id AS TEXT) FROM goose_db_version WHERE version_id > 0`); err != nil || len(rows) != 1 {
			t.Errorf("it was migrated to %q, %v", rows, err)
		}
	}
}
