package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"

	"telemetry-dashboard/services/telemetry"
)

// dialect is what differs between the databases beside the schema.
type dialect interface {
	name() string
	jsonRows() string  // FROM item: the elements of the JSON list $1, each a list
	jsonTexts() string // FROM item: the elements of the JSON list $1, each a text or number, compared byte by byte
	readOptions() *sql.TxOptions
	retry(error) bool    // the transaction may succeed if it is run again
	clock() string       // the database's own clock in unix milliseconds
	lockWriters() string // the first statement of a transaction that writes: it waits for that of another
	fold() string        // begins a column as LIKE compares it in any case of ASCII
	asJSON() string      // ends a text column that is read as JSON
	stored() string      // begins the name of a table whatever WITH gives this name
}

type sqliteDialect struct{}

func (sqliteDialect) name() string                { return "sqlite" }
func (sqliteDialect) jsonRows() string            { return "json_each($1) AS e" }
func (sqliteDialect) jsonTexts() string           { return "json_each($1) AS e" }
func (sqliteDialect) readOptions() *sql.TxOptions { return nil }
func (sqliteDialect) retry(error) bool            { return false }
func (sqliteDialect) asJSON() string              { return "" }
func (sqliteDialect) stored() string              { return "main." }
func (sqliteDialect) clock() string               { return "CAST(unixepoch('now', 'subsec') * 1000 AS BIGINT)" }
func (sqliteDialect) lockWriters() string {
	return `INSERT INTO meta (key, value) VALUES ('writer', '') ON CONFLICT (key) DO UPDATE SET value = meta.value`
}
func (sqliteDialect) fold() string { return "(" } // its LIKE does it by itself, in half the time

// postgresDialect is PostgreSQL's; schema is the one that tables are made in,
// quoted, with a dot.
type postgresDialect struct{ schema string }

func (postgresDialect) name() string     { return "postgres" }
func (postgresDialect) fold() string     { return "lower(" }
func (postgresDialect) asJSON() string   { return "::jsonb" }
func (d postgresDialect) stored() string { return d.schema }
func (postgresDialect) clock() string {
	return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
}

// lockWriters also has the server end the transaction where its program says
// nothing for a while: one that is stopped, or that a network has cut off, must
// not keep the others from writing.
func (postgresDialect) lockWriters() string {
	return `INSERT INTO meta (key, value) SELECT 'writer', substr(set_config('idle_in_transaction_session_timeout', '10s', true), 1, 0)
		ON CONFLICT (key) DO UPDATE SET value = meta.value`
}
func (postgresDialect) jsonRows() string {
	return "jsonb_array_elements(COALESCE(NULLIF(CAST($1 AS jsonb), 'null'), '[]')) AS e(value)"
}
func (postgresDialect) jsonTexts() string {
	return `(SELECT t.value COLLATE "C" AS value
		FROM jsonb_array_elements_text(COALESCE(NULLIF(CAST($1 AS jsonb), 'null'), '[]')) AS t(value)) AS e`
}
func (postgresDialect) readOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// retry knows serialization failures and deadlocks.
func (postgresDialect) retry(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// readers is how many reads run side by side: more than the cores would only wait.
const readers = 8

// The pages that some hundred records change fit the writer's cache; the log is tidied beside it (tidyLog), and
// by it from 32 MB on. Readers are several, the system keeps their pages, and more of them made no answer faster.
const (
	liteCommon = "&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=temp_store(2)"
	liteWriter = "?_txlock=immediate&_pragma=auto_vacuum(2)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-40000)" +
		"&_pragma=wal_autocheckpoint(8000)&_pragma=journal_size_limit(0)" + liteCommon
	liteReader = "?_txlock=deferred&_pragma=query_only(1)&_pragma=synchronous(FULL)&_pragma=cache_size(-2000)" + liteCommon
)

func (s *Store) speak(d dialect) { s.dialect, s.spelling = d, spellingOf(d) }

func (s *Store) openSQLite(ctx context.Context, path string, alone bool) error {
	err := s.name(path)
	if err == nil {
		err = s.prepareFile()
	}
	if err == nil && alone {
		err = s.lockDatabase()
	}
	if err == nil {
		err = s.look(ctx)
	}
	if err != nil {
		return err
	}
	if s.write, err = openLite(s.file()+liteWriter, true, s.newWriter); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = s.openReaders(liteReader); err != nil {
		return err
	}
	if err := s.write.PingContext(ctx); err != nil && (!unwritable(err) || !s.openFrozen(ctx)) {
		return s.explain(err)
	}
	s.noteFile()
	return nil
}

// name notes the path of SQLite's file, as DATABASE_URL has it.
func (s *Store) name(path string) error {
	s.speak(sqliteDialect{})
	path = strings.TrimPrefix(path, "//")
	if path == "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "DATABASE_URL has no file; want for example sqlite:data/dashboard.db")
	}
	s.path, s.log = path, path+"-wal"
	if real, err := filepath.EvalSymlinks(path); err == nil {
		s.log = real + "-wal" // SQLite resolves links, too
	}
	return nil
}

