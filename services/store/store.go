// Package store is the database as such: SQLite in a file, or PostgreSQL. It
// owns the schema, the transactions and the versions of what is stored; it
// must not reach any upstream nor render anything. What is made of the tables
// is in the rooms beside it: derive writes what follows from records, lists,
// details and figures read.
//
// Tables from which nothing is derived are kept here, since each is written
// and read by a statement or two: jobs and the leases of the programs, sources
// and their held listings, submissions, saved views. So is how the rows of
// days read, which one room writes and another reads.
//
// Every write takes one row lock first, so that writers follow each other on
// both databases, and raises the versions of just those topics whose rows
// changed. Every read happens in one transaction.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write, read *sql.DB // read: see reader
	dialect     dialect
	spelling    *strings.Replacer // of the dialect
	id          string
	program     string                          // this program's id among those that share the database
	led         atomic.Pointer[telemetry.Lease] // of SQLite: see Lead
	serving     atomic.Bool                     // Open has succeeded
	begun       atomic.Bool                     // this start has written
	now         func() time.Time
	slow        Slow
	guest       bool
	tidying     atomic.Bool    // tidyLog is at work
	extra       sync.WaitGroup // of it
	marking     sync.Mutex     // see WriteMarked

	// Of SQLite.
	path, log string                      // the file and its log, "" for PostgreSQL
	claimed   *os.File                    // holds the lock of Alone
	opened    os.FileInfo                 // which file was opened
	openedLog atomic.Pointer[os.FileInfo] // which log the writer has
	frozen    bool                        // read can only see the file as it was at the start

	mu       sync.Mutex
	trouble  *problem // nil: the last write went well
	versions map[string]uint64
	raised   uint64 // how often versions were
	watchers map[chan struct{}]bool
	exports  chan struct{} // holds an element for each export that reads
	pasts    pastKept

	clock clock
}

// Options are what Open needs.
type Options struct {
	URL   string           // sqlite:PATH, or postgres://…
	Now   func() time.Time // the clock for rows that carry the time of writing
	Alone bool             // refuse a SQLite file that another program with Alone has open
	Guest bool             // for a command beside the programs of the database: it is none of them, and settles nothing of theirs
	Slow  Slow             // is told of statements that take long
	Reads bool             // only read, also beside programs that write: nothing is created, migrated or changed
}

// Open opens the database, creates it if need be, brings its schema up to
// date, and refuses one that a newer program wrote. Its errors are
// *telemetry.Error with a sentence that says what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		now:      o.Now,
		slow:     o.Slow,
		guest:    o.Guest,
		program:  telemetry.NewID(),
		versions: map[string]uint64{},
		watchers: map[chan struct{}]bool{},
		exports:  make(chan struct{}, readers/2),
	}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:") && o.Reads:
		err = s.openSQLiteToRead(ctx, strings.TrimPrefix(o.URL, "sqlite:"))
	case strings.HasPrefix(o.URL, "sqlite:"):
		err = s.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:"), o.Alone)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = s.openPostgres(ctx, o.URL)
	default:
		err = telemetry.Errorf(telemetry.CodeInvalid, "DATABASE_URL must begin with sqlite: or postgres://, for example sqlite:data/dashboard.db")
	}
	switch {
	case err == nil && o.Reads:
		err = s.startToRead(ctx)
	case err == nil:
		err = s.start(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.serving.Store(true)
	return s, nil
}

// start migrates and reads what is kept in memory. What can only be read is served; recoverWrites completes the start.
func (s *Store) start(ctx context.Context) error {
	err := s.begin(ctx)
	if err == nil {
		return s.loadVersions(ctx)
	}
	if !unwritable(err) || !s.serves(ctx) {
		return err
	}
	_ = s.wrote(err)
	return s.loadVersions(ctx)
}

// begin is what a start writes.
func (s *Store) begin(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return s.explain(err)
	}
	err := s.Write(ctx, func(tx *Tx) error {
		if !s.guest {
			s.join(tx)
			s.settle(tx)
		}
		tx.Exec(`INSERT INTO leases (name, holder, fence, since, until) VALUES ('work', '', 0, 0, 0) ON CONFLICT (name) DO NOTHING`)
		tx.Exec(`INSERT INTO meta (key, value) VALUES ('database_id', $1) ON CONFLICT (key) DO NOTHING`, telemetry.NewID())
		for _, topic := range telemetry.Topics() {
			tx.Exec(`INSERT INTO versions (topic, n) VALUES ($1, 1) ON CONFLICT (topic) DO NOTHING`, topic)
		}
		if s.id == "" { // else serves read it, and it may be in use
			tx.Row(`SELECT value FROM meta WHERE key = 'database_id'`).Scan(&s.id)
		}
		return tx.err
	})
	if err != nil {
		return s.explain(err)
	}
	s.begun.Store(true)
	return nil
}

