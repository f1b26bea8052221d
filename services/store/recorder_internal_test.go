package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
)

// asked is a query as a store sent it.
type asked struct {
	query string
	args  []any
}

// recorder stands before a database's driver, and notes what is asked.
type recorder struct {
	driver  driver.Driver
	address string
	mu      sync.Mutex
	queries []asked
}

// record lets a store read through a recorder from now on.
func record(tb testing.TB, s *Store, address string) *recorder {
	tb.Helper()
	r := &recorder{driver: s.read.Driver(), address: address}
	before, db := s.read, sql.OpenDB(r)
	s.read = db
	tb.Cleanup(func() {
		s.read = before
		_ = db.Close()
	})
	return r
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	conn, err := r.driver.Open(r.address)
	return &recordedConn{conn, r}, err
}

func (r *recorder) Driver() driver.Driver { return r.driver }

// take returns what was asked since it was last called.
func (r *recorder) take() []asked {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.queries
	r.queries = nil
	return list
}

func (r *recorder) note(query string, args []driver.NamedValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := asked{query: query}
	for _, v := range args {
		a.args = append(a.args, v.Value)
	}
	r.queries = append(r.queries, a)
}

type recordedConn struct {
	driver.Conn
	to *recorder
}

func (c *recordedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *recordedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.to.note(query, args)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *recordedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *recordedConn) CheckNamedValue(v *driver.NamedValue) error {
	if check, ok := c.Conn.(driver.NamedValueChecker); ok {
		return check.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