// file is the address of SQLite's file without its parameters.
func (s *Store) file() string { return "file:" + (&url.URL{Path: s.path}).EscapedPath() }

func (s *Store) openReaders(parameters string) (*sql.DB, error) {
	db, err := openLite(s.file()+parameters, false, s.lost)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	db.SetConnMaxIdleTime(time.Minute) // what a burst needed is given back
	return db, nil
}

// openFrozen opens the file for reading where SQLite can write nothing beside
// it, not even the index of its log: on a full disk, or without the right to
// write. Without a log the file alone is all that is stored.
func (s *Store) openFrozen(ctx context.Context) bool {
	if info, err := os.Stat(s.path); err != nil || info.Size() == 0 {
		return false
	}
	db, err := s.openReaders(s.untouched())
	if err != nil {
		return false
	}
	if db.PingContext(ctx) != nil {
		_ = db.Close() // nothing was read
		return false
	}
	_ = s.read.Close() // nor through this one
	s.read, s.frozen = db, true
	return true
}

// untouched are the parameters of a reader that changes nothing in the file nor in its log.
func (s *Store) untouched() string {
	if info, err := os.Stat(s.log); err != nil || info.Size() == 0 {
		return liteReader + "&mode=ro&immutable=1"
	}
	return liteReader + "&mode=ro"
}

// look refuses a file that is not for this program before anything in it is
// changed: the journal's mode, the log, the permissions. What it cannot read
// the writer learns.
func (s *Store) look(ctx context.Context) (err error) {
	if s.read, err = s.openReaders(s.untouched()); err != nil {
		return err
	}
	refused, _ := s.refusal(ctx)
	if err := s.read.Close(); err != nil || refused == nil {
		return err
	}
	return refused
}

// readAgain reads what is written from now on.
func (s *Store) readAgain() error {
	if !s.frozen {
		return nil
	}
	db, err := s.openReaders(liteReader)
	if err != nil {
		return err
	}
	s.mu.Lock()
	before := s.read
	s.read, s.frozen = db, false
	s.mu.Unlock()
	return before.Close() // once its last answer is read
}

func (s *Store) openPostgres(ctx context.Context, address string) error {
	s.speak(postgresDialect{})
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return telemetry.Errorf(telemetry.CodeInvalid,
			"DATABASE_URL is not a PostgreSQL URL; want postgres://user:password@host:5432/dashboard").Because(err)
	}
	config.BuildContextWatcherHandler = cancelsOnServer
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(withoutJIT))
	db.SetMaxOpenConns(readers + 2)
	db.SetMaxIdleConns(readers)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s.write, s.read = db, db
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		if described := s.describe(err); telemetry.CodeOf(described) == telemetry.CodeUnavailable {
			return described
		}
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"Cannot reach PostgreSQL at DATABASE_URL, or it refuses the login. "+
				"Check that it runs, and that host, port, user, password and database name are right.").Because(err)
	}
	var schema string
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(quote_ident(current_schema()) || '.', '')`).Scan(&schema); err != nil {
		return s.describe(err)
	}
	s.speak(postgresDialect{schema})
	return nil
}

// cancelsOnServer asks the server to end a statement whose context ends: a
// connection that is only closed leaves it running there. A server that does
// not end it in time loses the connection; that time is short, since a frozen
// one would keep the program from ending within seconds of SIGTERM.
func cancelsOnServer(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
}

// withoutJIT keeps PostgreSQL from compiling queries. It takes those that ask
// for a past time for dear, and compiling one takes ten times as long as
// running it. A server that does not know the setting compiles nothing.
func withoutJIT(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('jit', 'off', false) WHERE EXISTS (SELECT 1 FROM pg_settings WHERE name = 'jit')`)
	return err
}
