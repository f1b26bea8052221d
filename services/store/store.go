// Package store keeps records and everything derived from them in SQL:
// SQLite in a file, or PostgreSQL. It owns the schema, the transactions and
// the read models; it must not reach any upstream nor render anything.
//
// Every write takes one row lock first, so that writers follow each other on
// both databases, and raises the versions of just those topics whose rows
// changed. Every read happens in one transaction.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write, read *sql.DB
	claimed     *sql.DB // of the lock of Alone
	holds       *sql.Conn
	dialect     dialect
	id          string
	program     string      // this program's id among those that share the database
	tookOver    atomic.Bool // see TakeOver
	now         func() time.Time
	path, log   string         // SQLite's file and its log, "" for PostgreSQL
	tidying     atomic.Bool    // tidyLog is at work
	beside      sync.WaitGroup // of it

	mu       sync.Mutex
	versions map[string]uint64
	watchers map[chan struct{}]bool
}

// Options are what Open needs.
type Options struct {
	URL   string           // sqlite:PATH, or postgres://…
	Now   func() time.Time // the clock for rows that carry the time of writing
	Alone bool             // refuse a SQLite file that another program with Alone has open
}

// Open opens the database, creates it if need be, brings its schema up to
// date, and refuses one that a newer program wrote. Its errors are
// *telemetry.Error with a sentence that says what to do.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{now: o.Now, program: randomID(), versions: map[string]uint64{}, watchers: map[chan struct{}]bool{}}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		err = s.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:"))
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = s.openPostgres(ctx, o.URL)
	default:
		err = telemetry.Errorf(telemetry.CodeInvalid, "DATABASE_URL must begin with sqlite: or postgres://, for example sqlite:data/dashboard.db")
	}
	if err == nil && o.Alone {
		err = s.claim(ctx, strings.TrimPrefix(o.URL, "sqlite:"))
	}
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// start migrates and reads what is kept in memory.
func (s *Store) start(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return s.explain(err)
	}
	err := s.Write(ctx, func(tx *Tx) error {
		s.beat(tx)
		tx.exec(`INSERT INTO meta (key, value) VALUES ('database_id', $1) ON CONFLICT (key) DO NOTHING`, randomID())
		for _, topic := range telemetry.Topics() {
			tx.exec(`INSERT INTO versions (topic, n) VALUES ($1, 1) ON CONFLICT (topic) DO NOTHING`, topic)
		}
		noteRules(tx)
		tx.row(`SELECT value FROM meta WHERE key = 'database_id'`).scan(&s.id)
		return tx.err
	})
	if err != nil {
		return s.explain(err)
	}
	return s.loadVersions(ctx)
}

// Close closes the database; open transactions are rolled back.
func (s *Store) Close() error {
	s.beside.Wait()
	s.leave()
	var errs []error
	if s.holds != nil {
		errs = append(errs, s.holds.Close())
	}
	for _, db := range []*sql.DB{s.write, s.read, s.claimed} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// ID is the database's random id: another database has another.
func (s *Store) ID() string { return s.id }

// Versions returns the version of each topic. The map is the caller's.
func (s *Store) Versions() map[string]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.versions)
}

// Watch returns a channel that gets a value after versions were raised, and
// a function that ends it. Several changes may come as one value.
func (s *Store) Watch() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	s.watchers[ch] = true
	s.mu.Unlock()
	return ch, func() {
		s.mu.Lock()
		delete(s.watchers, ch)
		s.mu.Unlock()
	}
}

// followEvery is how often Follow looks: a page learns of another program's
// change about as soon as of its own.
const followEvery = time.Second

// Follow raises the versions that other programs on the same PostgreSQL
// raised, until ctx ends. A look that fails is made up for by the next.
func (s *Store) Follow(ctx context.Context) error {
	if s.dialect.name() != "postgres" {
		return nil
	}
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		found, err := s.storedVersions(ctx)
		if err != nil {
			continue
		}
		for topic, n := range s.Versions() {
			if found[topic] <= n {
				delete(found, topic)
			}
		}
		s.raise(found)
	}
}

func (s *Store) storedVersions(ctx context.Context) (found map[string]uint64, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		found = map[string]uint64{}
		tx.each(`SELECT topic, n FROM versions`, nil, func(r *row) {
			var topic string
			var n uint64
			r.scan(&topic, &n)
			found[topic] = n
		})
		return tx.err
	})
	return found, err
}

func (s *Store) loadVersions(ctx context.Context) error {
	found, err := s.storedVersions(ctx)
	s.mu.Lock()
	s.versions = found
	s.mu.Unlock()
	return err
}

// Write runs do in a transaction that no other writer shares. do may run
// again from its beginning where the database asks for that, so it must
// build what it returns anew. Nothing is kept if it returns an error. What is
// the matter with the database is told (CodeUnavailable), by Read as well.
func (s *Store) Write(ctx context.Context, do func(*Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := s.writeOnce(ctx, do)
		if err == nil || attempt >= 3 || !s.dialect.retry(err) {
			return s.tell(err)
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, do func(*Tx) error) (err error) {
	begun, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			_ = begun.Rollback()
			panic(recovered)
		}
	}()
	tx := &Tx{ctx: ctx, tx: begun, dialect: s.dialect, now: s.now(), touched: map[string]bool{}}
	tx.exec(`INSERT INTO meta (key, value) VALUES ('writer', '') ON CONFLICT (key) DO UPDATE SET value = meta.value`)
	err = tx.err
	if err == nil {
		err = errors.Join(do(tx), tx.err)
	}
	raised := map[string]uint64{}
	for topic := range tx.touched {
		if err != nil {
			break
		}
		var n uint64
		tx.row(`UPDATE versions SET n = n + 1 WHERE topic = $1 RETURNING n`, topic).scan(&n)
		raised[topic], err = n, tx.err
	}
	if err != nil {
		_ = begun.Rollback()
		return err
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.raise(raised)
	s.tidyLog()
	return nil
}

func (s *Store) raise(raised map[string]uint64) {
	if len(raised) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for topic, n := range raised {
		s.versions[topic] = max(n, s.versions[topic])
	}
	for ch := range s.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Read runs do in a read-only transaction: all its queries see one state.
func (s *Store) Read(ctx context.Context, do func(*Tx) error) error {
	begun, err := s.read.BeginTx(ctx, s.dialect.readOptions())
	if err != nil {
		return s.tell(fmt.Errorf("begin to read: %w", err))
	}
	defer func() { _ = begun.Rollback() }()
	tx := &Tx{ctx: ctx, tx: begun, dialect: s.dialect, now: s.now()}
	return s.tell(errors.Join(do(tx), tx.err))
}

func randomID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// ms is a time as it is stored: unix milliseconds, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is the time that ms stored.
func at(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