// serves reports whether what is stored can be read by this program as it is.
func (s *Store) serves(ctx context.Context) bool {
	_, newest, err := knownSchemas(s.dialect)
	if err != nil {
		return false
	}
	var have int64
	err = s.Read(ctx, func(tx *Tx) error {
		tx.Row(`SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&have)
		tx.Row(`SELECT value FROM meta WHERE key = 'database_id'`).Scan(&s.id)
		return tx.err
	})
	return err == nil && have == newest && s.id != ""
}

// Close closes the database; open transactions are rolled back.
func (s *Store) Close() error {
	s.extra.Wait()
	s.leave()
	var errs []error
	for _, db := range []*sql.DB{s.write, s.reader()} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.claimed != nil {
		errs = append(errs, s.claimed.Close()) // last: SQLite's locks end when any handle of the file is closed
	}
	return errors.Join(errs...)
}

// reader is the pool that reads; heal may put another in its place.
func (s *Store) reader() *sql.DB {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// Now is the present time.
func (s *Store) Now() time.Time { return s.now() }

// ID is the database's random id: another database has another.
func (s *Store) ID() string { return s.id }

// The longest that a transaction may take: a database that no longer answers holds nobody for ever.
const (
	writeLimit = 10 * time.Minute
	readLimit  = 2 * time.Minute
)

// Write runs do in a transaction that no other writer shares. do may run
// again from its beginning where the database asks for that, so it must
// build what it returns anew. Nothing is kept if it returns an error. What is
// the matter with the database is told (CodeUnavailable), by Read as well.
func (s *Store) Write(ctx context.Context, do func(*Tx) error) error {
	return s.transact(ctx, func(tx *Tx) error {
		tx.Exec(s.dialect.lockWriters())
		tx.checkFence()
		if tx.err == nil {
			return do(tx)
		}
		return tx.err
	})
}

// transact is Write beside other writers.
func (s *Store) transact(ctx context.Context, do func(*Tx) error) error {
	limited, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err := s.writeOnce(limited, s.write, do)
		if err == nil || attempt >= 3 || !s.dialect.retry(err) {
			return s.wrote(s.describe(overdue(ctx, err, writeLimit)))
		}
	}
}

// overdue says that a transaction ran into the limit of its own, and not of its caller.
func overdue(ctx context.Context, err error, limit time.Duration) error {
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	return telemetry.Errorf(telemetry.CodeUnavailable,
		"The database has not responded for %d minutes. Stored data is kept; the program continues by itself once it answers.",
		int(limit.Minutes())).Because(err)
}

// beginner is the pool that writes, or one connection of it.
type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

func (s *Store) writeOnce(ctx context.Context, in beginner, do func(*Tx) error) (err error) {
	begun, err := in.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", ended(ctx, err))
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			_ = begun.Rollback()
			panic(recovered)
		}
	}()
	tx := &Tx{ctx: ctx, tx: begun, dialect: s.dialect, spelling: s.spelling, slow: s.slow, now: s.now(), touched: map[string]bool{}}
	err = errors.Join(do(tx), tx.err)
	raised := map[string]uint64{}
	if err == nil {
		err = tx.raise(raised)
	}
	if err != nil {
		_ = begun.Rollback()
		return err
	}
	for _, gone := range []*telemetry.Error{s.lost(), s.logLost()} {
		if gone != nil {
			_ = begun.Rollback()
			return gone
		}
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("commit: %w", ended(ctx, err))
	}
	s.raise(raised)
	s.tidyLog()
	return nil
}

// raise raises the versions of the topics that were touched.
func (tx *Tx) raise(raised map[string]uint64) error {
	for topic := range tx.touched {
		raised[topic] = One[uint64](tx, `UPDATE versions SET n = n + 1 WHERE topic = $1 RETURNING n`, topic)
	}
	return tx.err
}

func (s *Store) raise(raised map[string]uint64) {
	if len(raised) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, topic := range [...]string{telemetry.TopicDecisions, telemetry.TopicRecords} {
		if raised[topic] > s.versions[topic] {
			s.clock.forget()
		}
	}
	versions := maps.Clone(s.versions) // who asked for them before goes on reading those
	for topic, n := range raised {
		versions[topic] = max(n, versions[topic])
	}
	s.versions, s.raised = versions, s.raised+1
	for ch := range s.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Read runs do in a read-only transaction: all its queries see one state.
func (s *Store) Read(ctx context.Context, do func(*Tx) error) error {
	s.catchUp(ctx)
	return s.readOnce(ctx, do)
}

func (s *Store) readOnce(ctx context.Context, do func(*Tx) error) error {
	return s.readWithin(ctx, readLimit, do)
}

func (s *Store) readWithin(ctx context.Context, limit time.Duration, do func(*Tx) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begun, err := s.reader().BeginTx(limited, s.dialect.readOptions())
	if err != nil {
		return s.describe(overdue(ctx, fmt.Errorf("begin to read: %w", ended(limited, err)), limit))
	}
	defer func() { _ = begun.Rollback() }()
	tx := &Tx{ctx: limited, tx: begun, dialect: s.dialect, spelling: s.spelling, slow: s.slow, now: s.now()}
	return s.describe(overdue(ctx, errors.Join(do(tx), tx.err), limit))
}

// Get is Read for what gives a value.
func Get[T any](ctx context.Context, s *Store, do func(*Tx) T) (v T, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		v = do(tx)
		return tx.err
	})
	return v, err
}

// ReadForExport is ReadAt, for half of the readers at the most: downloads never
// keep pages from being read, however many there are. Its error is ctx's
// while it waits.
func (s *Store) ReadForExport(ctx context.Context, at time.Time, then []Relation, do func(*Tx) error) error {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.ReadAt(ctx, at, then, do)
}
