package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"telemetry-dashboard/services/telemetry"
)

// prepareFile makes the directory and the file of a SQLite database where
// they are missing, readable by this user alone. SQLite gives the files that
// it makes beside the database the same permissions.
func (s *Store) prepareFile() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"Cannot create or write the database directory %s (%s). "+
				"Allow the program's user to write there, or use another directory in DATABASE_URL.",
			filepath.Dir(s.path), reason(err)).Because(err)
	}
	info, err := os.Stat(s.path)
	if err == nil && !info.Mode().IsRegular() {
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"Cannot open the database file %s: it is not a regular file. Use another file in DATABASE_URL.", s.path)
	}
	// O_EXCL: a file that is there is not opened, since closing it again would
	// drop the locks that this process has on it through SQLite.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return s.unopened(err)
	}
	return f.Close()
}

func (s *Store) unopened(err error) error {
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"Cannot open or write the database file %s (%s). "+
			"Check that its directory exists and that the program's user may write there, or use another file in DATABASE_URL.",
		s.path, reason(err)).Because(err)
}

// lockDatabase locks the database file itself for the life of the Store, or says
// that another program has: whatever path leads to the file, it is one lock.
// It is of another kind than SQLite's own locks and does not touch them. The
// system frees the lock of a program that was killed.
func (s *Store) lockDatabase() error {
	f, err := os.Open(s.path)
	if err != nil {
		return s.unopened(err)
	}
	if err := lockFile(f); err != nil {
		_ = f.Close() // it was only read
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"The database file %s is in use by another program. "+
				"Stop that program (is the dashboard already running?), or use another file in DATABASE_URL.",
			s.path).Because(err)
	}
	s.claimed = f
	return nil
}

// noteFile remembers which file was opened, and takes other users' permissions from it and the files beside it.
func (s *Store) noteFile() {
	for _, path := range []string{s.path, s.path + "-wal", s.path + "-shm"} {
		info, err := os.Stat(path)
		if err != nil {
			continue // it is made later, with the permissions of the database
		}
		if others := info.Mode().Perm() & 0o077; others != 0 {
			_ = os.Chmod(path, info.Mode().Perm()&^0o077) // another user's file keeps its permissions
		}
		if path == s.path {
			s.opened = info
		}
	}
	_ = s.logLost() // it is the first to see the log
}

// lost returns why nothing may be written any more: the opened file has no longer its name, and would be gone.
func (s *Store) lost() *telemetry.Error {
	if s.opened == nil {
		return nil
	}
	now, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !os.SameFile(now, s.opened)) {
		return s.removed(s.path)
	}
	return nil
}

// logLost is lost for SQLite's log, which is there as long as a transaction
// writes. Where it was removed, a new reader makes another one, which the writer
// does not know: what it commits would be in the removed one only.
func (s *Store) logLost() *telemetry.Error {
	if s.log == "" {
		return nil
	}
	now, err := os.Stat(s.log)
	if errors.Is(err, fs.ErrNotExist) {
		return s.removed(s.log)
	}
	if err == nil && !s.openedLog.CompareAndSwap(nil, &now) && !os.SameFile(now, *s.openedLog.Load()) {
		return s.removed(s.log)
	}
	return nil
}

// newWriter is lost for a new connection of the writer, which opens its log anew.
func (s *Store) newWriter() *telemetry.Error {
	s.openedLog.Store(nil)
	return s.lost()
}

func (s *Store) removed(path string) *telemetry.Error {
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"The database file %s was removed or replaced while the program ran, so nothing new is stored. "+
			"Stop the program, put the file back, and start it again.", path)
}

// reason is the innermost text of a file error.
func reason(err error) string {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}

// logBytes is from what size on tidyLog copies the log; the writer itself does at several times that.
const logBytes = 8 << 20

// tidyLog copies the log beside the writer: a record that arrives alone does not wait for those before it.
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
