package store

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"telemetry-dashboard/services/telemetry"
)

// openSQLiteToRead opens a file that is there. Programs that write go on, and
// SQLite's own locks have this one see whole transactions.
func (s *Store) openSQLiteToRead(ctx context.Context, path string) error {
	if err := s.name(path); err != nil {
		return err
	}
	switch info, err := os.Stat(s.path); {
	case errors.Is(err, fs.ErrNotExist):
		return telemetry.Errorf(telemetry.CodeUnavailable, "There is no database file %s. "+
			"Check DATABASE_URL and the folder in which this command runs.", s.path).Because(err)
	case err != nil:
		return s.unopened(err)
	case !info.Mode().IsRegular():
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"Cannot open the database file %s: it is not a regular file. Use another file in DATABASE_URL.", s.path)
	}
	var err error
	if s.read, err = s.openReaders(liteReader + "&mode=rw"); err != nil { // without rw it cannot share the log's index
		return err
	}
	if err := s.read.PingContext(ctx); err != nil {
		return s.explain(err)
	}
	return nil
}

// startToRead refuses what this program cannot read as it is.
func (s *Store) startToRead(ctx context.Context) error {
	refused, err := s.refusal(ctx)
	if err != nil {
		return s.explain(err)
	}
	if refused != nil {
		return refused
	}
	if !s.serves(ctx) {
		return telemetry.Errorf(telemetry.CodeUnavailable, "The database in DATABASE_URL has no data of this build: "+
			"it is empty, or waits for a migration. Start the dashboard with it once, or run app migrate.")
	}
	return nil
}
