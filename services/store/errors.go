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
	return telemetry.Errorf(telemetry.CodeUnavailable, "Cannot prepare the database in DATABASE_URL: %s. "+
		"Restore a backup, or use another database.", strings.Join(strings.Fields(err.Error()), " ")).Because(err)
}

// describe gives an error a sentence that says what is the matter with the
// database, where that is not a fault of the program, and returns any other as
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
	continues := "start the program again"
	if s.serving.Load() {
		continues = "the program continues by itself"
	}
	sentence = strings.NewReplacer("{file}", s.path, "{continues}", continues).Replace(sentence)
	return telemetry.Errorf(telemetry.CodeUnavailable, "%s", sentence).Because(err)
}

func sqliteProblem(code int) string {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "The database file {file} is in use by another program. " +
			"Stop that program (is the dashboard already running?), or use another file in DATABASE_URL."
	case sqlite3.SQLITE_FULL:
		return "The disk of the database file {file} is full. Stored data is kept, and nothing new is stored. Free some space, then refresh."
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR:
		return "Cannot open or write the database file {file}. " +
			"Check that its directory exists, that the program's user may write there and that the disk has space, " +
			"or use another file in DATABASE_URL."
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return "The file {file} in DATABASE_URL is not a SQLite database, or is damaged. Use another file, or restore a backup."
	}
	return ""
}

// unwritable tells an error of a database that may still be read: a full disk, or no right to write.
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
				"Check user and password (encode characters other than letters and digits as %XX), " +
				"and that pg_hba.conf allows this user from this host."
		case pg.Code == "3D000":
			return "The PostgreSQL database in DATABASE_URL does not exist. Create it (createdb), or correct the database name."
		case pg.Code == "42501":
			return "The PostgreSQL user in DATABASE_URL may not create tables. " +
				"Make it the owner of the database, or grant it CREATE on the schema."
		case pg.Code == "53100":
			return "PostgreSQL's disk is full. Stored data is kept, and nothing new is stored. Free some space, then refresh."
		case pg.Code == "25006":
			return "PostgreSQL at DATABASE_URL is a read-only replica. Use the primary server."
		case strings.HasPrefix(pg.Code, "53"):
			return "PostgreSQL is out of connections or memory. " +
				"Raise its limits, or stop other clients; then {continues}."
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

const unreachable = "Cannot reach PostgreSQL at DATABASE_URL. Check that it runs, and that host and port are right. " +
	"Stored data is kept; {continues} once it answers."
