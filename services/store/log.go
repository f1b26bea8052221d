package store

import (
	"context"
	"os"

	"telemetry-dashboard/services/telemetry"
)

// logBytes is from what size of SQLite's log on its pages are copied into the
// database. The writer copies them itself only where the log has grown to
// several times that (see openSQLite).
const logBytes = 8 << 20

// tidyLog copies the log's pages beside the writer once they are many: a
// record that arrives alone does not wait for those of hundreds before it.
func (s *Store) tidyLog() {
	if s.log == "" {
		return
	}
	info, err := os.Stat(s.log)
	if err != nil || info.Size() < logBytes || !s.tidying.CompareAndSwap(false, true) {
		return
	}
	s.extra.Go(func() {
		defer s.tidying.Store(false)
		// Where it fails, the next one or the writer's own makes up for it.
		_ = telemetry.Guard("tidy the log", func() error {
			_, err := s.reader().ExecContext(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`)
			return err
		})
	})
}
