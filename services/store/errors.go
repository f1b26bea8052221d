package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"telemetry-dashboard/services/telemetry"
)

// explain gives an error at start a sentence.
func (s *Store) explain(err error) error {
	described := s.describe(err)
	if _, ok := errors.AsType[*telemetry.Error](described); ok {
		return described
	}
	return telemetry.Errorf(telemetry.CodeUnavailable, "The database that DATABASE_URL names cannot be prepared: %s. "+
		"Put a backup in its place, or name another one.", strings.Join(strings.Fields(err.Error()), " ")).Because(err)
}

// describe gives an error a sentence that says what is the matter with the
// database, where that is no fault of the program, and returns any other as
// it is. Nothing of the address is in it but a SQLite file's path.
func (s *Store) describe(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*telemetry.Error](err); ok {
		return err
	}
	sentence := ""
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		sentence = sqliteProblem(lite.Code())
	} else if s.dialect.name() == "postgres" {
		sentence = postgresProblem(err)
	}
	if sentence == "" {
		return err
	}
	return telemetry.Errorf(telemetry.CodeUnavailable, "%s", strings.ReplaceAll(sentence, "{file}", s.path)).Because(err)
}

func sqliteProblem(code int) string {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "The database file {file} is locked by another program. " +
			"End that one (is the dashboard already running?), or name another file in DATABASE_URL."
	case sqlite3.SQLITE_FULL:
		return "The disk of the database file {file} is full. What was stored stays, and nothing new was stored: make room there, and refresh."
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
		return "The database file {file} cannot be opened or written. " +
			"See that its directory exists, that this user may write there and that the disk has room, or name another place in DATABASE_URL."
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return "The file {file}, which DATABASE_URL names, is no SQLite database, or is damaged. Name another file, or put a backup in its place."
	}
	return ""
}

// unwritable tells an error of a database that may still be read: its disk is
// full, or this program has no right to write.
func unwritable(err error) bool {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
			return true
		}
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "53100" || pg.Code == "25006")
}

func postgresProblem(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case pg.Code == "28P01", pg.Code == "28000":
			return "PostgreSQL at DATABASE_URL refuses the login. " +
				"See that user and password are right (what is no letter or digit in them is written as %XX), " +
				"and that pg_hba.conf lets this user in from here."
		case pg.Code == "3D000":
			return "PostgreSQL at DATABASE_URL has no database of that name. Make it (createdb), or mend the database name."
		case pg.Code == "42501":
			return "PostgreSQL at DATABASE_URL lets this user make no tables there. " +
				"Make it the owner of the database, or give it the right CREATE on the schema."
		case pg.Code == "53100":
			return "The disk of PostgreSQL is full. What was stored stays, and nothing new was stored: make room there, and refresh."
		case pg.Code == "25006":
			return "PostgreSQL at DATABASE_URL is a copy that only reads. Name the primary server."
		case strings.HasPrefix(pg.Code, "53"):
			return "PostgreSQL has no more connections or memory for the dashboard. " +
				"Raise its limits, or end other programs; this goes on by itself then."
		case strings.HasPrefix(pg.Code, "57P"), pg.Code == "25P03", strings.HasPrefix(pg.Code, "08"):
			return unreachable
		}
		return ""
	}
	_, dialled := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[*net.OpError](err)
	cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || strings.Contains(err.Error(), "conn closed")
	if dialled || network || cut {
		return unreachable
	}
	return ""
}

const unreachable = "PostgreSQL at DATABASE_URL cannot be reached. See that it runs, and that host and port are right. " +
	"What was stored stays; this goes on by itself once it answers."
